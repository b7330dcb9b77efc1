using FluentAssertions;
using Xunit;
using static Pipelines.Host.Tests.WholeRuns.TableQuery;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>Analyses on top of beta and of the validation: their tables and figures, and what they cost.</summary>
public sealed class AnalysisTests
{
    private const string Analyses =
        "  layout: { stage: beta-layout, least_samples: 1 }\n  vectors: { stage: cluster-heads }\n";

    [Fact]
    public void Each_analysis_leaves_its_table_and_its_figure_and_a_second_run_does_nothing()
    {
        using var experiment = new SmallExperiment(samples: 6);
        experiment.Add(Analyses);
        experiment.Run();
        string tables = Path.Combine(experiment.RunFolder, "tables");
        Query(
                $"select count(*) from '{tables}/layout.parquet' l join '{tables}/samples.parquet' s using "
                    + $"(sample_id) where s.status = 'kept' and isfinite(x) and isfinite(y)"
            )
            .Should()
            .Be(6);
        long heads = Query($"select count(distinct layer * 8 + head) from '{tables}/head_vectors.parquet'");
        heads
            .Should()
            .Be(
                Query(
                    $"select count(*) from (select layer, head from '{tables}/attribution.parquet' group by layer, "
                        + $"head having max(beta) > 0.1)"
                )
            );
        Query(
                $"select count(*) from '{tables}/head_vectors.parquet' v join '{tables}/attribution.parquet' a using "
                    + $"(sample_id, layer, head) where v.beta = a.beta"
            )
            .Should()
            .Be(6 * heads);
        Query($"select count(*) from '{tables}/head_tree.parquet'").Should().Be(heads - 1);
        Query($"select count(*) from '{tables}/heads_needed.parquet'")
            .Should()
            .Be(6 * 4 * 2 * 5, "four criteria, faithfulness and completeness, five thresholds");
        foreach (
            string figure in new[]
            {
                "fig3d-beta-attention",
                "fig3e-tsne",
                "fig5-thresholds",
                "fig7-single-head",
                "fig10-head-vectors",
            }
        )
        {
            File.Exists(Path.Combine(experiment.RunFolder, "figures", figure + ".svg")).Should().BeTrue(figure);
        }

        experiment.Run().Should().Contain("Nothing to do");
    }

    [Fact]
    public void Styles_are_compared_without_a_pass_and_a_second_run_does_nothing()
    {
        using var experiment = new SmallExperiment(samples: 8);
        experiment.UseStyles();
        experiment.Run();
        var before = experiment.StoredKeys();
        experiment.Add("  layout: { stage: beta-layout, least_samples: 1 }\n  styles: { stage: compare-styles }\n");
        experiment.Run().Should().Contain("across styles");
        var after = experiment.StoredKeys();
        foreach (string kind in before.Keys.Where(k => k != "report"))
        {
            after[kind].Should().BeEquivalentTo(before[kind], kind);
        }

        after["compare-styles"].Should().ContainSingle();

        string tables = Path.Combine(experiment.RunFolder, "tables");
        string styled =
            $"(select *, split_part(sample_id, '/', 1) as style, split_part(sample_id, '/', 2) as object from "
            + $"'{tables}/samples.parquet' where status = 'kept')";
        Query($"select count(*) from '{tables}/styles.parquet'")
            .Should()
            .Be(12, "six pairs of styles, the same object or another");
        Query($"select sum(pairs)::bigint from '{tables}/styles.parquet'").Should().Be(8 * 7 / 2);
        Query($"select sum(pairs)::bigint from '{tables}/styles.parquet' where object = 'same'")
            .Should()
            .Be(
                Query(
                    $"select count(*) from {styled} a join {styled} b on a.object = b.object and a.sample_id < "
                        + $"b.sample_id"
                )
            );
        string cosine = $"""
            select a.sample_id as one, b.sample_id as other,
              sum(a.beta * b.beta) / sqrt(sum(a.beta * a.beta) * sum(b.beta * b.beta)) as cosine
            from '{tables}/attribution.parquet' a
            join '{tables}/attribution.parquet' b
              on a.layer = b.layer and a.head = b.head and a.sample_id < b.sample_id
            group by all
            """;
        Query(
                $"""
                select count(*) from (
                  select avg(cosine) as mean,
                    split_part(one, '/', 2) = split_part(other, '/', 2) as same_object,
                    split_part(one, '/', 1) = split_part(other, '/', 1) as same_style
                  from ({cosine}) group by all
                )
                join '{tables}/style_relations.parquet' r
                  on (r.object = 'same') = same_object and (r.style = 'same') = same_style and r.object != 'difference'
                where abs(mean - cosine_mean) < 1e-9
                """
            )
            .Should()
            .Be(
                Query(
                    $"select count(*) from '{tables}/style_relations.parquet' where object != 'difference' and "
                        + $"cosine_mean is not null"
                )
            )
            .And.BeGreaterThan(1);
        Query(
                $"""
                select count(*) from (
                  select s.style, avg(f.r2) as plain
                  from {styled} s join '{tables}/fits.parquet' f using (sample_id) group by all
                )
                join '{tables}/style_means.parquet' m using (style)
                where m.quantity = 'r2' and abs(m.mean - plain) < 1e-12
                """
            )
            .Should()
            .Be(Query($"select count(distinct style) from {styled}"));
        Query(
                $"""
                select count(*) from (
                  select s.style, n.criterion, avg(n.heads) as plain
                  from {styled} s join '{tables}/heads_needed.parquet' n using (sample_id)
                  where n.quantity = 'completeness' and n.threshold = 0.2 group by all
                )
                join '{tables}/style_means.parquet' m using (style, criterion)
                where m.quantity = 'heads_completeness' and abs(m.mean - plain) < 1e-12
                """
            )
            .Should()
            .Be(4 * Query($"select count(distinct style) from {styled}"));
        File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html"))
            .Should()
            .Contain("id=\"fig9-styles\"")
            .And.Contain("style_means.csv");
        File.Exists(Path.Combine(experiment.RunFolder, "figures", "fig9-styles.csv")).Should().BeTrue();

        experiment.Run().Should().Contain("Nothing to do");
        experiment.Run("--set", "stages.validation.completeness=0.3");
        experiment
            .StoredKeys()["compare-styles"]
            .Should()
            .HaveCount(2, "heads needed are judged by the thresholds of the validation");
        experiment.StoredKeys()["forward-passes"].Should().BeEquivalentTo(after["forward-passes"]);
    }

    [Fact]
    public void An_analysis_added_to_a_finished_experiment_recomputes_no_pass()
    {
        using var experiment = SmallExperiment.AfterRun();
        var before = experiment.StoredKeys();
        experiment.Add(Analyses);
        experiment.Run();
        var after = experiment.StoredKeys();
        foreach (string kind in before.Keys.Where(k => k != "report"))
        {
            after[kind].Should().BeEquivalentTo(before[kind], kind);
        }

        after["beta-layout"].Should().ContainSingle();
        after["cluster-heads"].Should().ContainSingle();
    }

    [Fact]
    public void Heads_needed_are_the_first_crossings_and_a_scan_until_crossed_finds_those_of_the_full_scan()
    {
        using var experiment = SmallExperiment.AfterRun();
        string tables = Path.Combine(experiment.RunFolder, "tables");
        string first = $"""
            select sample_id, criterion, seed, 'faithfulness' as quantity, t as threshold, min(k) as heads
            from '{tables}/validation.parquet', (select unnest([0.5, 0.6, 0.7, 0.8, 0.9]) as t)
            where faithfulness > t group by all
            union all
            select sample_id, criterion, seed, 'completeness', t, min(k)
            from '{tables}/validation.parquet', (select unnest([0.5, 0.4, 0.3, 0.2, 0.1]) as t)
            where completeness < t group by all
            """;
        long crossed = Query($"select count(*) from '{tables}/heads_needed.parquet' where heads is not null");
        crossed.Should().BeGreaterThan(60);
        Query(
                $"select count(*) from ({first}) join '{tables}/heads_needed.parquet' using (sample_id, criterion, "
                    + $"seed, quantity, threshold, heads)"
            )
            .Should()
            .Be(crossed);
        byte[] until = File.ReadAllBytes(Path.Combine(tables, "heads_needed.parquet"));
        experiment.Run("--set", "stages.validation.scan=full");
        File.ReadAllBytes(Path.Combine(tables, "heads_needed.parquet")).Should().Equal(until);
    }

    [Fact]
    public void Other_thresholds_of_a_full_scan_cost_no_pass_and_stand_in_the_table()
    {
        using var experiment = new SmallExperiment();
        File.WriteAllText(
            experiment.Spec,
            File.ReadAllText(experiment.Spec)
                .Replace("scan: until-crossed", "scan: full", StringComparison.Ordinal)
                .Replace("  report: { stage: report }\n", "", StringComparison.Ordinal)
        );
        experiment.Run();
        experiment.Run("--set", "stages.validation.thresholds=[0.8]").Should().Contain("Nothing to do");
        string needed = Path.Combine(experiment.RunFolder, "tables", "heads_needed.parquet");
        Query($"select count(*) from '{needed}'").Should().Be(2 * 4 * 2);
        Query($"select count(*) from '{needed}' where threshold not in (0.8, 0.2)").Should().Be(0);
    }

    [Fact]
    public void Styles_of_pictures_without_styles_are_refused_before_anything_runs()
    {
        using var experiment = new SmallExperiment();
        experiment.Add("  styles: { stage: compare-styles }\n");
        experiment.Refusal().Should().Contain("small.yaml:12:3: stages.styles: ").And.Contain("domainnet");
        Directory.Exists(experiment.Artifacts).Should().BeFalse();
    }

    [Theory]
    [InlineData("stages.validation.thresholds=[0.5,1.5]", "0 to 1")]
    [InlineData("stages.layout.perplexity=0.5", "1.001 to 10000")]
    [InlineData("stages.vectors.linkage=centroid", "average, ward")]
    public void A_setting_out_of_range_is_refused_before_anything_runs(string setting, string right)
    {
        using var experiment = new SmallExperiment();
        experiment.Add(Analyses);
        experiment.Refusal("--set", setting).Should().Contain(right);
    }

    [Fact]
    public void Every_setting_runs()
    {
        using var experiment = SmallExperiment.AfterRun();
        experiment.Add(Analyses);
        string[] variants =
        [
            "stages.layout.least_samples=1000",
            "stages.layout.perplexity=1.5",
            "stages.layout.steps=10",
            "stages.vectors.least_beta=1",
            "stages.vectors.distance=cosine",
            "stages.vectors.linkage=ward",
            "stages.validation.thresholds=[0.8]",
        ];
        foreach (string variant in variants)
        {
            experiment.Run("--set", variant).Should().Contain("report", variant);
        }
    }
}
