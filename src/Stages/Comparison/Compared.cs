namespace Pipelines.Stages.Comparison;

/// <summary>A regression of both runs, for figures.</summary>
/// <param name="Runs">The runs.</param>
/// <param name="Fit">Its comparison.</param>
internal sealed record ComparedFits(RunComparison Runs, FitComparison Fit);

/// <summary>A validation of both runs, for figures.</summary>
/// <param name="Runs">The runs.</param>
/// <param name="Scan">Its comparison.</param>
internal sealed record ComparedScans(RunComparison Runs, ScanComparison Scan);
