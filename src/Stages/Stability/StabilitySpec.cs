using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>
/// Whether the masks were enough (beyond the paper): the trainer of the attribution is fitted again to the first of the
/// masks that train and tested on the same masks held out. Runs no pass.
/// </summary>
[Named("stability")]
[ReportedAs("stability")]
public sealed record StabilitySpec : AnalysisSpec<Stability>
{
    /// <summary>Shares of a sample's masks, the first ones, to which beta is fitted again; 1 is all of them.</summary>
    [Between(0.001, 1)]
    public IReadOnlyList<double> Shares { get; init; } = [0.125, 0.25, 0.5, 1];
}
