using System.Text.Json.Nodes;
using FluentAssertions;
using Pipelines.Host.Running;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>A run tells where its results come from, and nothing that it tells changes a result.</summary>
public sealed class ProvenanceTests
{
    private const string Elsewhere = "another-machine";

    [Fact]
    public void A_run_tells_program_machine_times_and_what_it_read()
    {
        using var experiment = SmallExperiment.AfterRun();
        RunRecord record = RecordOf(experiment);
        record.Name.Should().Be("small");
        (record.Program, record.Commit).Should().Be((ProgramVersion.Here.Version, ProgramVersion.Here.Commit));
        record.Finished.Should().BeCloseTo(DateTime.UtcNow, TimeSpan.FromMinutes(5));
        record.Spec.Sha256.Should().Be(DigestIn(experiment.RunFolder, "experiment.yaml"));
        record.Makers.Should().OnlyContain(m => m.Machine == Environment.MachineName && m.Threads > 0);
        RecordedFile weights = record.Model.Single(f => f.File == "model.safetensors");
        weights.Sha256.Should().Be(DigestIn(experiment.Model, "model.safetensors"));
        weights.Bytes.Should().Be(new FileInfo(Path.Combine(experiment.Model, "model.safetensors")).Length);
        record.Model.Select(f => f.File).Should().Contain(["config.json", "tokenizer.json"]);
        record
            .Annotations.Should()
            .ContainSingle()
            .Which.Sha256.Should()
            .Be(DigestIn(Path.Combine(experiment.Model, ".."), "instances.json"));
        string images = Path.Combine(experiment.Model, "..", "images");
        record.Pictures.Files.Should().HaveCount(record.Pictures.Count).And.HaveCountGreaterThan(5);
        record.Pictures.Files.Should().OnlyContain(p => p.Sha256 == DigestIn(images, p.File));
        record
            .Pictures.Sha256.Should()
            .Be(FileDigests.OfText(string.Concat(record.Pictures.Files.Select(p => $"{p.Sha256}  {p.File}\n"))));
        StageRecord forward = record.Stages.Single(s => s.Kind == "forward-passes");
        (forward.Stage, forward.Units, forward.Work, forward.CountedIn)
            .Should()
            .Be(("forward", 8, 124L, "masks"), "two samples have two ends and three shards each");
        forward.Computed.Sum(c => c.Work).Should().Be(forward.Work);
        forward.Computed.Should().OnlyContain(c => c.WallSeconds > 0 && c.PerSecond > 0 && c.First < c.Last);
    }

    [Fact]
    public void The_page_of_a_run_says_it_and_the_stored_page_leaves_it_open()
    {
        using var experiment = SmallExperiment.AfterRun();
        string page = File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html")),
            stored = File.ReadAllText(
                Directory
                    .EnumerateFiles(
                        Path.Combine(experiment.Cache, "report"),
                        "report.html",
                        SearchOption.AllDirectories
                    )
                    .Single()
            );
        page.Should()
            .Contain($"commit {ProgramVersion.Here.Commit}")
            .And.Contain(Environment.MachineName)
            .And.Contain("masks/s")
            .And.Contain("href=\"run.json\"");
        stored.Should().NotContain(ProgramVersion.Here.Commit).And.NotContain("masks/s");
    }

    [Fact]
    public void A_run_that_computes_nothing_leaves_the_times_of_the_one_that_did()
    {
        using var experiment = SmallExperiment.AfterRun();
        string file = Path.Combine(experiment.RunFolder, RunRecord.FileName),
            page = Path.Combine(experiment.RunFolder, "report.html"),
            before = File.ReadAllText(file),
            pageBefore = File.ReadAllText(page);
        experiment.Run().Should().Contain("Nothing to do");
        File.ReadAllText(file).Should().Be(before);
        File.Delete(file);
        File.Delete(page);
        experiment.Run("--threads", "1").Should().Contain("Nothing to do");
        File.ReadAllText(file).Should().Be(before, "it is made from the manifests");
        File.ReadAllText(page).Should().Be(pageBefore);
        HostProcess.Run(["report", .. experiment.Arguments()]).ExitCode.Should().Be(0);
        File.ReadAllText(file).Should().Be(before);
    }

    [Fact]
    public void What_was_found_stored_is_told_from_what_was_computed()
    {
        using var experiment = SmallExperiment.AfterRun();
        experiment.Run("--set", "stages.attribution.alpha=0.001");
        RunRecord record = RecordOf(experiment);
        record.Stages.Single(s => s.Stage == "attribution").Computed.Should().OnlyContain(c => c.Cached == 0);
        record.Stages.Single(s => s.Kind == "forward-passes").Computed.Should().OnlyContain(c => c.Cached == c.Units);
        File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html")).Should().Contain("(cached)");
    }

    [Fact]
    public void Every_machine_that_computed_units_is_named_and_one_that_nobody_noted_is_unknown()
    {
        using var experiment = SmallExperiment.AfterRun();
        var tables = experiment.TableBytes();
        string[] shards =
        [
            .. Directory
                .EnumerateFiles(
                    Path.Combine(experiment.Cache, "forward-passes"),
                    Manifest.FileName,
                    SearchOption.AllDirectories
                )
                .Order(StringComparer.Ordinal),
        ];
        Change(shards[0], manifest => manifest["origin"]!["machine"] = Elsewhere);
        Change(shards[1], manifest => manifest.Remove("origin")); // as versions before wrote it
        HostProcess.Run(["report", .. experiment.Arguments()]).ExitCode.Should().Be(0);
        RunRecord record = RecordOf(experiment);
        record
            .Makers.Select(m => m.Machine)
            .Should()
            .Contain([Environment.MachineName, Elsewhere, ProgramVersion.Unknown]);
        record
            .Stages.Single(s => s.Kind == "forward-passes")
            .Computed.Select(c => (record.Makers[c.Maker].Machine, c.Units))
            .Should()
            .Contain([(Elsewhere, 1), (ProgramVersion.Unknown, 1)]);
        File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html")).Should().Contain(Elsewhere);
        experiment.TableBytes().Should().Equal(tables);
    }

    [Fact]
    public void Time_by_the_clock_counts_what_overlaps_once_and_no_pauses()
    {
        DateTime At(int second) => DateTime.UnixEpoch.AddSeconds(second);
        Provenance.Covered([(At(20), At(25)), (At(0), At(10)), (At(5), At(12)), (At(6), At(7))]).Should().Be(17);
    }

    [Theory]
    [InlineData("0.1.0+0123abc", "0.1.0", "0123abc")]
    [InlineData("0.1.0", "0.1.0", "unknown")]
    [InlineData("0.1.0+0123abc-dirty", "0.1.0", "0123abc-dirty")]
    public void A_build_outside_of_a_repository_has_no_commit(string written, string version, string commit) =>
        ProgramVersion.Parse(written).Should().Be(new ProgramVersion(version, commit));

    private static RunRecord RecordOf(SmallExperiment experiment) =>
        RunRecord.FromJson(File.ReadAllBytes(Path.Combine(experiment.RunFolder, RunRecord.FileName)));

    private static string DigestIn(string folder, string file) => FileDigests.Compute(Path.Combine(folder, file));

    private static void Change(string manifest, Action<JsonObject> change)
    {
        JsonObject json = JsonNode.Parse(File.ReadAllText(manifest))!.AsObject();
        change(json);
        File.WriteAllText(manifest, json.ToJsonString());
    }
}
