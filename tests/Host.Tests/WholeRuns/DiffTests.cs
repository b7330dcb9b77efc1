using System.Globalization;
using System.Text.RegularExpressions;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Stages;
using Pipelines.Stages.Comparison;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>Two runs side by side, through the program.</summary>
public sealed partial class DiffTests(DiffTests.Runs runs) : IClassFixture<DiffTests.Runs>
{
    [Fact]
    public void A_run_against_itself_differs_by_0_and_correlates_with_1()
    {
        var (code, output, errors) = runs.Diff("small", "small");
        code.Should().Be(0, errors);
        output
            .Should()
            .Contain("β is the same in every sample; R² is the same in every sample")
            .And.Contain("The mean curves are the same for every criterion")
            .And.MatchRegex(@"All \d+ settings are the same");
        FinishedRun run = FinishedRun.Open(runs.Folder("small"), "small");
        RunComparison same = CompareRuns.Of(run, run, []);
        same.Differences.Settings.Should().BeEmpty();
        same.Fits[0].Beta!.OfMeans.Pearson.Should().BeApproximately(1, 1e-15);
        same.Fits[0]
            .Beta!.Samples.Should()
            .HaveCount(2)
            .And.OnlyContain(s =>
                s.LargestDifference == 0 && Math.Abs(s.Pearson - 1) < 1e-15 && Math.Abs(s.Cosine - 1) < 1e-15
            );
        same.Fits[0].R2.IsSame.Should().BeTrue();
        same.Scans[0]
            .Criteria.Should()
            .HaveCount(4)
            .And.OnlyContain(c =>
                c.Faithful.Heads.IsSame && c.Faithfulness.Distance == 0 && c.Completeness.Distance == 0
            );
        same.Traces.Should().ContainSingle().Which.LogitKept.IsSame.Should().BeTrue();
    }

    [Fact]
    public void Settings_that_differ_are_named_and_what_they_do_not_touch_is_the_same()
    {
        var (code, output, errors) = runs.Diff("small", "alpha");
        code.Should().Be(0, errors);
        output
            .Should()
            .MatchRegex(@"1 of \d+ settings differs: stages\.attribution\.alpha")
            .And.MatchRegex(@"stages\.attribution\.alpha\s+0\.0005\s+0\.02")
            .And.Contain("Both runs keep the same 2 samples, with the same target tokens");
        RunComparison found = CompareRuns.Of(
            FinishedRun.Open(runs.Folder("small"), "small"),
            FinishedRun.Open(runs.Folder("alpha"), "alpha"),
            []
        );
        found.Fits[0].Beta!.IsSame.Should().BeFalse();
        found.Fits[0].R2.IsSame.Should().BeFalse();
        found
            .Scans[0]
            .Criteria.Where(c => c.Criterion != "head-attribution")
            .Should()
            .HaveCount(3)
            .And.OnlyContain(c => c.Faithful.Heads.IsSame, "alpha changes the order of head attribution alone");
    }

    [Fact]
    public void Numbers_are_those_of_the_tables()
    {
        FinishedRun a = FinishedRun.Open(runs.Folder("small"), "small"),
            b = FinishedRun.Open(runs.Folder("more"), "more");
        RunComparison found = CompareRuns.Of(a, b, []);
        found.Differences.Settings.Select(d => (d.Path, d.A, d.B)).Should().Equal(("stages.masks.count", "60", "100"));
        double[] R2(string run) =>
            [
                .. Tables
                    .Of<FitRow>()
                    .Read(Path.Combine(runs.Folder(run), "tables", "fits.parquet"))
                    .Select(f => f.R2!.Value),
            ];
        found.Fits[0].R2.A.Mean.Should().BeApproximately(R2("small").Average(), 1e-12);
        found
            .Fits[0]
            .R2.Difference.Mean.Should()
            .BeApproximately(R2("more").Zip(R2("small"), (y, x) => y - x).Average(), 1e-12);
        var rows = Tables.Of<AttributionRow>().Read(Path.Combine(runs.Folder("more"), "tables", "attribution.parquet"));
        AttributionRow some = rows[37];
        found.Fits[0].B.Beta[some.SampleId][(some.Layer * found.Fits[0].B.Heads) + some.Head].Should().Be(some.Beta);
        (found.Fits[0].A.Layers, found.Fits[0].A.Heads, found.Scans[0].A.HeadCount).Should().Be((8, 8, 64));
    }

    [Fact]
    public void Another_prompt_and_other_stages_are_told()
    {
        var (code, output, errors) = runs.Diff("small", "prompt");
        code.Should().Be(0, errors);
        output
            .Should()
            .MatchRegex(@"prompt\s+default\s+p1")
            .And.Contain("Only A has tokens")
            .And.MatchRegex(@"tokens\s+token-trace\s+A");
    }

    [Fact]
    public void The_page_is_one_file_where_it_is_asked_for_and_the_runs_are_only_read()
    {
        string[] before = runs.Listing();
        string page = runs.Temporary("pages/of/two.html");
        var (code, output, errors) = runs.Diff("small", runs.Folder("more"), "--out", page);
        code.Should().Be(0, errors);
        output.Should().Contain(page);
        string html = File.ReadAllText(page);
        html.Should()
            .StartWith("<!doctype html>")
            .And.Contain("β in A against β in B")
            .And.Contain("Heads needed in both runs")
            .And.Contain("Faithfulness and completeness in both runs")
            .And.Contain("sample by sample");
        Addresses()
            .Matches(html)
            .Select(m => m.Groups[1].Value)
            .Should()
            .NotBeEmpty()
            .And.OnlyContain(a => a.StartsWith('#') || a.StartsWith("data:", StringComparison.Ordinal));
        Directory.GetFiles(Path.GetDirectoryName(page)!).Should().Equal(page);
        runs.Listing().Should().Equal(before);

        string again = runs.Temporary("pages/again.html");
        runs.Diff("small", "more", "--out", again);
        File.ReadAllText(again).Should().Be(html, "the folder of a run and its name are the same run");
        runs.Diff("small", "more").Output.Should().Contain("--out FILE writes a page");
        Directory
            .GetDirectories(runs.Artifacts)
            .Select(d => Path.GetFileName(d))
            .Should()
            .BeEquivalentTo("cache", "runs");
    }

    [Fact]
    public void It_needs_neither_the_cache_nor_the_model_nor_libtorch()
    {
        string elsewhere = runs.CopyOf("small", "passed-on");
        Directory.GetDirectories(elsewhere).Should().NotContain(d => d.EndsWith("cache", StringComparison.Ordinal));
        string settings = Path.Combine(elsewhere, "experiment.yaml");
        File.WriteAllText(settings, ModelPath().Replace(File.ReadAllText(settings), "path: /nowhere/micro-llava", 1));
        Runs.Seal(elsewhere);
        string log = runs.Temporary("libraries");
        using (
            var process = HostProcess.Start(
                new Dictionary<string, string> { ["LD_DEBUG"] = "files", ["LD_DEBUG_OUTPUT"] = log },
                "diff",
                "small",
                elsewhere,
                "--artifacts",
                runs.Artifacts
            )
        )
        {
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            process.ExitCode.Should().Be(0);
            output.Should().Contain("model.path").And.Contain("β is the same in every sample");
        }

        string loaded = string.Concat(
            Directory.EnumerateFiles(Path.GetDirectoryName(log)!, "libraries.*").Select(File.ReadAllText)
        );
        if (OperatingSystem.IsLinux())
        {
            loaded.Should().Contain("libcoreclr.so");
        }

        loaded.Should().NotContain("libtorch").And.NotContain("libc10");
    }

    [Theory]
    [InlineData("smal", "Did you mean small?")]
    [InlineData("nothing-like-it", "The runs there: alpha, more, prompt, several, small")]
    [InlineData("", " is empty")]
    [InlineData("README.md", "is a file")]
    [InlineData("src", "it has no experiment.yaml")]
    public void A_run_that_is_none_is_refused_with_what_would_be_right(string name, string right)
    {
        foreach (string[] pair in new[] { new[] { name, "small" }, ["small", name] })
        {
            var (code, output, errors) = runs.Diff(pair);
            code.Should().Be(2, output + errors);
            errors.Should().Contain(right).And.NotContain("   at ");
        }
    }

    [Theory]
    [InlineData("tables/fits.parquet", "fits.parquet")]
    [InlineData("tables/attribution.parquet", "attribution.parquet")]
    [InlineData("tables/validation.parquet", "validation.parquet")]
    [InlineData("tables/samples.parquet", "samples.parquet")]
    [InlineData("tables/token_traces.parquet", "token_traces.parquet")]
    [InlineData("tables/rankings.parquet", "rankings.parquet")]
    [InlineData("experiment.yaml", "does not hold the settings of a run")]
    public void A_missing_or_damaged_file_is_named(string file, string message)
    {
        string copy = runs.CopyOf("small", "damaged-" + Path.GetFileName(file)),
            damaged = Path.Combine(copy, file);
        CutOff(damaged);
        Refused(copy, message); // by its checksum
        Runs.Seal(copy);
        Refused(copy, message); // by what it holds
        File.Delete(damaged);
        Refused(copy, file == "experiment.yaml" ? "it has no experiment.yaml" : "is missing");
    }

    /// <summary>
    /// Cuts a table in half, and settings inside the first stage's name: where the half of these lies depends on the
    /// length of the paths in them, and what is left may be whole settings.
    /// </summary>
    private static void CutOff(string file)
    {
        if (Path.GetExtension(file) == ".yaml")
        {
            string text = File.ReadAllText(file),
                start = "\nstages:\n  an";
            File.WriteAllText(file, text[..(text.IndexOf(start, StringComparison.Ordinal) + start.Length)]);
            return;
        }

        byte[] bytes = File.ReadAllBytes(file);
        File.WriteAllBytes(file, bytes[..(bytes.Length / 2)]);
    }

    [Fact]
    public void Tables_that_do_not_fit_together_are_refused()
    {
        string copy = runs.CopyOf("small", "mixed"),
            tables = Path.Combine(copy, "tables"),
            beta = Path.Combine(tables, "attribution.parquet"),
            fits = Path.Combine(tables, "fits.parquet");
        var rows = Tables.Of<AttributionRow>().Read(beta);
        Tables.Of<AttributionRow>().Write(beta, [.. rows.Skip(1)]);
        Runs.Seal(copy);
        Refused(copy, "does not have one beta for each of 8 x 8 heads");
        Tables
            .Of<AttributionRow>()
            .Write(beta, [.. rows.Skip(1), rows[0] with { Layer = int.MaxValue - 1, Head = int.MaxValue - 1 }]);
        Runs.Seal(copy);
        Refused(copy, "does not have one beta for each");
        Tables.Of<AttributionRow>().Write(beta, rows);
        var fit = Tables.Of<FitRow>().Read(fits);
        Tables.Of<FitRow>().Write(fits, [.. fit, fit[0]]);
        Runs.Seal(copy);
        Refused(copy, "twice");
        Tables.Of<FitRow>().Write(fits, [.. fit.Select(f => f with { SampleId = "other-" + f.SampleId })]);
        Runs.Seal(copy);
        Refused(copy, "has not kept");
        File.Delete(Path.Combine(copy, PublishedFiles.FileName));
        Refused(copy, "has no SHA256SUMS");
        Directory.Delete(tables, recursive: true);
        Refused(copy, "has no tables: the run was not finished");
    }

    [Fact]
    public void A_run_that_began_with_other_settings_is_refused_until_it_is_finished()
    {
        using var experiment = SmallExperiment.AfterRun();
        string picture = experiment.FolderOfPictures("a.jpg"),
            folder = experiment.RunFolder;
        string[] diff = ["diff", folder, folder, "--out", Path.Combine(picture, "diff.html")];
        HostProcess.Run(diff).ExitCode.Should().Be(0);

        HostProcess
            .Run(experiment.Arguments("--set", "stages.forward.min_gap=900"))
            .ExitCode.Should()
            .Be(2, "no sample is left: there are no tables");
        var (code, output, errors) = HostProcess.Run(diff);
        code.Should().Be(2, output + errors);
        errors.Should().Contain("the run was not finished").And.Contain(folder).And.NotContain("   at ");

        experiment.Run().Should().Contain("Nothing to do");
        HostProcess.Run(diff).ExitCode.Should().Be(0);
    }

    [Fact]
    public void Members_of_a_matrix_are_runs_and_the_folder_of_the_matrix_names_them()
    {
        runs.CopyOf("small", "other/runs/m/prompt=default");
        runs.CopyOf("prompt", "other/runs/m/prompt=p1");
        string artifacts = runs.Temporary("other");
        var (code, output, errors) = HostProcess.Run(
            "diff",
            "m/prompt=default",
            "m/prompt=p1",
            "--artifacts",
            artifacts
        );
        code.Should().Be(0, errors);
        output.Should().MatchRegex(@"prompt\s+default\s+p1");

        (code, _, errors) = HostProcess.Run("diff", "m", "m/prompt=p1", "--artifacts", artifacts);
        code.Should().Be(2);
        errors.Should().Contain("a folder of runs").And.Contain("m/prompt=default, m/prompt=p1");
        HostProcess
            .Run("diff", "m/prompt=p2", "m/prompt=p1", "--artifacts", artifacts)
            .Errors.Should()
            .Contain("Did you mean m/prompt=p1?");
        HostProcess
            .Run("diff", "m", "m", "--artifacts", runs.Temporary("empty"))
            .Errors.Should()
            .Contain("--artifacts DIR names another artifacts folder");
    }

    [Fact]
    public void Stages_of_the_same_name_are_compared_and_others_where_they_are_named()
    {
        var (code, output, errors) = runs.Diff("several", "several");
        code.Should().Be(0, errors);
        output.Should().Contain("== attribution").And.Contain("== other").And.Contain("β of attribution is the same");
        string page = runs.Temporary("several/page.html");
        runs.Diff("several", "several", "--out", page);
        File.ReadAllText(page).Should().Contain("id=\"beta-attribution\"").And.Contain("id=\"beta-other\"");

        runs.Diff("several", "several", "--stage", "attribution=other")
            .Output.Should()
            .Contain("correlates with ρ")
            .And.NotContain("Heads needed for faithfulness")
            .And.NotContain("heads needed");
        runs.Diff("several", "small", "--stage", "attribution")
            .Output.Should()
            .Contain("β is the same in every sample");
        runs.Diff("several", "small").Output.Should().Contain("β is the same in every sample", "one name is in both");
    }

    [Fact]
    public void Several_stages_without_a_common_name_are_compared_only_where_they_are_named()
    {
        string copy = runs.CopyOf("several", "renamed"),
            settings = Path.Combine(copy, "experiment.yaml");
        string text = File.ReadAllText(settings)
            .Replace("  attribution:\n", "  first:\n", StringComparison.Ordinal)
            .Replace("  other:\n", "  second:\n", StringComparison.Ordinal)
            .Replace("attribution: attribution", "attribution: first", StringComparison.Ordinal);
        File.WriteAllText(settings, text);
        Directory.Move(Path.Combine(copy, "tables", "attribution"), Path.Combine(copy, "tables", "first"));
        Directory.Move(Path.Combine(copy, "tables", "other"), Path.Combine(copy, "tables", "second"));
        Runs.Seal(copy);

        var (code, output, errors) = runs.Diff("several", copy);
        code.Should().Be(0, errors);
        output
            .Should()
            .Contain("No regress stage has the same name in both runs: A has attribution, other; B has first, second.")
            .And.NotContain("on test masks")
            .And.Contain("heads needed");
        runs.Diff("several", copy, "--stage", "other=second", "--stage", "attribution=first")
            .Output.Should()
            .Contain("== other and second")
            .And.Contain("β of attribution and first is the same in every sample");
    }

    [Fact]
    public void A_table_with_any_byte_changed_is_compared_or_refused_and_never_ends_in_another_error()
    {
        string copy = runs.CopyOf("small", "fuzzed");
        FinishedRun whole = FinishedRun.Open(runs.Folder("small"), "small");
        var random = new Random(20);
        int refused = 0;
        foreach (
            string table in (string[])
                [
                    "samples",
                    "fits",
                    "attribution",
                    "validation",
                    "rankings",
                    "token_traces",
                    "text_tokens",
                    "image_tokens",
                ]
        )
        {
            string path = Path.Combine(copy, "tables", table + ".parquet");
            byte[] bytes = File.ReadAllBytes(path);
            for (int i = 0; i < 40; i++)
            {
                byte[] changed = [.. bytes];
                for (int change = 0; change <= i % 3; change++)
                {
                    changed[random.Next(4, bytes.Length)] = (byte)random.Next(256);
                }

                File.WriteAllBytes(path, changed);
                Runs.Seal(copy); // else the checksum would tell, and no reader would see it
                try
                {
                    ComparisonPage
                        .Html(CompareRuns.Of(whole, FinishedRun.Open(copy, "fuzzed"), []))
                        .Should()
                        .EndWith("</html>\n");
                }
                catch (InputException e)
                {
                    e.Where.Should().StartWith(copy);
                    refused++;
                }
            }

            File.WriteAllBytes(path, bytes);
        }

        refused.Should().BeGreaterThan(100);
    }

    [Theory]
    [InlineData("atribution", "Did you mean attribution?")]
    [InlineData("masks", "'masks' of several is a sample-masks stage, which has nothing to compare")]
    [InlineData("attribution=validation", "the same kind")]
    public void A_stage_that_cannot_be_compared_is_refused(string stage, string right)
    {
        var (code, output, errors) = runs.Diff("several", "several", "--stage", stage);
        code.Should().Be(2, output + errors);
        errors.Should().Contain(right).And.NotContain("   at ");
    }

    [Fact]
    public void A_place_for_the_page_that_is_none_is_refused()
    {
        foreach (
            string place in new[] { runs.Artifacts, Path.Combine(runs.Folder("small"), "experiment.yaml", "page.html") }
        )
        {
            var (code, output, errors) = runs.Diff("small", "more", "--out", place);
            code.Should().Be(2, output + errors);
            errors.Should().Contain("--out").And.NotContain("   at ");
        }

        var (missing, _, message) = HostProcess.Run("diff", "small");
        missing.Should().Be(2);
        message.Should().NotContain("   at ");
    }

    private void Refused(string folder, string message)
    {
        var (code, output, errors) = runs.Diff("small", folder);
        code.Should().Be(2, output + errors);
        errors.Should().Contain(message).And.Contain(folder).And.NotContain("   at ");
        output.Should().BeEmpty();
    }

    [GeneratedRegex("href=\"([^\"]*)\"")]
    private static partial Regex Addresses();

    [GeneratedRegex(@"path: .+micro-llava""?")]
    private static partial Regex ModelPath();

    /// <summary>Five runs in one artifacts folder.</summary>
    public sealed class Runs : IDisposable
    {
        private readonly SmallExperiment experiment = SmallExperiment.AfterRun();
        private readonly TemporaryFolder folder = new();

        /// <summary>Computes them; each shares with the first what it can.</summary>
        public Runs()
        {
            string plain = File.ReadAllText(experiment.Spec),
                traced = plain.Replace(
                    "  report:",
                    "  tokens: { stage: token-trace, count: 40, shard: 20 }\n  report:",
                    StringComparison.Ordinal
                );
            File.WriteAllText(experiment.Spec, traced);
            experiment.Run();
            experiment.Run("--set", "name=alpha", "--set", "stages.attribution.alpha=0.02");
            experiment.Run("--set", "name=more", "--set", "stages.masks.count=100");
            File.WriteAllText(experiment.Spec, plain);
            experiment.Run("--set", "name=prompt", "--set", "prompt=p1");
            File.WriteAllText(
                experiment.Spec,
                plain
                    .Replace(
                        "  validation:",
                        "  other: { stage: regress, alpha: 0.02 }\n  validation:",
                        StringComparison.Ordinal
                    )
                    .Replace(
                        "random_seeds: 1,",
                        "random_seeds: 1, inputs: { attribution: attribution },",
                        StringComparison.Ordinal
                    )
                    .Replace(
                        "stage: report }",
                        "stage: report, inputs: { attribution: attribution } }",
                        StringComparison.Ordinal
                    )
            );
            experiment.Run("--set", "name=several");
        }

        internal string Artifacts => experiment.Artifacts;

        internal string Folder(string run) => Path.Combine(Artifacts, "runs", run);

        internal string Temporary(string name)
        {
            string path = Path.Combine(folder.Path, name);
            if (!name.Contains('/', StringComparison.Ordinal))
            {
                Directory.CreateDirectory(folder.Path);
            }

            return path;
        }

        internal (int ExitCode, string Output, string Errors) Diff(params string[] arguments) =>
            HostProcess.Run(["diff", .. arguments, "--artifacts", Artifacts]);

        /// <summary>The settings and small tables of a run, as somebody may pass them on.</summary>
        internal string CopyOf(string run, string name)
        {
            string copy = Path.Combine(folder.Path, name);
            Directory.CreateDirectory(Path.Combine(copy, "tables"));
            File.Copy(Path.Combine(Folder(run), "experiment.yaml"), Path.Combine(copy, "experiment.yaml"));
            string tables = Path.Combine(Folder(run), "tables");
            foreach (
                string table in Directory
                    .EnumerateFiles(tables, "*.parquet", SearchOption.AllDirectories)
                    .Where(t => new FileInfo(t).LinkTarget is null)
            )
            {
                string target = Path.Combine(copy, "tables", Path.GetRelativePath(tables, table));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(table, target);
            }

            Seal(copy);
            return copy;
        }

        /// <summary>Writes the checksums of what a run's folder holds now.</summary>
        internal static void Seal(string folder)
        {
            IEnumerable<string> files = Directory
                .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(folder, f))
                .Where(f => f != PublishedFiles.FileName);
            PublishedFiles.Write(folder, "sealed", [.. files], UnitsMark.Of([]));
        }

        /// <summary>Every file of cache and runs with its time and size.</summary>
        internal string[] Listing() =>
            [
                .. new[] { "cache", "runs" }
                    .SelectMany(f =>
                        Directory.EnumerateFiles(Path.Combine(Artifacts, f), "*", SearchOption.AllDirectories)
                    )
                    .Order(StringComparer.Ordinal)
                    .Select(f =>
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"{f} {new FileInfo(f).LastWriteTimeUtc.Ticks} {new FileInfo(f).Length}"
                        )
                    ),
            ];

        /// <inheritdoc/>
        public void Dispose()
        {
            experiment.Dispose();
            folder.Dispose();
        }
    }
}
