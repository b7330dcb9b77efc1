using System.Globalization;
using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>
/// Are the heads of one question enough for another? <c>validate</c> with orders of another run and of a file; masks
/// and baselines of one's own.
/// </summary>
public sealed class HeadsFromElsewhereTests
{
    [Fact]
    public void The_order_of_another_run_is_that_of_its_mean_beta_and_is_scanned_for_every_sample()
    {
        using var experiment = new SmallExperiment();
        string[] again =
        [
            "--set",
            "stages.validation.scan=full",
            "--set",
            "stages.validation.rank_by=[head-attribution, { run: colour }, { file: heads.jsonl }]",
        ];
        experiment.Run("--set", "name=colour", "--set", "stages.masks.seed=4");
        Write(experiment, """{ "layer": 1, "head": 2 }""", "", """{"head": 0, "layer": 3}""");
        experiment
            .Run(again)
            .Should()
            .Contain("validation: run:colour")
            .And.Contain("validation: file:heads.jsonl")
            .And.Contain("only 2 of 64 heads are named: the order of the others, by layer and head, says nothing");

        var beta = Rows(experiment, "colour", "attribution")
            .GroupBy(r => (Layer: r["layer"], Head: r["head"]))
            .ToDictionary(g => g.Key, g => g.Average(r => Number(r["beta"])));
        var rankings = Rows(experiment, "small", "rankings");
        foreach (var sample in rankings.Where(r => r["criterion"] == "run:colour").GroupBy(r => r["sample_id"]))
        {
            var order = sample.OrderBy(r => int.Parse(r["rank"], CultureInfo.InvariantCulture)).ToList();
            order.Should().HaveCount(beta.Count);
            order.Select(r => beta[(r["layer"], r["head"])]).Should().BeInDescendingOrder();
            order.Select(r => Number(r["score"])).Should().BeInDescendingOrder();
        }

        foreach (var sample in rankings.Where(r => r["criterion"] == "file:heads.jsonl").GroupBy(r => r["sample_id"]))
        {
            sample
                .OrderBy(r => int.Parse(r["rank"], CultureInfo.InvariantCulture))
                .Take(3)
                .Select(r => (r["layer"], r["head"]))
                .Should()
                .Equal(("1", "2"), ("3", "0"), ("0", "0"));
        }

        Rows(experiment, "small", "validation")
            .GroupBy(r => (r["sample_id"], r["criterion"]))
            .Should()
            .HaveCount(2 * 3)
            .And.OnlyContain(g => g.Count() == beta.Count + 1);
        experiment.Run(again).Should().Contain("Nothing to do");
        Write(experiment, """{ "layer": 0, "head": 1 }""");
        experiment.Run(again).Should().Contain("order changed (file:heads.jsonl)").And.Contain("4 cached");
    }

    [Theory]
    [InlineData("{ run: none }", "none", "there is no such run")]
    [InlineData("{ run: colour, stage: fit }", "colour", "the run has no regress stage 'fit'")]
    [InlineData("{ file: none.jsonl }", "none.jsonl", "there is no file of heads")]
    public void An_order_that_is_not_there_is_refused_before_anything_runs(string ranking, string where, string what)
    {
        using var experiment = new SmallExperiment(samples: 1, masks: 20);
        if (where == "colour")
        {
            experiment.Run("--set", "name=colour");
        }

        Refused(experiment, ranking, where, what);
    }

    [Theory]
    [InlineData(
        "line 2",
        "names layer 1, head 2 again; line 1 has it",
        """{ "layer": 1, "head": 2 }""",
        """{ "layer": 1, "head": 2 }"""
    )]
    [InlineData("line 1", "'layer' must be a whole number from 0 to 7", """{ "layer": 8, "head": 2 }""")]
    [InlineData("line 1", "'head' must be a whole number from 0 to 7", """{ "layer": 1, "head": -1 }""")]
    [InlineData("line 1", "'head' must be a whole number from 0 to 7", """{ "layer": 1 }""")]
    [InlineData("line 1", "unknown field 'beta'", """{ "layer": 1, "head": 1, "beta": 2 }""")]
    [InlineData("line 1", "not valid JSON", """{ "layer": 1, "head": 1, "score": NaN }""")]
    [InlineData("line 1", "not a JSON object", "[1, 2]")]
    [InlineData("line 1", "'head' must be a whole number from 0 to 7", "[[1, 8], 0.5]")]
    [InlineData("line 1", "'score' must be a finite number", "[[1, 2], null]")]
    [InlineData(
        "heads.jsonl",
        "1 of 2 lines have a score",
        """{ "layer": 1, "head": 1, "score": 2 }""",
        """{ "layer": 1, "head": 2 }"""
    )]
    [InlineData("heads.jsonl", "names no head", "")]
    public void A_line_that_names_no_head_of_the_model_is_refused(string where, string what, params string[] lines)
    {
        using var experiment = new SmallExperiment();
        Write(experiment, lines);
        Refused(experiment, "{ file: heads.jsonl }", where, what);
    }

    [Fact]
    public void Another_seed_of_the_masks_changes_the_masks_alone()
    {
        using var experiment = SmallExperiment.AfterRun();
        string output = experiment.Run("--set", "name=other", "--set", "stages.masks.seed=4");
        output
            .Should()
            .Contain("answers: 2 cached")
            .And.Contain("baseline: 1 cached")
            .And.Contain("because seed changed 3 -> 4");
        Rows(experiment, "other", "samples")
            .Select(r => r["sample_id"])
            .Should()
            .Equal(Rows(experiment, "small", "samples").Select(r => r["sample_id"]));
        Rows(experiment, "other", "attribution")
            .Select(r => r["beta"])
            .Should()
            .NotEqual(Rows(experiment, "small", "attribution").Select(r => r["beta"]));
    }

    [Fact]
    public void Baseline_pictures_may_come_from_a_folder_of_their_own()
    {
        using var experiment = new SmallExperiment();
        string folder = Path.Combine(Path.GetDirectoryName(experiment.Spec)!, "plain");
        Directory.CreateDirectory(folder);
        foreach (
            string file in Directory
                .EnumerateFiles(Path.Combine(HostProcess.RepositoryRoot, "experiments", "quickstart", "images"))
                .Order(StringComparer.Ordinal)
                .Take(3)
        )
        {
            File.Copy(file, Path.Combine(folder, "plain-" + Path.GetFileName(file)));
        }

        experiment.Run("--set", $"stages.baseline.folder={folder}", "--set", "stages.baseline.images=3");
        Rows(experiment, "small", "baseline")
            .Should()
            .HaveCount(3)
            .And.OnlyContain(r => r["file"].StartsWith("plain-", StringComparison.Ordinal));
        var (code, _, errors) = HostProcess.Run(experiment.Arguments("--set", $"stages.baseline.folder={folder}-x"));
        code.Should().Be(2);
        errors.Should().Contain("stages.baseline.folder").And.Contain("there is no folder with the baseline pictures");
    }

    private static void Write(SmallExperiment experiment, params string[] lines) =>
        File.WriteAllLines(Path.Combine(Path.GetDirectoryName(experiment.Spec)!, "heads.jsonl"), lines);

    private static void Refused(SmallExperiment experiment, string ranking, string where, string what)
    {
        foreach (string command in (string[])["plan", "run"])
        {
            var (code, output, errors) = HostProcess.Run([
                command,
                .. experiment.Arguments("--set", $"stages.validation.rank_by=[attention, {ranking}]"),
            ]);
            code.Should().Be(2, output + errors);
            errors.Should().Contain(where).And.Contain(what).And.NotContain("   at ");
        }
    }

    private static List<Dictionary<string, string>> Rows(SmallExperiment experiment, string run, string table)
    {
        string[] lines = File.ReadAllLines(
            Path.Combine(Path.GetDirectoryName(experiment.RunFolder)!, run, "tables", table + ".csv")
        );
        string[] names = lines[0].Split(',');
        return [.. lines.Skip(1).Select(line => names.Zip(line.Split(',')).ToDictionary(c => c.First, c => c.Second))];
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
