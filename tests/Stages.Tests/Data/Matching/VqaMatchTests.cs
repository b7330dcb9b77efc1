using System.Runtime.CompilerServices;
using System.Text.Json;
using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Stages.Data.Matching;
using Xunit;

namespace Pipelines.Stages.Tests.Data.Matching;

public sealed class VqaMatchTests
{
    [Theory]
    [InlineData(0, 0.0)]
    [InlineData(1, 0.3)]
    [InlineData(2, 0.6)]
    [InlineData(3, 0.9)]
    [InlineData(4, 1.0)]
    [InlineData(10, 1.0)]
    public void Of_ten_annotators_two_make_an_answer_right_and_four_make_it_whole(int agree, double score)
    {
        string[] given = [.. Enumerable.Range(0, 10).Select(i => i < agree ? "cat" : "dog")];
        foreach (AnswerMatch rule in new[] { AnswerMatch.VqaOfficial, AnswerMatch.VqaNormalised })
        {
            MatchedAnswer matched = Asking.Match(rule, "cat", Asking.Annotated(given));
            matched.Score.Should().BeApproximately(score, 1e-12);
            matched.Right.Should().Be(agree >= 2);
        }
    }

    [Fact]
    public void Nothing_is_normalised_where_all_ten_agree_not_even_case()
    {
        var black = Asking.Annotated([.. Enumerable.Repeat("black", 10)]);
        Asking.Match(AnswerMatch.VqaOfficial, "Black", black).Score.Should().Be(0);
        Asking.Match(AnswerMatch.VqaOfficial, " black\n", black).Score.Should().Be(1);
        Asking.Match(AnswerMatch.VqaNormalised, "Black.", black).Score.Should().Be(1);
    }

    [Theory]
    [InlineData("A", "")]
    [InlineData("The Red  Bus.", "red bus")]
    [InlineData("none", "0")]
    [InlineData("Ten men", "10 men")]
    [InlineData("half", "half")]
    [InlineData("hot-dog", "hot dog")]
    [InlineData("hot -dog", "hot dog")]
    [InlineData("yes, no", "yes no")]
    [InlineData("yes,no", "yes no")]
    [InlineData("1,000 t-shirts", "1000 tshirts")]
    [InlineData("1.5", "1.5")]
    [InlineData("u.s.a.", "usa")]
    [InlineData("dont", "don't")]
    [InlineData("somebody'd", "somebodyd")]
    [InlineData("Im here", "im here")]
    [InlineData("$5: 'ok' 5%", "$5: 'ok' 5%")]
    public void The_normal_form_is_the_evaluators(string text, string form) => VqaNormalForm.Of(text).Should().Be(form);

    [Fact]
    public void An_article_alone_becomes_empty_and_scores_as_such()
    {
        string[] given = ["a", "a", "a", "a", "b", "b", "b", "b", "b", "b"];
        Asking.Match(AnswerMatch.VqaOfficial, "", Asking.Annotated(given)).Score.Should().Be(1);
    }

    /// <summary>
    /// Scores of the evaluator as published (GT-Vision-Lab/VQA at a013f00, run by Python), and of the same steps taken
    /// always.
    /// </summary>
    [Fact]
    public void Scores_are_those_of_the_published_evaluator()
    {
        int cases = 0;
        foreach (string line in File.ReadLines(Beside("vqa-accuracy.jsonl")))
        {
            JsonElement known = JsonDocument.Parse(line).RootElement;
            string[] given =
            [
                .. known
                    .GetProperty("given")
                    .EnumerateArray()
                    .SelectMany(g => Enumerable.Repeat(g[0].GetString()!, g[1].GetInt32())),
            ];
            string answer = known.GetProperty("answer").GetString()!;
            Scored(AnswerMatch.VqaOfficial).Should().BeApproximately(Known("official"), 1e-6, line);
            Scored(AnswerMatch.VqaNormalised).Should().BeApproximately(Known("normalised"), 1e-6, line);
            cases++;

            double Known(string name) => known.GetProperty(name).GetDouble();
            double Scored(AnswerMatch rule) => Asking.Match(rule, answer, Asking.Annotated(given)).Score!.Value;
        }

        cases.Should().Be(270);
    }

    [Fact]
    public void One_annotation_and_accepted_answers_are_matched_by_their_forms()
    {
        foreach (AnswerMatch rule in new[] { AnswerMatch.VqaOfficial, AnswerMatch.VqaNormalised })
        {
            Asking.Match(rule, "The cat.", Asking.Annotated("Cat")).Score.Should().Be(1);
            Asking.Match(rule, "dog", Asking.Annotated("Cat")).Score.Should().Be(0);
            Asking.Match(rule, "two", Asking.Of("3", "2")).Score.Should().Be(1);
        }
    }

    [Theory]
    [InlineData(1.0, "cat", "cat")]
    [InlineData(0.5, "cat", "dog")]
    [InlineData(1.0, "cat", "cat", "cat")]
    [InlineData(2 / 3.0, "cat", "cat", "dog")]
    [InlineData(0.25, "cat", "dog", "dog", "dog")]
    [InlineData(1.0, "cat", "cat", "cat", "cat")]
    public void Fewer_annotators_than_four_can_still_agree(double score, params string[] given)
    {
        MatchedAnswer matched = Asking.Match(AnswerMatch.VqaNormalised, "cat", Asking.Annotated(given));
        matched.Score.Should().BeApproximately(score, 1e-12);
        matched.Right.Should().Be(score > 0.5);
    }

    [Fact]
    public void A_wrong_answer_stands_against_the_most_frequent_one()
    {
        string[] given = ["dog", "Cat", "cat", "cats", .. Enumerable.Repeat("a cat", 6)];
        Asking
            .Match(AnswerMatch.VqaOfficial, "Dog.", Asking.Annotated(given))
            .Should()
            .BeEquivalentTo(
                new
                {
                    Right = false,
                    Said = "dog",
                    Expected = "cat",
                    Reason = "1 of 10 annotators gave the answer 'Dog.'",
                }
            );
    }

    private static string Beside(string name, [CallerFilePath] string path = "") =>
        Path.Combine(Path.GetDirectoryName(path)!, name);
}
