using System.Text.RegularExpressions;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Host.Commands;
using Pipelines.Host.Running;
using Xunit;
using static Pipelines.Host.Tests.WholeRuns.TableQuery;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>A finished run, as other programs and people find it.</summary>
public sealed class ResultTests
{
    [Fact]
    public void DuckDb_reads_every_table_and_the_folders_of_part_files()
    {
        using var experiment = SmallExperiment.AfterRun();
        string tables = Path.Combine(experiment.RunFolder, "tables");
        Query($"select count(*) from '{tables}/samples.parquet' where status = 'kept'").Should().Be(2);
        Query($"select count(*) from '{tables}/forward/*.parquet'").Should().Be(2 * 60);
        Query($"select count(*) from '{tables}/attribution.parquet'").Should().Be(2 * 64);
        Query($"select count(*) from '{tables}/masks/*.parquet' where bit_count(cast(heads as bit)) <> 16")
            .Should()
            .Be(0, "75 % of 64 heads are ablated");
        Query(
                $"select count(*) from '{tables}/forward/*.parquet' f join '{tables}/masks/*.parquet' m using "
                    + $"(sample_id, mask_index)"
            )
            .Should()
            .Be(2 * 60);
        Query(
                $"select count(*) from '{tables}/forward/*.parquet' f join '{tables}/samples.parquet' s using "
                    + $"(sample_id) where abs(f.phi - (f.f - s.f_ablated) / (s.f_intact - s.f_ablated)) > 1e-12"
            )
            .Should()
            .Be(0);
        Query(
                $"select count(*) from '{tables}/validation.parquet' where k = 0 and (abs(faithfulness) > 1e-5 or "
                    + $"abs(completeness - 1) > 1e-5)"
            )
            .Should()
            .Be(0, "phi(0) = 0 and phi(1) = 1");
        foreach (string file in Directory.EnumerateFiles(tables, "*.parquet"))
        {
            string csv = Path.ChangeExtension(file, ".csv");
            Query($"select count(*) from '{file}'").Should().Be(Query($"select count(*) from read_csv('{csv}')"), file);
        }
    }

    [Fact]
    public void A_number_reads_the_same_in_terminal_page_and_comparison()
    {
        using var experiment = new SmallExperiment(samples: 4);
        string output = experiment.Run();
        string page = Plain(
            System.Net.WebUtility.HtmlDecode(File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html")))
        );
        string comparison = Plain(
            HostProcess.Run("diff", "small", "small", "--artifacts", experiment.Artifacts).Output
        );

        foreach (string criterion in new[] { "head-attribution", "causal", "attention", "random" })
        {
            Match said = Regex.Match(
                output,
                $@"validation: {criterion}\s+(\S+) heads for faithfulness > 0.8, (\S+) for completeness < 0.2"
            );
            said.Success.Should().BeTrue(output);
            string name = criterion == "head-attribution" ? "head attribution" : criterion;
            foreach (string heads in new[] { said.Groups[1].Value, said.Groups[2].Value })
            {
                page.Should().MatchRegex($@"</span>{name}</td>.*<td>{Regex.Escape(heads)}<small>");
                comparison
                    .Should()
                    .MatchRegex(
                        $@"{name}\s+(faithfulness|completeness).*\s{Regex.Escape(heads)}\s+{Regex.Escape(heads)}\s"
                    );
            }
        }

        foreach (string quantity in new[] { "R²", "rho" })
        {
            string spread = Regex
                .Match(Plain(output), $@"attribution: {quantity}\s+(\S+ ± \S+) \(n = 4\)")
                .Groups[1]
                .Value;
            spread.Should().NotBeEmpty(output);
            page.Should().Contain($">{spread} [");
            comparison.Should().Contain(spread);
        }
    }

    private static string Plain(string text) => text.Replace('\u00a0', ' ').Replace('\u202f', ' ');

    [Fact]
    public void Fits_that_do_not_converge_are_said_at_the_end_of_the_run_and_on_the_page()
    {
        using var experiment = SmallExperiment.AfterRun();
        experiment.Run().Should().NotContain("CONVERGED");
        experiment
            .Run("--set", "stages.attribution.max_iterations=1")
            .Should()
            .Contain("attribution: NOT CONVERGED")
            .And.Contain("2 of 2 fits did not converge within 1 sweep");
        File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html"))
            .Should()
            .Contain("2 of 2 fits did not converge within 1 sweep");
    }

    [Fact]
    public void A_person_reads_the_familys_published_name_and_settings_at_their_default_are_folded()
    {
        using var experiment = SmallExperiment.AfterRun();
        HostProcess.Run(["plan", .. experiment.Arguments()]).Output.Should().Contain("LLaVA-1.5, ");
        string page = File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html"));
        page.Should().Contain("micro-llava (LLaVA-1.5)").And.NotContain("(Llava)");
        string settings = page[
            page.IndexOf("id=\"settings\"", StringComparison.Ordinal)..page.IndexOf(
                "id=\"reproduce\"",
                StringComparison.Ordinal
            )
        ];
        int fold = settings.IndexOf("<details>", StringComparison.Ordinal);
        settings[..fold].Should().NotContain(">default<").And.Contain("stages.<wbr>masks.<wbr>count");
        settings[fold..]
            .Should()
            .Contain("l1_<wbr>ratio")
            .And.Contain("inputs.<wbr>forward")
            .And.NotContain("stages.<wbr>masks.<wbr>count");
    }

    [Fact]
    public void The_report_is_one_file_that_loads_nothing()
    {
        using var experiment = SmallExperiment.AfterRun();
        string page = File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html"));
        page.Should()
            .NotContainAny("src=\"http", "href=\"http", "@import", "url(http")
            .And.Contain("<svg")
            .And.Contain("alpha");
        foreach (
            System.Text.RegularExpressions.Match link in System.Text.RegularExpressions.Regex.Matches(
                page,
                "href=\"((?:tables|figures)/[^\"]+)\""
            )
        )
        {
            Path.Exists(Path.Combine(experiment.RunFolder, link.Groups[1].Value)).Should().BeTrue(link.Value);
        }
    }

    [Fact]
    public void An_object_has_as_many_samples_as_per_object_says_and_the_others_say_why_they_are_left_out()
    {
        using var experiment = new SmallExperiment(samples: 40, masks: 8, shard: 8);
        const string counts =
            "select lower(answer) as object, count(*) as n from '{0}' where status = 'kept' group by 1";
        string samples = Path.Combine(experiment.RunFolder, "tables", "samples.parquet"),
            kept = string.Format(System.Globalization.CultureInfo.InvariantCulture, counts, samples);
        experiment.Run("--set", "stages.validation=null", "--set", "stages.answers.per_object.most=1");
        Query($"select count(*) from '{samples}' where status = 'kept'").Should().Be(40);
        Query($"select max(n) from ({kept})").Should().Be(1);
        Query(
                $"select count(*) from '{samples}' where reason like '1 samples of % are kept before it "
                    + $"(per_object.most)'"
            )
            .Should()
            .BePositive();

        experiment
            .Run("--set", "stages.validation=null", "--set", "stages.answers.per_object={ least: 2, most: 2 }")
            .Should()
            .Contain("kept (per_object)");
        Query($"select min(n) from ({kept})").Should().Be(2);
        Query($"select max(n) from ({kept})").Should().Be(2);
        Query($"select count(*) from '{samples}' where reason like 'only 1 samples of % are right (per_object.least)'")
            .Should()
            .BePositive();

        var (code, _, errors) = HostProcess.Run(experiment.Arguments("--set", "stages.answers.per_object.least=41"));
        code.Should().Be(2);
        errors.Should().Contain("stages.answers.per_object.least: no object has 41 correct samples; the most are ");
    }

    [Fact]
    public void Members_of_a_matrix_share_what_they_can()
    {
        using var experiment = new SmallExperiment();
        File.AppendAllText(experiment.Spec, "matrix: { prompt: [default, p1] }\n");
        string output = experiment.Run();
        output.Should().Contain("prompt=default").And.Contain("prompt=p1");
        var keys = experiment.StoredKeys();
        keys["collect-mean-kv"].Should().ContainSingle("the image's keys and values do not depend on the question");
        Directory
            .EnumerateFiles(
                Path.Combine(experiment.Artifacts, "runs", "small"),
                "report.html",
                SearchOption.AllDirectories
            )
            .Should()
            .HaveCount(2);
    }

    [Fact]
    public void Garbage_collection_keeps_what_the_last_runs_use()
    {
        using var experiment = SmallExperiment.AfterRun();
        experiment.Run("--set", "stages.attribution.alpha=0.001");
        HostProcess.Run("gc", "--artifacts", experiment.Artifacts).Output.Should().Contain("were removed");
        experiment.StoredKeys()["regress"].Should().HaveCount(2, "those of the first alpha are gone");
        experiment.Run("--set", "stages.attribution.alpha=0.001").Should().Contain("Nothing to do");
    }

    [Fact]
    public void Reproduce_accepts_the_same_numbers_and_refuses_others()
    {
        using var experiment = SmallExperiment.AfterRun();
        string expected = Path.Combine(experiment.Artifacts, "expected");
        HostProcess
            .Run("reproduce", experiment.Spec, "--artifacts", experiment.Artifacts, "--expected", expected, "--write")
            .ExitCode.Should()
            .Be(0);
        HostProcess
            .Run("reproduce", experiment.Spec, "--artifacts", experiment.Artifacts, "--expected", expected)
            .ExitCode.Should()
            .Be(0);
        var (code, output, _) = HostProcess.Run(
            "reproduce",
            experiment.Spec,
            "--artifacts",
            experiment.Artifacts,
            "--expected",
            expected,
            "--set",
            "stages.masks.ablate=0.5"
        );
        code.Should().Be(1);
        output.Should().Contain("DIFFERENT").And.Contain("attribution.csv");
    }

    [Fact]
    public void Reproduce_looks_for_what_is_expected_before_it_runs_anything()
    {
        using var experiment = new SmallExperiment();
        string expected = Path.Combine(experiment.Artifacts, "expected");
        FluentActions
            .Invoking(() =>
                ReproduceCommand.Execute(
                    new RunOptions(experiment.Spec, [], experiment.Artifacts, null, null, KeepGoing: false),
                    expected,
                    write: false
                )
            )
            .Should()
            .Throw<InputException>()
            .WithMessage($"{expected}: holds nothing to compare with. Write it with reproduce --write, *--expected.");
        Directory.Exists(Path.Combine(experiment.Artifacts, "runs")).Should().BeFalse();

        Directory.CreateDirectory(expected);
        FluentActions.Invoking(() => ExpectedTables.RequireAny(expected)).Should().Throw<InputException>();
        File.WriteAllText(Path.Combine(expected, "tolerances.json"), """{ "fits.csv": { "r2": 0.1 } }""");
        FluentActions
            .Invoking(() => ExpectedTables.RequireAny(expected))
            .Should()
            .Throw<InputException>()
            .WithMessage("*fits.csv: is missing*");
        File.WriteAllText(Path.Combine(expected, "fits.csv"), "sample_id,r2\na,1\n");
        ExpectedTables.RequireAny(expected);
    }

    [Fact]
    public void Every_baseline_trainer_and_draw_runs()
    {
        using var experiment = SmallExperiment.AfterRun(samples: 1);
        string[][] variants =
        [
            ["stages.baseline.kind=zero"],
            ["stages.baseline.kind=knockout"],
            ["stages.baseline.rope=before"],
            ["stages.masks.draw=bernoulli"],
            ["stages.masks.scope=shared", "stages.answers.keep=2"],
            ["stages.attribution.trainer=sdca"],
            ["stages.attribution.trainer=light-gbm"],
            ["stages.attribution.trainer=fast-tree"],
            ["logit_mean=tokens"],
            ["model.image.fit=pad"],
            ["engine.linear=torch"],
        ];
        foreach (string[] variant in variants)
        {
            experiment.Run([.. variant.SelectMany(v => new[] { "--set", v })]).Should().Contain("report", variant[0]);
        }
    }
}
