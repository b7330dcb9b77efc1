using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Stages.Data.Matching;
using Xunit;

namespace Pipelines.Stages.Tests.Data.Matching;

public sealed class YesNoMatchTests
{
    [Theory]
    [InlineData("Yes", "yes")]
    [InlineData("yes.", "yes")]
    [InlineData(" NO \n", "no")]
    [InlineData("No, there is no dog in the picture.", "no")]
    [InlineData("Yes, there is no doubt about it.", "yes")]
    [InlineData("Yes. The sign says no.", "yes")]
    [InlineData("No\nThe sign says yes", "no")]
    [InlineData("**Yes**, there is no other.", "yes")]
    [InlineData("The answer is no.", "no")]
    [InlineData("Answer: 'yes'", "yes")]
    [InlineData("_Yes_", "yes")]
    [InlineData("\uff39\uff45\uff53", "yes")] // full width
    [InlineData("There is no dog", "no")]
    [InlineData("yes yes", "yes")]
    [InlineData("Notice the dog", "unknown")]
    [InlineData("I know it", "unknown")]
    [InlineData("None", "unknown")]
    [InlineData("A no-parking sign", "unknown")]
    [InlineData("yesterday", "unknown")]
    [InlineData("Yes and no", "unknown")]
    [InlineData("yes/no", "unknown")]
    [InlineData("Yes or no?", "unknown")]
    [InlineData("Yes, no", "unknown")]
    [InlineData("No. Yes.", "unknown")]
    [InlineData("Yes, and no.", "unknown")]
    [InlineData("No dog, but yes, a cat", "unknown")]
    [InlineData("It could be yes, it could be no", "unknown")]
    [InlineData("There is not a dog", "unknown")]
    [InlineData("I'm not sure", "unknown")]
    [InlineData("There isn't one", "unknown")]
    [InlineData("", "unknown")]
    [InlineData("nope", "unknown")]
    public void An_answer_says_yes_or_no_in_whole_words_or_is_unknown(string answer, string said) =>
        YesNoMatcher.Understood(answer).Should().Be(said);

    [Theory]
    [InlineData("yes ")]
    [InlineData("Yes")]
    [InlineData("YES.")]
    public void Labels_come_in_any_case_with_blanks_and_a_point(string label)
    {
        var item = Asking.Of(label);
        Asking.Match(AnswerMatch.YesNo, "Yes, a dog", item).Should().Be(new MatchedAnswer(true, 1, "yes", "yes", null));
        Asking
            .Match(AnswerMatch.YesNo, "No", item)
            .Should()
            .Be(new MatchedAnswer(false, 0, "no", "yes", "the answer says no, not yes"));
    }

    [Fact]
    public void Unknown_is_wrong_and_stays_unknown()
    {
        Asking
            .Match(AnswerMatch.YesNo, "a dog", Asking.Of("no"))
            .Should()
            .Be(new MatchedAnswer(false, 0, "unknown", "no", "the answer 'a dog' says neither yes nor no clearly"));
        Asking.Match(AnswerMatch.YesNo, "", Asking.Of("no")).Reason.Should().Be("the answer is empty");
    }

    [Theory]
    [InlineData("the expected answer 'maybe' is neither yes nor no", "maybe")]
    [InlineData("the expected answer '0' is neither yes nor no", "0")]
    [InlineData("both yes and no are accepted", "yes", "no")]
    public void Another_label_is_named_and_never_taken_as_one_of_them(string problem, params string[] labels)
    {
        MatchedAnswer matched = Asking.Match(AnswerMatch.YesNo, "No", Asking.Of(labels));
        matched.Should().Be(new MatchedAnswer(null, null, "no", null, problem));
    }
}
