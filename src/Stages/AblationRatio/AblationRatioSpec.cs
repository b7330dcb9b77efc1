using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>
/// Heads needed when masks ablate other shares of the heads (paper, Fig. 6). For every ratio it draws masks, runs
/// forward passes, fits them and validates the order of their beta, all set as the stages that it reads but for the
/// ratio; what these have stored is shared.
/// </summary>
[Named("ablation-ratio")]
[ReportedAs("ratios")]
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
