using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>What is stored is reused, and only that which changed is computed.</summary>
public sealed class ResumeTests
{
    [Fact]
    public void A_second_run_does_nothing()
    {
        using var experiment = SmallExperiment.AfterRun();
        var tables = experiment.TableBytes();
        var keys = experiment.StoredKeys();
        experiment
            .RunApart()
            .Should()
            .MatchRegex(@"Nothing to do: all \d+ units are stored \([\d.]+ s\)")
            .And.NotContain("computed");
        experiment.TableBytes().Should().Equal(tables);
        experiment.StoredKeys().Should().BeEquivalentTo(keys);
    }

    [Fact]
    public void A_larger_count_computes_only_the_additional_masks()
    {
        using var experiment = SmallExperiment.AfterRun();
        var before = experiment.StoredKeys();
        string output = experiment.Run("--set", "stages.masks.count=120");
        var after = experiment.StoredKeys();
        foreach (string kind in new[] { "sample-masks", "forward-passes" })
        {
            after[kind].Should().Contain(before[kind]);
            (after[kind].Count - before[kind].Count).Should().Be(2 * 3, "two samples have three more shards each");
        }

        output
            .Should()
            .Contain("forward: 6 computed")
            .And.Contain("answers: 2 cached")
            .And.Contain("baseline: 1 cached");
    }

    [Fact]
    public void Another_alpha_computes_only_regress_and_what_follows()
    {
        using var experiment = SmallExperiment.AfterRun();
        var before = experiment.StoredKeys();
        string output = experiment.Run("--set", "stages.attribution.alpha=0.001");
        var after = experiment.StoredKeys();
        after
            .Where(k => k.Value.Count != before[k.Key].Count)
            .Select(k => k.Key)
            .Should()
            .BeEquivalentTo("regress", "validate", "report");
        output.Should().Contain("changed 0.0005 -> 0.001");
    }

    [Fact]
    public void The_bytes_of_the_tables_depend_neither_on_jobs_nor_threads_nor_batch()
    {
        using var one = new SmallExperiment();
        one.RunApart("--jobs", "1", "--threads", "1");
        var expected = one.TableBytes();
        foreach (
            string[] options in new[]
            {
                new[] { "--jobs", "2", "--threads", "2" },
                ["--jobs", "1", "--threads", "2"],
                ["--set", "engine.batch=7"],
            }
        )
        {
            using var other = new SmallExperiment();
            other.RunApart(options);
            other.TableBytes().Should().Equal(expected, "{0}", string.Join(' ', options));
        }
    }

    [Fact]
    public void A_damaged_artifact_is_found_when_all_are_looked_at_and_computed_again()
    {
        using var experiment = SmallExperiment.AfterRun();
        var tables = experiment.TableBytes();
        Damage(experiment);
        experiment.Run().Should().Contain("Nothing to do").And.NotContain("set aside", "nothing reads it");
        experiment.Run("--verify").Should().Contain("set aside").And.Contain("forward: 1 computed");
        experiment.TableBytes().Should().Equal(tables);
        experiment.Run("--verify").Should().Contain("Nothing to do");
    }

    [Fact]
    public void A_damaged_artifact_is_found_when_it_is_read_and_the_run_ends_as_if_it_had_not_been()
    {
        using var sound = SmallExperiment.AfterRun();
        sound.Run("--set", "stages.attribution.alpha=0.001");
        using var experiment = SmallExperiment.AfterRun();
        Damage(experiment);
        experiment
            .Run("--set", "stages.attribution.alpha=0.001")
            .Should()
            .Contain("set aside")
            .And.Contain("forward: 1 computed");
        experiment.TableBytes().Should().Equal(sound.TableBytes());
        experiment.Run("--set", "stages.attribution.alpha=0.001").Should().Contain("Nothing to do");
    }

    [Theory]
    [InlineData("answer-questions")]
    [InlineData("forward-passes")]
    [InlineData("report")]
    public void A_unit_that_was_deleted_by_hand_is_computed_again(string kind)
    {
        using var experiment = SmallExperiment.AfterRun();
        var tables = experiment.TableBytes();
        var keys = experiment.StoredKeys();
        Directory.Delete(
            Directory.EnumerateDirectories(Path.Combine(experiment.Artifacts, "cache", kind)).First(),
            recursive: true
        );
        experiment.Run().Should().Contain("1 unit computed");
        experiment.StoredKeys().Should().BeEquivalentTo(keys);
        experiment.TableBytes().Should().Equal(tables);
    }

    [Fact]
    public void A_plan_says_the_same_with_and_without_an_index()
    {
        using var experiment = SmallExperiment.AfterRun();
        string[] plan =
        [
            "plan",
            experiment.Spec,
            "--artifacts",
            experiment.Artifacts,
            "--set",
            "stages.masks.ablate=0.5",
        ];
        string Planned() => SameEverywhere.Of(HostProcess.Run(plan).Output);
        string with = Planned();
        Directory.Delete(Path.Combine(experiment.Artifacts, "cache", ".index"), recursive: true);
        Planned().Should().Be(with).And.Contain("ablate changed 0.75 -> 0.5");
    }

    /// <summary>Turns a bit in the middle of the first shard's passes.</summary>
    private static void Damage(SmallExperiment experiment)
    {
        string shard = Directory
            .EnumerateFiles(
                Path.Combine(experiment.Artifacts, "cache", "forward-passes"),
                "forward.parquet",
                SearchOption.AllDirectories
            )
            .Order(StringComparer.Ordinal)
            .First();
        byte[] bytes = File.ReadAllBytes(shard);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(shard, bytes);
    }

    [Fact]
    public void Plan_and_explain_say_why()
    {
        using var experiment = new SmallExperiment();
        HostProcess
            .Run("plan", experiment.Spec, "--artifacts", experiment.Artifacts)
            .Output.Should()
            .Contain("never computed")
            .And.Contain("more once");
        experiment.Run();
        HostProcess
            .Run("plan", experiment.Spec, "--artifacts", experiment.Artifacts)
            .Output.Should()
            .NotContain("never computed")
            .And.Contain("0 missing");
        HostProcess
            .Run("plan", experiment.Spec, "--artifacts", experiment.Artifacts, "--set", "stages.masks.ablate=0.5")
            .Output.Should()
            .Contain("ablate changed 0.75 -> 0.5");
        HostProcess
            .Run(
                "explain",
                "attribution",
                "--spec",
                experiment.Spec,
                "--artifacts",
                experiment.Artifacts,
                "--set",
                "stages.attribution.train=0.7"
            )
            .Output.Should()
            .Contain("train changed 0.8 -> 0.7");
    }
}
