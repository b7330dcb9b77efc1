using FluentAssertions;
using Xunit;
using static Pipelines.Host.Tests.WholeRuns.TableQuery;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>
/// What was asked and answered: the command that shows it, the table that every run leaves, and the token that is
/// measured.
/// </summary>
public sealed class AnswerTests
{
    private const string Question = "What is the main object in the image? Please answer with a single word.";

    [Fact]
    public void Ask_shows_every_answer_with_its_verdict_and_a_run_does_not_ask_again()
    {
        using var experiment = new SmallExperiment();
        var (code, shown, errors) = HostProcess.Run(["ask", .. experiment.Arguments()]);
        code.Should().Be(0, shown + errors);
        shown
            .Should()
            .Contain(Question)
            .And.MatchRegex(@"picture +answer +category +verdict")
            .And.MatchRegex(@"000000\d{6}\.\w+ +\w+ +\w+ +right")
            .And.MatchRegex(@"\d of \d answers right");
        shown.Should().NotContain("computed", "progress is no part of the table");
        Directory.Exists(Path.Combine(experiment.Artifacts, "runs")).Should().BeFalse("asking is no run");

        int blocks = experiment.StoredKeys()["answer-questions"].Count;
        string few = HostProcess
            .Run(["ask", "--pictures", "1", .. experiment.Arguments("--set", "stages.answers.keep=30")])
            .Output;
        few.Split('\n')
            .Count(line =>
                line.Contains(".jpg ", StringComparison.Ordinal) || line.Contains(".png ", StringComparison.Ordinal)
            )
            .Should()
            .Be(1);
        experiment.Run().Should().Contain($"answers: {blocks} cached");
        experiment.StoredKeys()["answer-questions"].Should().HaveCount(blocks, "all ask about the same blocks");

        HostProcess.Run(["ask", "--pictures", "0", .. experiment.Arguments()]).ExitCode.Should().Be(2);
        HostProcess
            .Run(["ask", .. experiment.Arguments("--set", "prompt=Is it a {category}?")])
            .Errors.Should()
            .Contain("no { or }");
    }

    [Fact]
    public void Answers_without_labels_are_not_called_right_and_leave_their_table_without_forward_passes()
    {
        using var experiment = new SmallExperiment();
        WriteFolderSpec(experiment, "");
        string output = experiment.Run();
        output.Should().Contain("4 answered, none judged: no labels").And.NotContain(" right");
        string tables = Path.Combine(experiment.RunFolder, "tables"),
            page = File.ReadAllText(Path.Combine(experiment.RunFolder, "report.html"));
        Query(
                $"select count(*) from '{tables}/samples.parquet' where verdict = 'not judged' and status = 'kept' "
                    + $"and answer <> '' and target <> '' and f_intact is null"
            )
            .Should()
            .Be(4);
        File.ReadAllText(Path.Combine(tables, "samples.csv")).Should().Contain(Question);
        page.Should()
            .Contain("none judged: no labels")
            .And.Contain("tables/samples.csv")
            .And.NotContain("answered correctly")
            .And.NotContain("answers right");
        string shown = HostProcess.Run(["ask", .. experiment.Arguments()]).Output;
        shown.Should().Contain("not judged").And.Contain("4 answered, none judged: no labels").And.NotContain(" right");
        experiment.Run().Should().Contain("Nothing to do");
    }

    [Fact]
    public void A_run_whose_answers_are_all_wrong_leaves_them_and_names_their_file_and_keep_going_goes_on()
    {
        using var experiment = new SmallExperiment();
        WriteFolderSpec(experiment, "");
        experiment.Run();
        string folder = Path.GetDirectoryName(experiment.Spec)!,
            samples = Path.Combine(experiment.RunFolder, "tables", "samples");
        File.WriteAllText(Path.Combine(folder, "labels.csv"), "file,category\na.jpg,zebra\nb.jpg,zebra\nc.jpg,zebra\n");
        string good = Path.Combine(folder, "good.yaml"),
            list = Path.Combine(folder, "list.yaml");
        File.WriteAllText(
            good,
            File.ReadAllText(experiment.Spec).Replace("name: small", "name: good", StringComparison.Ordinal)
        );
        File.WriteAllText(list, "name: list\nexperiments: [small.yaml, good.yaml]\n");
        WriteFolderSpec(experiment, ", labels: labels.csv");

        string error = experiment.Refusal();
        error
            .Should()
            .Contain("none of 3 answers is right")
            .And.Contain("not 'zebra'")
            .And.Contain("The labels name objects, such as 'zebra'")
            .And.Contain("--set 'data={kind: folder, images: FOLDER}'")
            .And.Contain(samples + ".csv");
        Query(
                $"select count(*) from '{samples}.parquet' where verdict = 'wrong' and category = 'zebra' and reason "
                    + $"like '%not ''zebra''' and answer <> ''"
            )
            .Should()
            .Be(3);
        File.Exists(Path.Combine(experiment.RunFolder, "tables", "key_numbers.csv"))
            .Should()
            .BeFalse("the tables of the run before are of other answers");
        File.Exists(Path.Combine(experiment.RunFolder, "report.html")).Should().BeFalse();
        experiment.Refusal().Should().Contain(samples + ".csv", "it is so when the answers are stored");
        HostProcess.Run(["ask", .. experiment.Arguments()]).Output.Should().Contain("0 of 3 answers right");

        var (stopped, _, first) = HostProcess.Run(list, "--artifacts", experiment.Artifacts);
        stopped.Should().Be(2);
        first.Should().Contain("small: answers: none of 3 answers is right");
        Directory.Exists(Path.Combine(experiment.Artifacts, "runs", "good")).Should().BeFalse();
        var (code, output, errors) = HostProcess.Run(list, "--artifacts", experiment.Artifacts, "--keep-going");
        code.Should().Be(2, output + errors);
        errors.Should().Contain("small: answers: none of 3 answers is right").And.NotContain("   at ");
        File.Exists(Path.Combine(experiment.Artifacts, "runs", "good", "tables", "samples.csv"))
            .Should()
            .BeTrue(output + errors);
        HostProcess
            .Run("plan", list, "--artifacts", experiment.Artifacts, "--keep-going")
            .Output.Should()
            .Contain("good: ");

        WriteFolderSpec(experiment, "");
        experiment.Run().Should().Contain("4 answered");
        File.Exists(Path.Combine(experiment.RunFolder, "report.html"))
            .Should()
            .BeTrue("what was left of a run that stopped is no whole run");
    }

    [GoldenFact("qwen2vl-tied")]
    public void A_word_behind_line_feeds_is_measured_with_these_given_by_every_stage()
    {
        using var experiment = new SmallExperiment();
        string pictures =
                Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(experiment.Spec)!, "pictures")).FullName,
            bundled = Path.Combine(Path.GetDirectoryName(experiment.Model)!, "images");
        foreach (string picture in Directory.EnumerateFiles(bundled).Order(StringComparer.Ordinal).Take(12))
        {
            File.Copy(picture, Path.Combine(pictures, Path.GetFileName(picture)));
        }

        File.WriteAllText(
            experiment.Spec,
            $$"""
            name: small
            seed: 7
            model: { path: "{{Path.Combine(
                GoldenFolder.Root,
                "qwen2vl-tied",
                "model"
            )}}", device: cpu, image: { size: 112 } }
            data: { kind: folder, images: pictures }
            stages:
              answers: { stage: answer-questions, keep: 12 }
              baseline: { stage: collect-mean-kv, images: 4 }
              masks: { stage: sample-masks, count: 40 }
              forward: { stage: forward-passes, min_gap: 0.0000001 }
              gradients: { stage: gradient-passes, count: 4 }
              attribution: { stage: regress }
              validation: { stage: validate, random_seeds: 1 }
              tokens: { stage: token-trace, count: 20 }
              lens: { stage: logit-lens }
              report: { stage: report }

            """
        );
        string output = experiment.Run();
        output.Should().Contain("stand behind the answer's first token: what comes before is given");
        string tables = Path.Combine(experiment.RunFolder, "tables");
        long given = Query(
            $"select count(*) from '{tables}/samples.parquet' where status = 'kept' and given_tokens is not null"
        );
        given.Should().BePositive();
        Query(
                $"select count(*) from '{tables}/samples.parquet' where target_token = 198 or regexp_matches(target, "
                    + $"'^[^\\pL\\pN]*$')"
            )
            .Should()
            .Be(0, "token 198 is the line feed");
        Query(
                $"select count(*) from '{tables}/samples.parquet' where status = 'kept' and given_tokens is not null "
                    + $"and (given is null or regexp_matches(given_tokens, '[^0-9 ]'))"
            )
            .Should()
            .Be(0);
        const string ended =
            "select s.sample_id from '{0}/samples.parquet' s join (select sample_id, string_agg(token_id::varchar, ' "
            + "' order by position) as ids from '{0}/text_tokens.parquet' group by 1) t using (sample_id) where "
            + "ends_with(t.ids, ' ' || s.given_tokens)";
        Query(
                $"select count(*) from "
                    + $"({string.Format(System.Globalization.CultureInfo.InvariantCulture, ended, tables)})"
            )
            .Should()
            .Be(given, "what is given is the end of the text that sees the picture");

        string sample = Text(
            $"select sample_id from '{tables}/samples.parquet' where status = 'kept' and given_tokens is not "
                + $"null limit 1"
        );
        HostProcess
            .Run("explain", "forward/" + sample, "--spec", experiment.Spec, "--artifacts", experiment.Artifacts)
            .Output.Should()
            .Contain("given_tokens");
        experiment.Run().Should().Contain("Nothing to do");
        var (code, check, errors) = HostProcess.Run(["check", .. experiment.Arguments()]);
        code.Should().Be(0, check + errors);
        check.Should().Contain("measured token").And.Contain("All checks passed.");
    }

    /// <summary>
    /// Four pictures in a folder, answers and a report; <paramref name="labels"/> goes on behind the folder.
    /// </summary>
    private static void WriteFolderSpec(SmallExperiment experiment, string labels)
    {
        string pictures = Path.Combine(Path.GetDirectoryName(experiment.Spec)!, "pictures");
        if (!Directory.Exists(pictures))
        {
            experiment.FolderOfPictures("a.jpg", "b.jpg", "c.jpg", "d.jpg");
        }

        File.WriteAllText(
            experiment.Spec,
            $$"""
            name: small
            model: { path: {{experiment.Model}}, device: cpu }
            data: { kind: folder, images: pictures{{labels}} }
            stages:
              answers: { stage: answer-questions, keep: 4 }
              report: { stage: report }

            """
        );
    }
}
