using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>
/// Similarity of beta between the experiment's prompt and others (paper, Table 1). For every other prompt it asks about
/// the same pictures, draws masks, runs forward passes and fits them, all set as the stages that it reads but for the
/// prompt. The baseline is shared: the picture stands before the question.
/// </summary>
[Named("prompt-similarity")]
[ReportedAs("prompts")]
public sealed record PromptSimilaritySpec : StageSpec
{
    /// <summary>The other prompts: names or the questions themselves (paper: its nine).</summary>
    [Form(
        Pipelines.Spec.Prompts.Form,
        Pipelines.Spec.Prompts.Allowed,
        Words = [Pipelines.Spec.Prompts.Default, "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"]
    )]
    public IReadOnlyList<string> Prompts { get; init; } = ["p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"];

    /// <summary>
    /// Pictures compared under every other prompt: the first, in seed order, whose answers are right under both (paper:
    /// 40).
    /// </summary>
    [Between(1, 1_000_000)]
    public int Samples { get; init; } = 40;

    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> Needs =>
        [
            StageInput.Of<AnswerQuestionsSpec>("samples"),
            StageInput.Of<CollectMeanKvSpec>("baseline"),
            StageInput.Of<SampleMasksSpec>("masks"),
            StageInput.Of<ForwardPassesSpec>("forward"),
            StageInput.Of<RegressSpec>("attribution"),
        ];
}
