using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>
/// Heads that work against the answer (beyond the paper): those whose beta is negative, by layer, and their share of
/// |beta|. Runs no pass.
/// </summary>
[Named("sign-balance")]
[ReportedAs("sign_balance")]
public sealed record SignBalanceSpec : StageSpec
{
    /// <summary>A beta of so little counts as zero, either way.</summary>
    [Between(0, 1)]
    public double Below { get; init; } = 1e-4;

    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> Needs =>
        [StageInput.Of<ForwardPassesSpec>("forward"), StageInput.Of<RegressSpec>("attribution")];
}
