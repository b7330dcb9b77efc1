using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Comparison;

/// <summary>Two regressions: Table 2 side by side, and beta.</summary>
/// <param name="A">Of A.</param>
/// <param name="B">Of B.</param>
/// <param name="Overlap">Samples in common.</param>
/// <param name="R2">R^2 on the test masks.</param>
/// <param name="Rho">rho on the test masks.</param>
/// <param name="Beta">beta; null where the models have different heads.</param>
public sealed record FitComparison(
    FitResults A,
    FitResults B,
    SampleOverlap Overlap,
    Paired R2,
    Paired Rho,
    BetaComparison? Beta
)
{
    /// <summary>Compares them.</summary>
    public static FitComparison Of(FitResults a, FitResults b, Bootstrap bootstrap)
    {
        var overlap = SampleOverlap.Of(a.Samples, b.Samples);
        bool alike = (a.Layers, a.Heads) == (b.Layers, b.Heads) && a.Beta.Count > 0 && b.Beta.Count > 0;
        return new FitComparison(
            a,
            b,
            overlap,
            Paired.Of(a.R2, b.R2, overlap.Common, bootstrap),
            Paired.Of(a.Rho, b.Rho, overlap.Common, bootstrap),
            alike ? BetaComparison.Of(a, b, overlap.Common, bootstrap) : null
        );
    }
}
