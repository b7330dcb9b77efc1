using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Stages.Data;
using Pipelines.Stages.Data.Matching;
using Xunit;

namespace Pipelines.Stages.Tests.Data.Matching;

public sealed class TextMatchTests
{
    [Theory]
    [InlineData("Hot-dog.", "hot dog", true)]
    [InlineData("hotdogs", "hot dog", true)]
    [InlineData("a dog", "dog", false)]
    [InlineData("", "dog", false)]
    public void Category_takes_case_punctuation_and_plurals_for_nothing(string answer, string expected, bool right) =>
        Asking.Match(AnswerMatch.Category, answer, Asking.Of(expected)).Right.Should().Be(right);

    [Theory]
    [InlineData("Dog", "dog", true)]
    [InlineData(" \n dog.\n", "dog", true)]
    [InlineData("dog .", "dog", true)]
    [InlineData("dog", " Dog. ", true)]
    [InlineData("dog..", "dog", false)]
    [InlineData("dog!", "dog", false)]
    [InlineData("hot-dog", "hot dog", false)]
    [InlineData("dogs", "dog", false)]
    [InlineData("cafe\u0301", "CAF\u00c9", true)]
    [InlineData("\uff11\uff12", "12", true)]
    [InlineData("-", "+", false)]
    [InlineData("+", "+", true)]
    [InlineData(".", ".", true)]
    [InlineData("\ud800", "dog", false)]
    [InlineData("", "dog", false)]
    public void Exact_takes_ends_case_and_one_final_point_for_nothing(string answer, string expected, bool right) =>
        Asking.Match(AnswerMatch.Exact, answer, Asking.Of(expected)).Right.Should().Be(right);

    [Theory]
    [InlineData("hundred", "red", false)]
    [InlineData("It is red.", "red", true)]
    [InlineData("RED", "red", true)]
    [InlineData("A hot dog on a plate", "hot dog", true)]
    [InlineData("A hot-dog.", "hot dog", true)]
    [InlineData("A hot brown dog", "hot dog", false)]
    [InlineData("dog hot", "hot dog", false)]
    [InlineData("hot", "hot dog", false)]
    [InlineData("hot hot dog", "hot dog", true)]
    [InlineData("There are 1.5 of them", "5", false)]
    [InlineData("There are 1,000", "1", false)]
    [InlineData("There are 5.", "5", true)]
    [InlineData("1, 2", "2", true)]
    [InlineData("\n\nred\n", "red", true)]
    [InlineData("", "red", false)]
    public void Contains_wants_whole_words_in_a_run(string answer, string expected, bool right) =>
        Asking.Match(AnswerMatch.Contains, answer, Asking.Of(expected)).Right.Should().Be(right);

    [Theory]
    [InlineData("red", "red", true)]
    [InlineData("\n Red, I think", "red", true)]
    [InlineData("reddish", "red", false)]
    [InlineData("It is red", "red", false)]
    [InlineData("Hot dog on a plate", "hot dog", true)]
    [InlineData("hot", "hot dog", false)]
    [InlineData("", "red", false)]
    public void First_word_wants_the_words_at_the_start(string answer, string expected, bool right) =>
        Asking.Match(AnswerMatch.FirstWord, answer, Asking.Of(expected)).Right.Should().Be(right);

    [Theory]
    [InlineData(AnswerMatch.Category)]
    [InlineData(AnswerMatch.Exact)]
    [InlineData(AnswerMatch.Contains)]
    [InlineData(AnswerMatch.FirstWord)]
    [InlineData(AnswerMatch.VqaOfficial)]
    [InlineData(AnswerMatch.VqaNormalised)]
    public void Any_accepted_answer_counts_and_is_the_one_that_is_told(AnswerMatch rule)
    {
        var item = Asking.Of("sofa", "Couch");
        Asking.Match(rule, "couch", item).Should().Be(new MatchedAnswer(true, 1, "couch", "couch", null));
        var wrong = Asking.Match(rule, "Chair.", item);
        wrong
            .Should()
            .BeEquivalentTo(
                new
                {
                    Right = false,
                    Score = 0.0,
                    Said = "chair",
                    Expected = "sofa",
                }
            );
        wrong.Reason.Should().Be("the answer is 'Chair.', not 'sofa', nor one of 1 more that are accepted");
        Asking.Match(rule, " ", item).Reason.Should().Be("the answer is empty");
    }

    [Theory]
    [InlineData(AnswerMatch.Category)]
    [InlineData(AnswerMatch.Exact)]
    [InlineData(AnswerMatch.Contains)]
    [InlineData(AnswerMatch.FirstWord)]
    public void Words_are_taken_for_one_another_where_the_synonyms_say_so_only(AnswerMatch rule)
    {
        var item = Asking.Of("gray");
        AnswerMatcher.Of(rule, Asking.NoSynonyms).Match("grey", item).Right.Should().BeFalse();
        AnswerMatcher
            .Of(rule, Asking.Grey)
            .Match("Grey", item)
            .Should()
            .Be(new MatchedAnswer(true, 1, "gray", "gray", null));
    }

    [Theory]
    [InlineData(AnswerMatch.VqaOfficial)]
    [InlineData(AnswerMatch.VqaNormalised)]
    public void Vqa_accuracy_knows_no_synonyms(AnswerMatch rule) =>
        AnswerMatcher.Of(rule, Asking.Grey).Match("grey", Asking.Of("gray")).Right.Should().BeFalse();

    [Fact]
    public void A_label_without_a_word_is_named_where_words_are_compared() =>
        Asking
            .Match(AnswerMatch.Contains, "+", Asking.Of("+"))
            .Should()
            .Be(
                new MatchedAnswer(
                    null,
                    null,
                    "+",
                    null,
                    "the expected answer '+' holds no word; match: exact compares such"
                )
            );

    public static TheoryData<AnswerMatch> Rules => new(Enum.GetValues<AnswerMatch>());

    [Theory]
    [MemberData(nameof(Rules))]
    public void Where_nothing_is_expected_nothing_is_judged(AnswerMatch rule)
    {
        foreach (DataItem item in new[] { Asking.Of(), Asking.Of(" "), new DataItem("a", "a.jpg", "/a.jpg") })
        {
            Asking.Match(rule, "A dog.", item).Should().Be(new MatchedAnswer(null, null, "a dog", null, null));
            Asking.Match(rule, "\n", item).Should().Be(new MatchedAnswer(null, null, "", null, "the answer is empty"));
        }

        AnswerMatcher.Of(rule, Asking.NoSynonyms).Rule.Should().Be(rule);
    }

    [Fact]
    public void None_judges_nothing_whatever_is_expected() =>
        Asking.Match(AnswerMatch.None, "cat", Asking.Of("dog")).Right.Should().BeNull();

    [Fact]
    public void A_picture_without_a_question_is_held_against_its_category()
    {
        var item = new DataItem("a", "a.jpg", "/a.jpg", Category: "dog");
        Asking.Match(AnswerMatch.Contains, "A dog.", item).Right.Should().BeTrue();
        Asking.Match(AnswerMatch.Category, "Cat", item).Reason.Should().Be("the answer is 'Cat', not 'dog'");
    }
}
