using System.Diagnostics;
using FluentAssertions;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary><c>status</c> says how far a run is and who is at work, and writes nothing.</summary>
public sealed class StatusTests
{
    [Fact]
    public void Before_and_after_a_run_it_counts_units_and_writes_nothing()
    {
        using var experiment = new SmallExperiment(samples: 1, masks: 20);
        Status(experiment).Should().Contain("small: 0 of ").And.Contain("units done").And.NotContain("workers");
        Directory.Exists(experiment.Artifacts).Should().BeFalse();
        experiment.Run();
        string[] before = Listing(experiment);
        Status(experiment).Should().Contain("masks ").And.Contain("1 of 1 unit done").And.NotContain("left");
        Listing(experiment).Should().Equal(before);
    }

    [Fact]
    public async Task It_names_who_holds_what_and_what_a_process_held_that_was_killed()
    {
        using var experiment = new SmallExperiment(samples: 3, masks: 4000);
        using Process worker = HostProcess.Start(experiment.Arguments("--jobs", "1", "--worker"));
        _ = worker.StandardError.ReadToEndAsync();
        _ = worker.StandardOutput.ReadToEndAsync();
        KillTests.WaitForPasses(experiment, worker);
        string status = Status(experiment);
        worker.HasExited.Should().BeFalse();
        status.Should().Contain($"process {worker.Id} on ").And.Contain("; runs").And.MatchRegex(@"forward .*\d+ held");
        worker.Kill();
        await worker.WaitForExitAsync();
        Status(experiment)
            .Should()
            .Contain("has ended: what it held is free")
            .And.MatchRegex(@"forward .*\d+ held by a worker that has ended");
    }

    [Fact]
    public void A_claim_of_nobody_knows_whom_and_a_failure_are_states_of_their_own()
    {
        using var folder = new TemporaryFolder();
        string key = FileDigests.OfText("x"),
            failed = FileDigests.OfText("y");
        string claim = Path.Combine(folder.Path, ".claims", key[..2], $"{key}.claim.1");
        Directory.CreateDirectory(Path.GetDirectoryName(claim)!);
        File.WriteAllText(claim, $"{Guid.NewGuid():N} {Guid.NewGuid():N}\n");
        new FailureNotes(folder.Path).Write(failed, "two\nlines");
        var seen = new ClaimsSeen(folder.Path);
        seen.Of(key).State.Should().Be(ClaimState.Unknown);
        seen.Of(failed).State.Should().Be(ClaimState.None);
        seen.FailureOf(failed).Should().Be("two lines");
        seen.FailureOf(key).Should().BeNull();
    }

    private static string Status(SmallExperiment experiment)
    {
        var (code, output, errors) = HostProcess.Run(["status", .. experiment.Arguments()]);
        code.Should().Be(0, errors);
        return output;
    }

    private static string[] Listing(SmallExperiment experiment) =>
        [
            .. Directory
                .EnumerateFileSystemEntries(experiment.Artifacts, "*", SearchOption.AllDirectories)
                .Select(f => $"{f} {File.GetLastWriteTimeUtc(f):O}")
                .Order(StringComparer.Ordinal),
        ];
}
