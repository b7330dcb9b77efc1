namespace Pipelines.Stages.Comparison;

/// <summary>
/// Two runs side by side, A and B. Computed once; the terminal, the page, its figures and sentences read it.
/// </summary>
/// <param name="A">The first.</param>
/// <param name="B">The second: a difference is B minus A.</param>
/// <param name="Differences">Settings and stages that are not the same.</param>
/// <param name="Fits">One a pair of <c>regress</c> stages.</param>
/// <param name="Scans">One a pair of <c>validate</c> stages.</param>
/// <param name="Traces">One a pair of <c>token-trace</c> stages.</param>
/// <param name="Overlap">Samples in common; null where one of the runs has no forward passes.</param>
/// <param name="Tables">Every table that both runs have, row by row; none where stages were named.</param>
/// <param name="Unpaired">Why results of one run have no counterpart in the other, one sentence a kind.</param>
public sealed record RunComparison(
    RunCard A,
    RunCard B,
    SettingDifferences Differences,
    IReadOnlyList<FitComparison> Fits,
    IReadOnlyList<ScanComparison> Scans,
    IReadOnlyList<TraceComparison> Traces,
    SampleOverlap? Overlap,
    IReadOnlyList<TableDifference> Tables,
    IReadOnlyList<string> Unpaired
)
{
    private const string ModelPath = "model.path";

    /// <summary>Both runs name the same checkpoint.</summary>
    public bool SameModel => Differences.Settings.All(d => d.Path != ModelPath);

    /// <summary>The first pair of <c>regress</c> stages; null where there is none.</summary>
    public FitComparison? FirstFit => Fits is [var first, ..] ? first : null;

    /// <summary>f is the paper's logit in both runs.</summary>
    public bool MeasureLogits => A.MeasuresAdjustedLogit && B.MeasuresAdjustedLogit;
}
