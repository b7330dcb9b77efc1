using System.Diagnostics;
using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>The comparison of prompts in whole runs.</summary>
public sealed class PromptSimilarityTests
{
    private const string Literal = "What can be seen, in a word?",
        Prompts =
            "  prompts: { stage: prompt-similarity, prompts: [p3, p9, 'What can be seen, in a word?'], samples: 2 }\n";

    private static readonly string[] Kinds =
    [
        "answer-questions",
        "collect-mean-kv",
        "sample-masks",
        "forward-passes",
        "regress",
        "validate",
    ];

    [Fact]
    public void Added_to_a_finished_experiment_it_runs_only_the_other_prompts_and_shares_what_no_question_changes()
    {
        using var experiment = SmallExperiment.AfterRun(samples: 4);
        var before = experiment.StoredKeys();
        Add(experiment, Prompts);
        string plan = HostProcess.Run(["plan", .. experiment.Arguments()]).Output;
        plan.Should()
            .Contain("prompts (prompt-similarity): 0 cached, ")
            .And.Contain("more once the answers to the other prompts are there (about 360 masks)");
        string output = experiment.Run();
        output.Should().Contain("prompts: p3").And.Contain("prompts: forward-passes: ");
        var after = experiment.StoredKeys();
        foreach (string kind in Kinds)
        {
            after[kind].Should().Contain(before[kind], kind);
        }

        foreach (string kind in new[] { "collect-mean-kv", "sample-masks", "validate" })
        {
            after[kind].Should().BeEquivalentTo(before[kind], kind);
        }

        string tables = Path.Combine(experiment.RunFolder, "tables");
        TableQuery
            .Query($"select count(*) from '{tables}/prompt_similarity.parquet' where cosine between -1 and 1")
            .Should()
            .BePositive();
        TableQuery
            .Query(
                $"select max(n) from (select count(*) as n from '{tables}/prompt_similarity.parquet' group by prompt)"
            )
            .Should()
            .Be(2);
        TableQuery
            .Query(
                $"select count(*) from '{tables}/prompt_similarity.parquet' p join '{tables}/samples.parquet' s "
                    + $"using (sample_id) where s.status <> 'kept'"
            )
            .Should()
            .Be(0);
        TableQuery
            .Query(
                $"select count(*) from '{tables}/prompt_similarity.parquet' where prompt = 'p9' and question not "
                    + $"like 'Offer the primary%'"
            )
            .Should()
            .Be(0);
        File.ReadAllText(Path.Combine(experiment.RunFolder, "figures", "table1-prompts.csv"))
            .Should()
            .Contain(Literal)
            .And.Contain("0.97");
        File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html"))
            .Should()
            .Contain("tables/prompt_similarity.csv")
            .And.Contain("id=\"table1-prompts\"");

        experiment.Run().Should().Contain("Nothing to do");
        experiment.StoredKeys().Should().BeEquivalentTo(after);
        HostProcess
            .Run("gc", "--artifacts", experiment.Artifacts)
            .Output.Should()
            .StartWith("1 artifact,", "the page without the comparison goes");
        experiment.Run().Should().Contain("Nothing to do");
        experiment
            .Run("--set", "stages.prompts.prompts=[p3, p9]")
            .Should()
            .Contain("prompts: 1 computed", "only the table is another");
    }

    [Fact]
    public void A_prompt_that_was_an_experiment_of_its_own_is_computed_once_and_its_cosine_is_that_of_the_two_tables()
    {
        using var experiment = new SmallExperiment(samples: 3);
        string other = Path.Combine(experiment.Artifacts, "other.parquet");
        experiment.Run("--set", "prompt=p9", "--set", "stages.validation=null");
        File.Copy(Path.Combine(experiment.RunFolder, "tables", "attribution.parquet"), other);
        experiment.Run();
        var before = experiment.StoredKeys();
        Add(experiment, "  prompts: { stage: prompt-similarity, prompts: [p9], samples: 2 }\n");
        experiment.Run();
        var after = experiment.StoredKeys();
        string tables = Path.Combine(experiment.RunFolder, "tables");
        long shared = TableQuery.Query(
            $"select count(*) from '{tables}/prompt_similarity.parquet' join (select distinct sample_id from "
                + $"'{other}') using (sample_id)"
        );
        shared.Should().BePositive();
        (after["regress"].Count - before["regress"].Count)
            .Should()
            .Be((int)(TableQuery.Query($"select count(*) from '{tables}/prompt_similarity.parquet'") - shared));
        TableQuery
            .Query(
                $"""
                select count(*) from '{tables}/prompt_similarity.parquet' p
                join (
                  select sample_id, sum(a.beta * b.beta) / sqrt(sum(a.beta * a.beta) * sum(b.beta * b.beta)) as cosine
                  from '{tables}/attribution.parquet' a join '{other}' b using (sample_id, layer, head) group by 1
                ) c using (sample_id)
                where abs(p.cosine - c.cosine) < 1e-12
                """
            )
            .Should()
            .Be(shared);
    }

    [Fact]
    public void Killed_and_run_again_it_ends_with_the_same_tables_and_two_comparisons_publish_beside_each_other()
    {
        const string two =
            "  prompts: { stage: prompt-similarity, prompts: [p3], samples: 1 }\n  more: { stage: prompt-similarity, "
            + "prompts: [p3, p9], samples: 2 }\n";
        using var undisturbed = new SmallExperiment();
        using var killed = new SmallExperiment();
        foreach (SmallExperiment experiment in new[] { undisturbed, killed })
        {
            Add(experiment, two);
            File.WriteAllText(
                experiment.Spec,
                File.ReadAllText(experiment.Spec)
                    .Replace(
                        "{ stage: report }",
                        "{ stage: report, inputs: { prompts: more } }",
                        StringComparison.Ordinal
                    )
            );
        }

        undisturbed.Run("--jobs", "1");
        string fits = Path.Combine(killed.Artifacts, "cache", "regress");
        using (Process process = HostProcess.Start(killed.Arguments()))
        {
            _ = process.StandardOutput.ReadToEndAsync();
            _ = process.StandardError.ReadToEndAsync();
            while (!process.HasExited && !(Directory.Exists(fits) && Directory.EnumerateDirectories(fits).Count() >= 3))
            {
                Thread.Sleep(10);
            }

            if (!process.HasExited)
            {
                process.Kill();
            }

            process.WaitForExit();
        }

        killed.Run();
        killed.TableBytes().Should().Equal(undisturbed.TableBytes());
        TableQuery
            .Query($"select count(distinct prompt) from '{killed.RunFolder}/tables/more/prompt_similarity.parquet'")
            .Should()
            .Be(2);
        TableQuery
            .Query($"select count(*) from '{killed.RunFolder}/tables/prompts/prompt_similarity.parquet'")
            .Should()
            .Be(1);
    }

    [Theory]
    [InlineData("stages.prompts.prompts=[p3, default]", "'default' is the experiment's own prompt")]
    [InlineData("prompt=p9", "'p9' is the experiment's own prompt")]
    [InlineData(
        "stages.prompts.prompts=[p1, Identify the primary subject in this picture with a single word.]",
        "asks the same as one before it"
    )]
    public void A_comparison_of_a_prompt_with_itself_is_refused_before_anything_runs(string setting, string said)
    {
        using var experiment = new SmallExperiment();
        Add(experiment, Prompts);
        var (code, output, errors) = HostProcess.Run(experiment.Arguments("--set", setting));
        code.Should().Be(2, output + errors);
        errors.Should().Contain("stages.prompts.prompts").And.Contain(said).And.NotContain("   at ");
        Directory.Exists(Path.Combine(experiment.Artifacts, "runs")).Should().BeFalse();
    }

    [Fact]
    public void A_prompt_under_which_no_answer_is_right_is_a_finding_and_no_failure()
    {
        using var experiment = new SmallExperiment(samples: 1);
        Add(experiment, "  prompts: { stage: prompt-similarity, prompts: ['?', p9] }\n");
        string[] seed = ["--set", "seed=6"]; // under '?', the answers to its first two pictures are wrong
        experiment.Run(seed).Should().MatchRegex("prompts: \\? +cosine of beta undefined");
        TableQuery
            .Query($"select count(*) from '{experiment.RunFolder}/tables/prompt_similarity.parquet' where prompt = '?'")
            .Should()
            .Be(0);
        File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html"))
            .Should()
            .Contain("No answer under “?” is right");
        experiment.Run([.. seed, "--set", "stages.prompts.prompts=['?']"]).Should().Contain("prompts: 1 computed");
        experiment.Run([.. seed, "--set", "stages.prompts.prompts=['?']"]).Should().Contain("Nothing to do");
    }

    [Fact]
    public void Every_way_of_drawing_and_fitting_runs_and_check_counts_its_cost()
    {
        using var experiment = SmallExperiment.AfterRun();
        Add(experiment, Prompts);
        foreach (
            string setting in new[]
            {
                "stages.masks.scope=shared",
                "stages.baseline.kind=zero",
                "stages.answers.per_object.most=1",
            }
        )
        {
            experiment.Run("--set", setting).Should().Contain("prompts: p9", setting);
        }

        File.WriteAllText(
            experiment.Spec,
            File.ReadAllText(experiment.Spec)
                .Replace(
                    "  attribution:",
                    "  gradients: { stage: gradient-passes, count: 6, shard: 3 }\n  attribution:",
                    StringComparison.Ordinal
                )
        );
        experiment
            .Run("--set", "stages.attribution.trainer=gradient", "--set", "stages.attribution.residual=none")
            .Should()
            .Contain("prompts: gradient-passes: ");

        var (code, check, errors) = HostProcess.Run(["check", .. experiment.Arguments()]);
        code.Should().Be(0, check + errors);
        check.Should().MatchRegex("prompts +[0-9,]+ masks, [0-9,]+ pictures +about");
    }

    private static void Add(SmallExperiment experiment, string stages) =>
        File.WriteAllText(
            experiment.Spec,
            File.ReadAllText(experiment.Spec).Replace("  report:", stages + "  report:", StringComparison.Ordinal)
        );
}
