using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Stages.Data;
using Pipelines.Stages.Data.Matching;
using Xunit;

namespace Pipelines.Stages.Tests.Data.Matching;

public sealed class LetterMatchTests
{
    private static readonly string[] Places = ["on the left", "on the right", "A dog", "None"];

    [Theory]
    // the letter alone
    [InlineData("B", "B")]
    [InlineData("b", "B")]
    [InlineData(" (b) \n", "B")]
    [InlineData("B.", "B")]
    [InlineData("**B**", "B")]
    [InlineData("a", "A")]
    // the text of one option
    [InlineData("On the right.", "B")]
    [InlineData("a dog", "C")]
    [InlineData("none", "D")]
    // stated
    [InlineData("The answer is B", "B")]
    [InlineData("Answer: B", "B")]
    [InlineData("**Answer:** B", "B")]
    [InlineData("The correct answer is option (B).", "B")]
    [InlineData("The correct option is B because A is too far", "B")]
    [InlineData("(A) is near and (C) is far. The answer is D.", "D")]
    [InlineData("A is wrong. The answer is: B", "B")]
    [InlineData("The final answer is $\\boxed{C}$", "C")]
    [InlineData("The answer is A.", "A")]
    [InlineData("The answer is A because it is near", "A")]
    [InlineData("The answer is B and A is wrong", "unknown")]
    [InlineData("The answer is B, A is wrong", "B")]
    // at the start
    [InlineData("B. on the right", "B")]
    [InlineData("B) on the right, unlike A", "B")]
    [InlineData("(B) on the right", "B")]
    [InlineData("B: on the right", "B")]
    [InlineData("B.right", "B")]
    [InlineData("B, as the man in (A) is smaller", "B")]
    [InlineData("Option B, since A is far", "B")]
    [InlineData("B\nThe dog stands there. Not A.", "B")]
    [InlineData("A. I think so", "A")]
    // marked, or a word of its own
    [InlineData("I choose (C)", "C")]
    [InlineData("It must be option A", "A")]
    [InlineData("Option A seems right", "A")]
    [InlineData("I would say B", "B")]
    [InlineData("I think it is A.", "A")]
    [InlineData("It is not A but B", "B")]
    [InlineData("B is right", "B")]
    [InlineData("A is right", "A")]
    // nothing
    [InlineData("Answer", "unknown")]
    [InlineData("A cat", "unknown")]
    [InlineData("A big dog is there", "unknown")]
    [InlineData("The answer is A cat", "unknown")]
    [InlineData("I think it is there", "unknown")]
    [InlineData("I", "unknown")]
    [InlineData("A or B", "unknown")]
    [InlineData("Both A and B", "unknown")]
    [InlineData("A, B", "unknown")]
    [InlineData("A, B, or C", "unknown")]
    [InlineData("A/B", "unknown")]
    [InlineData("A. on the left B. on the right", "unknown")]
    [InlineData("(A) on the left\n(B) on the right", "unknown")]
    [InlineData("The answer is A or B", "unknown")]
    [InlineData("Answer: B and C", "unknown")]
    [InlineData("It is not B", "unknown")]
    [InlineData("The answer is E", "unknown")]
    [InlineData("E", "unknown")]
    [InlineData("it is b", "unknown")]
    [InlineData("a B-52 and a D+", "unknown")]
    [InlineData("At 9 A.M.", "unknown")]
    [InlineData("C++", "unknown")]
    [InlineData("the left", "unknown")]
    [InlineData("2", "unknown")]
    [InlineData("", "unknown")]
    public void A_letter_is_stated_or_stands_alone_or_is_unknown(string answer, string said)
    {
        MatchedAnswer matched = Asking.Match(AnswerMatch.Letter, answer, Asking.Choosing("B", Places));
        matched.Said.Should().Be(said);
        matched.Right.Should().Be(said == "B");
    }

    [Fact]
    public void A_pronoun_is_no_letter_even_of_nine_options()
    {
        var item = Asking.Choosing("I", "1", "2", "3", "4", "5", "6", "7", "8", "9");
        Asking.Match(AnswerMatch.Letter, "I", item).Said.Should().Be("I");
        Asking.Match(AnswerMatch.Letter, "The answer is I.", item).Said.Should().Be("I");
        Asking.Match(AnswerMatch.Letter, "I think it is C", item).Said.Should().Be("C");
        Asking.Match(AnswerMatch.Letter, "I'm sure", item).Said.Should().Be("unknown");
    }

    [Theory]
    [InlineData("Is there a dog?\nA. yes\nB. no")]
    [InlineData("Is there a dog? (A) Yes (B) No.")]
    [InlineData("A. Smith asks whether there is a dog. A) yes, B) no")]
    [InlineData("Is there a dog?\nA: yes\nB: no\nAnswer with A or B.")]
    public void Options_may_stand_in_the_text_of_the_question(string text)
    {
        DataItem item = Asking.With(
            new Question
            {
                Text = text,
                File = "q.jsonl",
                Row = 1,
            },
            "B"
        );
        Asking.Match(AnswerMatch.Letter, "B", item).Right.Should().BeTrue();
        Asking.Match(AnswerMatch.Letter, "No", item).Said.Should().Be("B");
        Asking.Match(AnswerMatch.Letter, "yes.", item).Said.Should().Be("A");
        Asking.Match(AnswerMatch.Letter, "C", item).Said.Should().Be("unknown");
    }

    [Fact]
    public void Where_nothing_lists_the_options_every_letter_may_be_meant()
    {
        DataItem item = Asking.With(
            new Question
            {
                Text = "Which of A to D?",
                File = "q.jsonl",
                Row = 1,
            },
            "D"
        );
        Asking.Match(AnswerMatch.Letter, "(D)", item).Right.Should().BeTrue();
        Asking.Match(AnswerMatch.Letter, "The answer is Q.", item).Said.Should().Be("Q");
    }

    [Fact]
    public void A_label_may_be_the_text_of_an_option_and_is_named_where_it_is_neither()
    {
        Asking.Match(AnswerMatch.Letter, "B", Asking.Choosing("On the right.", Places)).Right.Should().BeTrue();
        Asking.Match(AnswerMatch.Letter, "B", Asking.Choosing("(b)", Places)).Right.Should().BeTrue();
        MatchedAnswer numbered = Asking.Match(AnswerMatch.Letter, "B", Asking.Choosing("1", Places));
        numbered.Right.Should().BeNull();
        numbered.Reason.Should().Be("the expected answer '1' is neither the letter nor the text of one of 4 options");
        Asking.Match(AnswerMatch.Letter, "B", Asking.Choosing("E", Places)).Right.Should().BeNull();
    }

    [Fact]
    public void Options_of_one_text_name_no_letter() =>
        Asking.Match(AnswerMatch.Letter, "red", Asking.Choosing("A", "red", "Red.")).Said.Should().Be("unknown");

    [Fact]
    public void A_wrong_letter_says_which_and_an_unknown_one_what_was_said()
    {
        Asking
            .Match(AnswerMatch.Letter, "A", Asking.Choosing("B", Places))
            .Should()
            .Be(new MatchedAnswer(false, 0, "A", "B", "the answer names A, not B"));
        Asking
            .Match(AnswerMatch.Letter, "There", Asking.Choosing("B", Places))
            .Reason.Should()
            .Be("the answer 'There' names no letter of an option clearly");
    }
}
