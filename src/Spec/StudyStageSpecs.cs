namespace Pipelines.Spec;

/// <summary>
/// Heads needed when masks ablate other shares of the heads (paper, Fig. 6). For every ratio it draws masks, runs
/// forward passes, fits them and validates the order of their beta, all set as the stages that it reads but for the
/// ratio; what these have stored is shared.
/// </summary>
[Named("ablation-ratio")]
public sealed record AblationRatioSpec : StageSpec
{
    /// <summary>Shares of the heads that masks ablate, p (paper: 12.5 % to 87.5 %).</summary>
    [Between(0.001, 0.999)]
    public IReadOnlyList<double> Ratios { get; init; } = [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875];

    /// <summary>Samples studied, the first of the forward passes' (the paper does not say how many); 0 = all.</summary>
    [Between(0, 1_000_000)]
    public int Samples { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> Needs =>
        [
            StageInput.Of<AnswerQuestionsSpec>("samples"),
            StageInput.Of<CollectMeanKvSpec>("baseline"),
            StageInput.Of<SampleMasksSpec>("masks"),
            StageInput.Of<ForwardPassesSpec>("forward"),
            StageInput.Of<RegressSpec>("attribution"),
            StageInput.Of<ValidateSpec>("validation"),
        ];
}

/// <summary>
/// Similarity of beta between the experiment's prompt and others (paper, Table 1). For every other prompt it asks about
/// the same pictures, draws masks, runs forward passes and fits them, all set as the stages that it reads but for the
/// prompt. The baseline is shared: the picture stands before the question.
/// </summary>
[Named("prompt-similarity")]
public sealed record PromptSimilaritySpec : StageSpec
{
    /// <summary>The other prompts: names or the questions themselves (paper: its nine).</summary>
    [Form(
        Spec.Prompts.Form,
        Spec.Prompts.Allowed,
        Words = [Spec.Prompts.Default, "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"]
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
