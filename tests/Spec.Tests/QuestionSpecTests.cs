using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Spec.Writing;
using Xunit;

namespace Pipelines.Spec.Tests;

/// <summary>Questions of one's own, what is measured, and which baselines go with them.</summary>
public sealed class QuestionSpecTests
{
    private const string Stages = """
        stages:
          answers: { stage: answer-questions }
          baseline: { stage: collect-mean-kv }

        """;

    [Fact]
    public void The_designs_example_is_read_field_by_field()
    {
        Experiment experiment = Specs.One(
            """
            name: n
            model: { path: m }
            data:
              kind: questions
              file: pope/coco_pope_adversarial.json
              images: coco/val2014
              format: pope
              suffix: "\nAnswer the question using a single word or phrase."
            target: { kind: logit-difference, of: answer, against: counter-answer }
            stages:
              answers:  { stage: answer-questions, keep: 200, which: all, match: yes-no, per_picture: 2 }
              baseline: { stage: collect-mean-kv, kind: counterfactual }

            """
        );
        var data = (QuestionsData)experiment.Data;
        data.File.Should().ContainSingle().Which.Full.Should().Be("/specs/pope/coco_pope_adversarial.json");
        data.Images!.Full.Should().Be("/specs/coco/val2014");
        (data.Format, data.Suffix)
            .Should()
            .Be((QuestionFormat.Pope, "\nAnswer the question using a single word or phrase."));
        (experiment.Target.Kind, experiment.Target.Whose, experiment.Target.Signed)
            .Should()
            .Be((TargetKind.LogitDifference, TargetOf.Answer, false));
        var answers = (AnswerQuestionsSpec)experiment.Stages[0].Spec;
        (answers.Which, answers.Match, answers.PerPicture).Should().Be((AnswersUsed.All, AnswerMatch.YesNo, 2));
        ((CollectMeanKvSpec)experiment.Stages[1].Spec).Kind.Should().Be(BaselineKind.Counterfactual);
        SpecWriter.ToYaml(Specs.One(SpecWriter.ToYaml(experiment))).Should().Be(SpecWriter.ToYaml(experiment));
    }

    [Theory]
    [InlineData("file: a.json", 1)]
    [InlineData("file: [a.json, b.json]", 2)]
    [InlineData("file: 'test-*.parquet'", 1)]
    public void A_file_may_be_one_or_several(string file, int count) =>
        ((QuestionsData)Specs.One(With($"kind: questions, {file}", "")).Data).File.Should().HaveCount(count);

    [Theory]
    [InlineData("kind: folder, images: i", "target: { kind: logit-difference }", "counter-answers")]
    [InlineData("kind: questions, file: q.csv", "target: { kind: logit, against: counter-answer }", "logit-difference")]
    [InlineData("kind: questions, file: q.csv", "target: { kind: logit-difference, against: mean }", "kind: logit")]
    [InlineData("kind: questions, file: q.csv", "target: { kind: logit, end: true }", "sequence")]
    [InlineData("kind: questions, file: q.csv", "target: { kind: logits }", "did you mean logit?")]
    [InlineData("kind: questions, file: q.csv", "prompt: p1", "{question}")]
    [InlineData("kind: folder, images: i", "prompt: 'Look. {question}'", "have none")]
    [InlineData("kind: questions, file: q.csv, format: columns", "", "columns.question")]
    [InlineData("kind: questions, file: q.csv, format: pope, columns: { question: q }", "", "columns")]
    [InlineData("kind: questions", "", "file")]
    public void What_does_not_fit_together_is_told(string data, string more, string told) =>
        Specs.Errors(With(data, more)).Should().Contain(e => e.Contains(told, StringComparison.Ordinal));

    [Theory]
    [InlineData("match: yes-no", "kind: mean", "yes-no")]
    [InlineData("which: right", "kind: counterfactual", "pairs")]
    [InlineData("which: right", "over: group", "groups")]
    public void Data_without_questions_have_no_classes_pairs_or_groups(string answers, string baseline, string told)
    {
        string spec = With("kind: folder, images: i", "")
            .Replace("answer-questions", $"answer-questions, {answers}", StringComparison.Ordinal)
            .Replace("collect-mean-kv", $"collect-mean-kv, {baseline}", StringComparison.Ordinal);
        Specs.Errors(spec).Should().Contain(e => e.Contains(told, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("default", "Q?", "Q?")]
    [InlineData("Look at it. {question} Be brief.", "Q?", "Look at it. Q? Be brief.")]
    public void A_prompt_is_the_text_around_the_question(string prompt, string question, string asked) =>
        Prompts.Around(prompt, question).Should().Be(asked);

    private static string With(string data, string more) =>
        $"name: n\nmodel: {{ path: m }}\ndata: {{ {data} }}\n{more}\n{Stages}";
}
