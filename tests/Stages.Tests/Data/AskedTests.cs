using FluentAssertions;
using Pipelines.Spec;
using Pipelines.Stages.Data;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Stages.Tests.Data;

/// <summary>What is said of the pictures asked about.</summary>
public sealed class AskedTests
{
    [Fact]
    public void Without_labels_nothing_is_called_right()
    {
        AnswerCounts
            .Over([Answered("a", null, "dog"), Answered("b", null, "cat")])
            .Words.Should()
            .Be("2 answered, none judged: no labels");
        AnswerCounts
            .Over([
                Answered("a", null, "dog"),
                Answered("b", null, "") with
                {
                    Usable = false,
                    Reason = "the answer is empty",
                },
            ])
            .Words.Should()
            .Be("1 of 2 answered with a word, none judged: no labels");
        Answered("a", null, "dog").ToRow("What?").Verdict.Should().Be("not judged");
    }

    [Fact]
    public void With_labels_right_answers_and_those_left_out_are_counted()
    {
        Asked right = Answered("a", "dog", "dog"),
            wrong = Answered("b", "cat", "dog") with { Verdict = Verdict.Wrong, Usable = false, Reason = "no" };
        Asked unmeasured = right with { Measurable = false, Reason = "no token" },
            rejected = right with { Reason = "enough (per_object.most)" };
        var unfit = new Asked(
            new Sample(new DataItem("c", "c", "/c", "dog"), "", -1, ""),
            Verdict.NotAsked,
            "damaged",
            Usable: false
        );

        AnswerCounts.Over([right, wrong]).Words.Should().Be("1 of 2 answers right");
        AnswerCounts
            .Over([right, wrong, unmeasured, unfit])
            .Words.Should()
            .Be(
                "2 of 3 answers right; 1 of them left out because no token can be measured (tables/samples.csv says "
                    + "why); 1 picture could not be asked about (tables/samples.csv says why)"
            );
        AnswerCounts.Over([right, rejected]).Words.Should().Be("2 of 2 answers right, 1 of them kept (per_object)");
        unfit
            .ToRow("What?")
            .Should()
            .Be(
                new SampleRow(
                    "c",
                    "c",
                    "dog",
                    "What?",
                    "",
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    SampleRow.Rejected,
                    "damaged"
                )
            );
    }

    [Fact]
    public void Targets_that_are_pieces_shared_or_behind_given_tokens_are_told()
    {
        TargetNotes
            .Of([
                Answered("a", "dog", "dog", token: 5),
                Answered("b", "cat", "cat", token: 6),
                Answered("c", "dog", "dogs", token: 5),
            ])
            .Should()
            .BeEmpty();

        Asked bear = Answered("a", "bear", "bear", token: 7, target: " be"),
            bench = Answered("b", "bench", "bench", token: 7, target: " be");
        bear = bear with { Sample = bear.Sample with { IsPiece = true } };
        bench = bench with { Sample = bench.Sample with { IsPiece = true, Given = [13, 13], GivenText = "\n\n" } };
        TargetNotes
            .Of([
                bear,
                bench,
                Answered("c", "dog", "dog", token: 5),
                Answered("d", "bee", "no", token: 7) with
                {
                    Reason = "wrong",
                },
            ])
            .Should()
            .Equal(
                "1 of 3 stand behind the answer's first token: what comes before is given, "
                    + @"for example '\n\n' before ' be'",
                "2 of 3 are only a piece of the word, which goes on in the next token, for example 'be' of 'bear'",
                "2 categories share a target token with another: 'be' is that of bear, bench"
            );
        TargetNotes
            .Of([
                Answered("a", null, "Bear", token: 7, target: "be"),
                Answered("b", null, "bench", token: 7, target: "be"),
            ])
            .Should()
            .Equal("2 different answers share a target token with another: 'be' is that of bear, bench");
    }

    [Fact]
    public void What_is_given_stands_in_the_row_on_one_line()
    {
        Asked asked = Answered("a", "dog", "dog", token: 5, target: " dog");
        SampleRow row = (asked with { Sample = asked.Sample with { Given = [13, 9], GivenText = "\n\"" } }).ToRow(
            "What?"
        );
        (row.GivenTokens, row.Given, row.TargetToken, row.Target, row.Status)
            .Should()
            .Be(("13 9", "\\n\"", 5, " dog", SampleRow.Kept));
        (asked with { Awaits = true })
            .ToRow("What?")
            .Status.Should()
            .Be(SampleRow.Rejected, "nothing is kept whose target is not known");
    }

    [Fact]
    public void Too_few_samples_are_not_called_right_without_labels()
    {
        var counts = new ObjectCounts(new PerObjectRule { Least = 2 }, perPicture: 0);
        counts
            .LeaveOutFew(counts.Take(Answered("a", null, "Dog")))
            .Reason.Should()
            .Be("only 1 samples of 'dog' are there (per_object.least)");
        counts
            .LeaveOutFew(counts.Take(Answered("b", "cat", "Cat")))
            .Reason.Should()
            .Be("only 1 samples of 'cat' are right (per_object.least)");
    }

    private static Asked Answered(string id, string? category, string answer, int token = 5, string? target = null) =>
        new(
            new Sample(new DataItem(id, id, "/" + id, category), answer, token, target ?? answer),
            category is null ? Verdict.NotJudged : Verdict.Right,
            null,
            Usable: true
        );
}
