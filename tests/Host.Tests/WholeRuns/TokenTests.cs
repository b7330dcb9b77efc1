using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;
using static Pipelines.Host.Tests.WholeRuns.TableQuery;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>Token tracing and the logit lens in whole runs.</summary>
public sealed partial class TokenTests
{
    private const string Tokens = "  tokens: { stage: token-trace, count: 40, shard: 20 }\n",
        Lens = "  lens: { stage: logit-lens, items: 6 }\n";

    [Fact]
    public void Added_to_a_finished_experiment_they_compute_no_forward_pass_and_their_tables_are_whole()
    {
        using var experiment = SmallExperiment.AfterRun();
        var before = experiment.StoredKeys();
        experiment.Add(Tokens + Lens);
        string output = experiment.Run();
        var after = experiment.StoredKeys();
        foreach (
            string kind in new[]
            {
                "answer-questions",
                "collect-mean-kv",
                "sample-masks",
                "forward-passes",
                "regress",
                "validate",
            }
        )
        {
            after[kind].Should().Equal(before[kind], kind);
        }

        after["token-trace"]
            .Should()
            .HaveCount(
                2 * (1 + 1 + 2 + 1),
                "two samples have a unit of text tokens, of heads, two shards and a fit each"
            );
        output.Should().Contain("tokens: text tokens").And.Contain("lens");

        string tables = Path.Combine(experiment.RunFolder, "tables");
        double pooled = Number($"select corr(beta, weighted_attention) from '{tables}/image_tokens.parquet'"),
            within = Number($"select avg(rho_attention) from '{tables}/token_fits.parquet'");
        output
            .Should()
            .Contain(
                $"rho {Stages.Reporting.Format.Score(pooled)} over the tokens of all samples, "
                    + $"{Stages.Reporting.Format.Score(within)} within a sample on average",
                "the report states both, too"
            );
        Query($"select count(*) from '{tables}/image_forward/*.parquet'").Should().Be(2 * 40);
        Query($"select count(*) from '{tables}/head_attention/*.parquet'")
            .Should()
            .Be(
                Query($"select cast(sum(heads_kept) as bigint) from '{tables}/token_traces.parquet'"),
                "every head of x* has a row"
            );
        Query($"select count(*) from '{tables}/image_masks/*.parquet' where bit_count(cast(image_tokens as bit)) <> 36")
            .Should()
            .Be(0, "75 % of 144 image tokens are ablated");
        Query($"select count(distinct image_tokens) from '{tables}/image_masks/*.parquet'")
            .Should()
            .Be(2 * 40, "every mask is drawn anew");
        Query(
                $"select count(*) from '{tables}/image_forward/*.parquet' f join '{tables}/image_masks/*.parquet' m "
                    + $"using (sample_id, mask_index) join '{tables}/samples.parquet' s using (sample_id) where "
                    + $"abs(f.phi - (f.f - s.f_ablated) / (s.f_intact - s.f_ablated)) < 1e-12"
            )
            .Should()
            .Be(2 * 40);
        Query(
                $"select count(*) from '{tables}/image_tokens.parquet' where beta is not null and \"row\" * 12 + "
                    + $"\"column\" = token"
            )
            .Should()
            .Be(2 * 144);
        Query($"select count(*) from '{tables}/text_tokens.parquet' where important <> (delta > 0.05)").Should().Be(0);
        Query(
                $"select count(*) from '{tables}/token_traces.parquet' t where phi_heads > 0.8 and heads_kept = "
                    + $"bit_count(cast(heads as bit)) and abs(logit_kept - phi_tokens / phi_heads) < 1e-12"
            )
            .Should()
            .Be(2);
        Query(
                $"select count(*) from (select sample_id, sum(important::int) as n from "
                    + $"'{tables}/text_tokens.parquet' group by 1) join '{tables}/token_traces.parquet' using "
                    + $"(sample_id) where n = tokens_kept"
            )
            .Should()
            .Be(2);
        Query(
                $"select count(*) from '{tables}/token_traces.parquet' t join '{tables}/validation.parquet' v on "
                    + $"v.sample_id = t.sample_id and v.criterion = 'head-attribution' and v.k = t.heads_kept where "
                    + $"abs(v.faithfulness - t.phi_heads) < 1e-5"
            )
            .Should()
            .Be(2, "x* is a point of the validation");
        Query($"select count(*) from '{tables}/logit_lens.parquet'").Should().Be(2 * 5 * 6);
        Query(
                $"select count(*) from '{tables}/logit_lens.parquet' l join '{tables}/attribution.parquet' a using "
                    + $"(sample_id, layer, head) where l.beta = a.beta"
            )
            .Should()
            .Be(2 * 5 * 6);
        Query(
                $"select count(*) from '{tables}/object_share.parquet' where area between 0 and 1 and beta_on_object "
                    + "between 0 and 1 and attention_on_object between 0 and 1"
            )
            .Should()
            .Be(2, "the annotations have boxes");
        Query(
                $"select count(*) from '{tables}/key_numbers.parquet' where quantity in ('object_area', "
                    + "'beta_on_object', 'attention_on_object') and low <= value and value <= high"
            )
            .Should()
            .Be(3);
        foreach (
            string file in new[]
            {
                "figures/fig-object-share.svg",
                "figures/fig4a-text-tokens.svg",
                "figures/fig4b-image-tokens.svg",
                "figures/fig4c-weighted-attention.svg",
                "figures/fig8-logit-lens.svg",
                "figures/table3-logit-kept.csv",
            }
        )
        {
            File.Exists(Path.Combine(experiment.RunFolder, file)).Should().BeTrue(file);
        }

        experiment.Run().Should().Contain("Nothing to do");
    }

    [Fact]
    public void Data_without_boxes_have_no_share_of_the_object_and_no_figure_of_it()
    {
        using var experiment = SmallExperiment.AfterRun();
        experiment.Add(Tokens);
        string annotations = experiment.CopyAnnotations();
        File.WriteAllText(annotations, Bbox().Replace(File.ReadAllText(annotations), "\"box\""));

        experiment.Run("--set", $"data.annotations={annotations}");

        File.Exists(Path.Combine(experiment.RunFolder, "tables", "object_share.parquet")).Should().BeFalse();
        File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html"))
            .Should()
            .NotContain("object_share")
            .And.NotContain("object-share");
    }

    [GeneratedRegex("\"bbox\"")]
    private static partial Regex Bbox();

    [Fact]
    public void Gradients_of_image_tokens_are_refused_before_anything_runs()
    {
        using var experiment = new SmallExperiment();
        experiment.Add(Tokens);
        var (code, output, errors) = HostProcess.Run(experiment.Arguments("--set", "stages.tokens.trainer=gradient"));
        code.Should().Be(2, output + errors);
        errors.Should().Contain("token-trace: trainer").And.Contain("elastic-net").And.NotContain("   at ");
        Directory.Exists(Path.Combine(experiment.Artifacts, "runs")).Should().BeFalse();
    }

    [Fact]
    public void A_larger_count_computes_only_the_additional_masks()
    {
        using var experiment = SmallExperiment.AfterRun();
        experiment.Add(Tokens);
        experiment.Run();
        var before = experiment.StoredKeys()["token-trace"];
        experiment.Run("--set", "stages.tokens.count=60");
        var after = experiment.StoredKeys()["token-trace"];
        after.Should().Contain(before);
        (after.Count - before.Count).Should().Be(2 * 2, "two samples have one more shard and another fit each");
        experiment
            .Run("--set", "stages.tokens.alpha=0.001")
            .Should()
            .Contain("tokens: 2 computed", "another penalty costs a fit a sample");
    }

    [Fact]
    public void The_bytes_of_the_tables_depend_neither_on_jobs_nor_threads_nor_batch()
    {
        using var one = new SmallExperiment();
        one.Add(Tokens + Lens);
        one.RunApart("--jobs", "1", "--threads", "1");
        var expected = one.TableBytes();
        foreach (
            string[] options in new[]
            {
                new[] { "--jobs", "2", "--threads", "2" },
                ["--jobs", "1", "--threads", "2", "--set", "engine.batch=7"],
            }
        )
        {
            using var other = new SmallExperiment();
            other.Add(Tokens + Lens);
            other.RunApart(options);
            other.TableBytes().Should().Equal(expected, "{0}", string.Join(' ', options));
        }
    }

    [Theory]
    [InlineData("stages.validation.rank_by=[attention]", "head-attribution")]
    [InlineData("stages.tokens.faithfulness=0.95", "scan")]
    [InlineData("stages.tokens.image_tokens=sometimes", "always")]
    public void What_cannot_be_traced_is_refused_before_anything_runs(string setting, string right)
    {
        using var experiment = new SmallExperiment();
        experiment.Add(Tokens);
        experiment.Refusal("--set", setting).Should().Contain(right);
    }

    [Fact]
    public void Every_setting_runs()
    {
        using var experiment = SmallExperiment.AfterRun();
        experiment.Add(Tokens + Lens);
        string[] variants =
        [
            "stages.tokens.image_tokens=never",
            "stages.tokens.draw=bernoulli",
            "stages.tokens.trainer=light-gbm",
            "stages.tokens.important=1",
            "stages.baseline.kind=knockout",
            "stages.lens.reading=image",
            "engine.linear=torch",
        ];
        foreach (string variant in variants)
        {
            experiment.Run("--set", variant).Should().Contain("report", variant);
        }
    }
}
