using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>
/// Heads that work against the answer (beyond the paper): those whose beta is negative, by layer, and their share of
/// |beta|. Runs no pass.
/// </summary>
[Named("sign-balance")]
[ReportedAs("sign_balance")]
public sealed record SignBalanceSpec : AnalysisSpec<SignBalance>
{
    /// <summary>A beta of so little counts as zero, either way.</summary>
    [Between(0, 1)]
    public double Below { get; init; } = 1e-4;
}
