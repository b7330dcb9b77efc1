using System.Diagnostics;
using System.Globalization;
using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>As many masks as each sample needs.</summary>
public sealed class AutoCountTests
{
    private const string Fixed = "count: 60, shard: 20";

    /// <summary>Few masks, so that little is asked of beta.</summary>
    private static SmallExperiment Small(
        string count = "count: auto, until: 0.75, least: 40, most: 300, shard: 20",
        int samples = 2
    )
    {
        var experiment = new SmallExperiment(samples);
        Write(experiment, Fixed, count);
        return experiment;
    }

    private static void Write(SmallExperiment experiment, string old, string changed)
    {
        string text = File.ReadAllText(experiment.Spec);
        text.Should().Contain(old);
        File.WriteAllText(experiment.Spec, text.Replace(old, changed, StringComparison.Ordinal));
    }

    /// <summary>Sample to masks and correlation at every step.</summary>
    private static Dictionary<string, (int Masks, double Correlation)[]> Steps(SmallExperiment experiment) =>
        File.ReadAllLines(Path.Combine(experiment.RunFolder, "tables", "half_split.csv"))
            .Skip(1)
            .Select(l => l.Split(','))
            .GroupBy(c => c[0])
            .ToDictionary(
                g => g.Key,
                g =>
                    g.Select(c =>
                            (
                                int.Parse(c[1], CultureInfo.InvariantCulture),
                                c[2].Length > 0 ? double.Parse(c[2], CultureInfo.InvariantCulture) : double.NaN
                            )
                        )
                        .ToArray()
            );

    [Theory]
    [InlineData("  x: { stage: ablation-ratio, ratios: [0.5, 0.75] }\n")]
    [InlineData("  x: { stage: prompt-similarity, prompts: [p1] }\n")]
    [InlineData("  g: { stage: gradient-passes, count: 4 }\n  x: { stage: gradient-cost }\n")]
    [InlineData("  g: { stage: gradient-passes }\n  x: { stage: gradient-worth }\n")]
    public void A_study_of_equally_many_masks_refuses_auto_before_a_pass_is_run(string stages)
    {
        using SmallExperiment experiment = Small();
        experiment.Add(stages);
        experiment
            .Refusal()
            .Should()
            .Contain("stages.x")
            .And.Contain("compares fits to equally many masks, and stages.masks.count is auto");
        experiment.StoredKeys().Should().BeEmpty();
    }

    [Fact]
    public void A_sample_stops_at_the_first_step_whose_halves_correlate_and_a_larger_bound_only_adds_shards()
    {
        using SmallExperiment experiment = Small();
        string output = experiment.Run("--set", "stages.masks.until=0.3");
        var low = Steps(experiment);
        var before = experiment.StoredKeys();
        output.Should().Contain("until two halves correlate 0.3");

        experiment.Run();
        var high = Steps(experiment);
        var after = experiment.StoredKeys();
        foreach (var (sample, steps) in high)
        {
            steps.SkipLast(1).Should().OnlyContain(s => !(s.Correlation >= 0.75));
            (steps[^1].Correlation >= 0.75 || steps[^1].Masks == 300).Should().BeTrue();
            low[sample][^1].Masks.Should().BeLessThan(steps[^1].Masks, "it asks for less");
            steps.Should().StartWith(low[sample], "the steps are the same");
        }

        foreach (string kind in new[] { "sample-masks", "forward-passes", "half-split" })
        {
            after[kind].Should().Contain(before[kind]);
        }

        int Shards(int masks) => (masks + 19) / 20;
        after["sample-masks"].Should().HaveCount(high.Values.Sum(s => Shards(s[^1].Masks)));
        after["forward-passes"]
            .Should()
            .HaveCount(
                2 + high.Values.Sum(s => Shards(s[^1].Masks)),
                "f(1) and f(0) of each sample, and what it needs"
            );
        foreach (string table in new[] { "masks", "forward" })
        {
            Directory
                .EnumerateFiles(Path.Combine(experiment.RunFolder, "tables", table))
                .Should()
                .HaveCount(high.Values.Sum(s => Shards(s[^1].Masks)));
        }

        File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html"))
            .Should()
            .Contain("until two halves correlate 0.75");

        experiment.Run().Should().MatchRegex(@"Nothing to do: all \d+ units are stored");
        string back = experiment.Run("--set", "stages.masks.until=0.3");
        Steps(experiment).Should().BeEquivalentTo(low);
        experiment
            .StoredKeys()["half-split"]
            .Should()
            .BeEquivalentTo(after["half-split"], "a bound is judged when it is read");
        back.Should().NotContain("forward: 1 computed").And.Contain("attribution: 2 cached");
    }

    [Fact]
    public void A_fixed_count_shares_all_shards()
    {
        using SmallExperiment experiment = Small();
        experiment.Run();
        int least = Steps(experiment).Values.Min(s => s[^1].Masks);
        var before = experiment.StoredKeys();
        Write(
            experiment,
            "count: auto, until: 0.75, least: 40, most: 300, shard: 20",
            $"count: {least - (least % 20)}, shard: 20"
        );
        experiment.Run().Should().NotContain("masks: 1 computed");
        var after = experiment.StoredKeys();
        foreach (string kind in new[] { "sample-masks", "forward-passes", "half-split" })
        {
            after[kind].Should().BeEquivalentTo(before[kind]);
        }

        File.Exists(Path.Combine(experiment.RunFolder, "tables", "half_split.csv")).Should().BeFalse();
    }

    [Fact]
    public void Killed_again_and_again_and_with_other_jobs_a_run_ends_with_byte_identical_tables()
    {
        const int kills = 5;
        using SmallExperiment undisturbed = Small();
        var watch = Stopwatch.StartNew();
        undisturbed.RunApart("--jobs", "1"); // as long as those that are killed
        TimeSpan whole = watch.Elapsed;
        using SmallExperiment killed = Small();
        int stored = 0;
        for (int i = 1; i <= kills; i++)
        {
            int now = killed.RunAndKill(whole * i / (kills + 2), "--jobs", "2");
            now.Should().BeGreaterThanOrEqualTo(stored, "what was stored stays");
            stored = now;
        }

        killed.Run();
        killed.TableBytes().Should().Equal(undisturbed.TableBytes());
    }

    [Fact]
    public void Shared_masks_are_drawn_once_and_gradients_take_the_paper_s_elastic_net()
    {
        using SmallExperiment experiment = Small(
            "count: auto, until: 0.6, least: 40, most: 200, shard: 20, scope: shared"
        );
        Write(
            experiment,
            "  attribution: { stage: regress }",
            "  gradients: { stage: gradient-passes, count: 6, shard: 3 }\n  attribution: { stage: regress, "
                + "trainer: gradient }"
        );
        experiment.Run();
        var steps = Steps(experiment);
        experiment.StoredKeys()["sample-masks"].Should().HaveCount((steps.Values.Max(s => s[^1].Masks) + 19) / 20);
        Directory
            .EnumerateFiles(Path.Combine(experiment.RunFolder, "tables", "forward"))
            .Should()
            .HaveCount(steps.Values.Sum(s => (s[^1].Masks + 19) / 20));
        experiment.Run().Should().Contain("Nothing to do");
    }

    [Fact]
    public void Two_baselines_ask_for_masks_of_the_same_stage_each_as_many_as_it_needs()
    {
        using SmallExperiment experiment = Small("count: auto, until: 0.6, least: 40, most: 200, shard: 20");
        Write(
            experiment,
            "  report: { stage: report }",
            """
              zero: { stage: collect-mean-kv, kind: zero }
              forward-zero: { stage: forward-passes, inputs: { baseline: zero } }
              report: { stage: report, inputs: { baseline: baseline, forward: forward } }
            """
        );
        experiment.Run();
        string[] Parts(string table) =>
            [
                .. Directory
                    .EnumerateFiles(Path.Combine(experiment.RunFolder, "tables", table))
                    .Select(f => Path.GetFileName(f))
                    .Where(f => f.Contains("masks", StringComparison.Ordinal)),
            ];
        string[] mean = Parts("forward/forward"),
            zero = Parts("forward-zero/forward");
        mean.Should().NotBeEmpty();
        Parts("masks").Should().BeEquivalentTo(mean.Union(zero));
    }

    [Theory]
    [InlineData("count: some", "'some' is not a whole number or auto")]
    [InlineData("count: auto, until: 1.2", "0.001 to 0.9999")]
    [InlineData("count: auto, most: 100", "most is 100, below least, which is 500")]
    [InlineData("count: 60, until: 0.9", "belongs to count auto")]
    public void Mistakes_are_told_before_anything_runs(string count, string error)
    {
        using SmallExperiment experiment = Small(count);
        var (code, _, errors) = HostProcess.Run(experiment.Arguments());
        code.Should().Be(2);
        errors.Should().Contain("small.yaml:8:").And.Contain(error).And.NotContain("   at ");
    }
}
