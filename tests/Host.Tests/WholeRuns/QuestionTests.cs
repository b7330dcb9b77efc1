using System.Globalization;
using CsvHelper;
using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>Pictures with questions of their own: <c>data: { kind: questions }</c> and what may be measured.</summary>
public sealed class QuestionTests
{
    private const string Object = "What is the main object in the image? Please answer with a single word.",
        Color = "What is the color of the background? Please answer with a single word.";

    /// <summary>A baseline that other rows have no part in.</summary>
    private const string Zero = "baseline: { stage: collect-mean-kv, kind: zero }";

    private static readonly string[] Rows =
    [
        Row("000000000001.jpg", Object, "dog", "cat", "000000000002.jpg", "object"),
        Row("000000000001.jpg", Color, "red", "blue", "000000000002.jpg", "color,all"),
        Row("000000000002.jpg", Object, "cat", "dog", "000000000001.jpg", "object"),
        Row("000000000002.jpg", Color, "red", "green", "000000000001.jpg", "color"),
    ];

    [Fact]
    public void Rows_are_samples_by_file_and_row_right_and_wrong_and_what_cannot_be_asked_says_why()
    {
        using var experiment = new SmallExperiment();
        Write(
            experiment,
            "answers: { stage: answer-questions, keep: 6, which: all, match: exact }",
            "target: { kind: logit-difference, of: answer, against: counter-answer, signed: true }",
            [
                .. Rows,
                Row("000000000001.jpg", "Is <image> a dog?", "yes", "no", null, null),
                Row("000000000001.jpg", "Is it </s> a dog?", "yes", "no", null, null),
                Row("000000000003.jpg", Object, "banjo", "bread", null, "object"),
                Row("000000000003.jpg", "", "banjo", "bread", null, "object"),
                Row("missing.jpg", Object, "dog", "cat", null, "object"),
                Row("000000000003.jpg", Object, "dog", "dog", null, "object"),
            ]
        );

        experiment.Run();

        var samples = Table(experiment, "samples").ToDictionary(r => r["sample_id"], StringComparer.Ordinal);
        samples.Should().HaveCount(10);
        samples["q.jsonl:1"]["status"].Should().Be("kept");
        samples["q.jsonl:1"]["question"].Should().Be(Object);
        samples["q.jsonl:7"]["verdict"].Should().Be("wrong");
        samples["q.jsonl:5"]["reason"].Should().Contain("<image>");
        samples["q.jsonl:6"]["reason"].Should().Contain("</s>");
        samples["q.jsonl:8"]["reason"].Should().Contain("question");
        samples["q.jsonl:9"]["reason"].Should().Contain("not on disk");
        samples["q.jsonl:10"]["reason"].Should().Contain("counter-answer");
        Table(experiment, "measured")
            .Where(r => r["target"].Length > 0)
            .Should()
            .OnlyContain(r =>
                r["kind"] == "logit-difference" && r["against"].Length > 0 && r["probability"].Length > 0
            );
        Table(experiment, "accuracy").Select(r => r["group"]).Should().Contain("color").And.Contain("object");
        experiment.Run().Should().Contain("Nothing to do");
    }

    [Theory]
    [InlineData("target: { kind: logit, of: answer, signed: true }")]
    [InlineData("target: { kind: log-probability, of: model-answer, signed: true }")]
    [InlineData("target: { kind: probability, of: answer, signed: true }")]
    [InlineData("target: { kind: sequence, of: answer, end: true, signed: true }")]
    public void Questions_of_different_lengths_measure_together_what_each_measures_alone(string target)
    {
        using var together = new SmallExperiment();
        Write(together, "answers: { stage: answer-questions, keep: 4, match: none, which: all }", target, Rows, Zero);
        together.Run();
        var all = Table(together, "samples").ToDictionary(r => r["sample_id"], StringComparer.Ordinal);
        all.Values.Should().OnlyContain(r => r["status"] == "kept");
        for (int i = 0; i < Rows.Length; i++)
        {
            using var alone = new SmallExperiment();
            // The other rows stay lines, so that a row keeps its number, but hold no question
            string[] one = [.. Rows.Select((row, j) => j == i ? row : "{}")];
            Write(alone, "answers: { stage: answer-questions, keep: 4, match: none, which: all }", target, one, Zero);
            alone.Run();
            var sample = Table(alone, "samples").Single(r => r["status"] == "kept");
            (string, string, string) f = (sample["sample_id"], sample["f_intact"], sample["f_ablated"]);
            var same = all[$"q.jsonl:{i + 1}"];
            f.Should().Be((same["sample_id"], same["f_intact"], same["f_ablated"]));
        }
    }

    [Fact]
    public void A_counterfactual_baseline_ablates_towards_the_pairs_other_picture()
    {
        using var experiment = new SmallExperiment();
        Write(
            experiment,
            "answers: { stage: answer-questions, keep: 4, match: none, which: all }",
            "target: { kind: logit-difference, signed: true }",
            Rows,
            "baseline: { stage: collect-mean-kv, kind: counterfactual }"
        );
        experiment.Run();
        var samples = Table(experiment, "samples").ToDictionary(r => r["sample_id"], StringComparer.Ordinal);
        // Dog against cat on the dog, ablated towards the cat, is the difference that the cat's row has, turned round
        double dog = Number(samples["q.jsonl:1"]["f_ablated"]),
            cat = Number(samples["q.jsonl:3"]["f_intact"]);
        dog.Should().BeApproximately(-cat, 1e-4);
    }

    [Fact]
    public void A_mean_over_groups_is_taken_for_each_group_and_its_pictures_are_listed()
    {
        using var experiment = new SmallExperiment();
        Write(
            experiment,
            "answers: { stage: answer-questions, keep: 4, match: none, which: all }",
            "target: { kind: logit, of: answer, signed: true }",
            Rows,
            "baseline: { stage: collect-mean-kv, over: group, images: 3 }"
        );
        experiment.Run().Should().Contain("groups of fewer pictures than 3");
        Table(experiment, "baseline").Select(r => r["group"]).Distinct().Should().BeEquivalentTo("object", "color");
    }

    [Theory]
    [InlineData("columns: { question: q, image: image, answer: answer }", "'q'")]
    [InlineData("format: vqav2", "q.jsonl")]
    public void What_a_file_does_not_have_is_refused_with_what_it_has(string columns, string told)
    {
        using var experiment = new SmallExperiment();
        Write(experiment, "answers: { stage: answer-questions, keep: 4 }", "", Rows, columns: columns);
        experiment.Refusal().Should().Contain(told);
    }

    [Fact]
    public void A_line_that_is_no_json_is_refused_with_its_number()
    {
        using var experiment = new SmallExperiment();
        Write(experiment, "answers: { stage: answer-questions, keep: 4 }", "", [.. Rows, "{ \"question\": "]);
        experiment.Refusal().Should().Contain("q.jsonl").And.Contain("5");
    }

    [Fact]
    public void Rows_that_ask_the_same_are_told_apart_in_every_table()
    {
        using var experiment = new SmallExperiment();
        Write(
            experiment,
            "answers: { stage: answer-questions, keep: 4, match: none, which: all }",
            "target: { kind: log-probability, of: answer, signed: true }",
            [Rows[0], Rows[0]],
            Zero
        );
        experiment.Run();
        Table(experiment, "samples").Select(r => r["sample_id"]).Should().Equal("q.jsonl:1", "q.jsonl:2");
        Table(experiment, "measured").Select(r => r["sample_id"]).Should().Equal("q.jsonl:1", "q.jsonl:2");
    }

    [Fact]
    public void Questions_and_answers_that_are_endless_are_left_out_with_the_reason()
    {
        using var experiment = new SmallExperiment();
        string question = string.Concat(Enumerable.Repeat(Object + " ", 60)).Trim();
        Write(
            experiment,
            "answers: { stage: answer-questions, keep: 4, match: none, which: all }",
            "target: { kind: sequence, of: answer, signed: true }",
            [
                Rows[0],
                Row("000000000001.jpg", question, "dog", "cat", null, null),
                Row("000000000001.jpg", Object, new string('x', 20_000), "cat", null, null),
            ],
            Zero
        );
        experiment.Run();
        var samples = Table(experiment, "samples").ToDictionary(r => r["sample_id"], r => r["reason"]);
        samples["q.jsonl:1"].Should().BeEmpty();
        samples["q.jsonl:2"].Should().Contain("max_position_embeddings");
        samples["q.jsonl:3"].Should().Contain("more than 512 tokens");
    }

    [Theory]
    [InlineData("target: { kind: logit-difference }", "match: exact", "no counter-answer")]
    [InlineData("", "match: letter", "letter")]
    [InlineData("", "match: yes-no", "yes-no")]
    public void What_no_row_has_is_told_before_the_model_is_asked(string target, string match, string told)
    {
        using var experiment = new SmallExperiment();
        Write(
            experiment,
            $"answers: {{ stage: answer-questions, keep: 4, {match} }}",
            target,
            Rows,
            columns: "columns: { question: question, image: image, answer: answer }"
        );
        experiment.Refusal().Should().Contain(told);
    }

    private static void Write(
        SmallExperiment experiment,
        string answers,
        string target,
        string[] rows,
        string baseline = "baseline: { stage: collect-mean-kv, images: 2 }",
        string columns =
            "columns: { question: question, image: image, answer: answer, counter_answer: counter_answer, "
            + "counter_image: counter_image, group: group }"
    )
    {
        string folder = Path.GetDirectoryName(experiment.Spec)!,
            quickstart = Path.Combine(HostProcess.RepositoryRoot, "experiments", "quickstart");
        File.WriteAllLines(Path.Combine(folder, "q.jsonl"), rows);
        string format = columns.StartsWith("format", StringComparison.Ordinal) ? "" : "format: columns, ";
        File.WriteAllText(
            experiment.Spec,
            $$"""
            name: small
            seed: 3
            model: { path: "{{quickstart}}/micro-llava", device: cpu }
            data: { kind: questions, file: q.jsonl, images: "{{quickstart}}/images", {{format}}{{columns}} }
            {{target}}
            stages:
              {{answers}}
              {{baseline}}
              masks: { stage: sample-masks, count: 20, shard: 20 }
              forward: { stage: forward-passes }
              report: { stage: report }

            """
        );
    }

    private static string Row(
        string image,
        string question,
        string answer,
        string counter,
        string? counterImage,
        string? group
    ) =>
        System.Text.Json.JsonSerializer.Serialize(
            new
            {
                image,
                question,
                answer,
                counter_answer = counter,
                counter_image = counterImage,
                group,
            }
        );

    private static List<Dictionary<string, string>> Table(SmallExperiment experiment, string table)
    {
        using var text = new StreamReader(Path.Combine(experiment.RunFolder, "tables", table + ".csv"));
        using var csv = new CsvReader(text, CultureInfo.InvariantCulture);
        csv.Read();
        csv.ReadHeader();
        string[] names = csv.HeaderRecord!;
        var rows = new List<Dictionary<string, string>>();
        while (csv.Read())
        {
            rows.Add(names.ToDictionary(n => n, n => csv.GetField(n)!, StringComparer.Ordinal));
        }

        return rows;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
