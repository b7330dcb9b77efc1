using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Comparison;

/// <summary>One of the two runs.</summary>
/// <param name="Name">Name of the run, or its folder where it lies elsewhere.</param>
/// <param name="Folder">Its folder.</param>
/// <param name="Model">Name of the checkpoint: the last part of its path.</param>
/// <param name="Settings">Every resolved setting in the order of the spec, but the run's name.</param>
/// <param name="Stages">Stages in the order of the spec.</param>
public sealed record RunCard(
    string Name,
    string Folder,
    string Model,
    IReadOnlyList<RunSetting> Settings,
    IReadOnlyList<RunStage> Stages
)
{
    /// <summary>What f is, in words.</summary>
    public string Measures { get; init; } = ReportData.AdjustedLogit;

    /// <summary>Where classes of arithmetic meet in it, as a sentence; null where all comes from one.</summary>
    public string? ClassesMeet { get; init; }

    /// <summary>f is the paper's logit.</summary>
    public bool MeasuresAdjustedLogit => Measures == ReportData.AdjustedLogit;
}

/// <summary>A resolved setting.</summary>
/// <param name="Path">Place in the spec, e.g. <c>stages.masks.count</c>.</param>
/// <param name="Value">Value as a person reads it.</param>
public sealed record RunSetting(string Path, string Value);

/// <summary>A stage of a run.</summary>
/// <param name="Name">Name in the spec.</param>
/// <param name="Kind">Kind, e.g. <c>regress</c>.</param>
public sealed record RunStage(string Name, string Kind);

/// <summary>What a <c>regress</c> stage of a run gave.</summary>
/// <param name="Stage">Its name.</param>
/// <param name="Samples">Pictures asked about.</param>
/// <param name="Layers">L.</param>
/// <param name="Heads">H.</param>
/// <param name="R2">Sample to R^2 on the test masks; NaN = undefined.</param>
/// <param name="Rho">Sample to rho on the test masks; NaN = undefined.</param>
/// <param name="Beta">Sample to beta [L * H], head n = layer * H + head.</param>
public sealed record FitResults(
    string Stage,
    IReadOnlyList<SampleRow> Samples,
    int Layers,
    int Heads,
    IReadOnlyDictionary<string, double> R2,
    IReadOnlyDictionary<string, double> Rho,
    IReadOnlyDictionary<string, double[]> Beta
);

/// <summary>What a <c>validate</c> stage of a run gave.</summary>
/// <param name="Stage">Its name.</param>
/// <param name="Samples">Pictures asked about.</param>
/// <param name="HeadCount">Heads of the model, N.</param>
/// <param name="Faithfulness">Threshold for heads needed.</param>
/// <param name="Completeness">Threshold for heads needed.</param>
/// <param name="Rows">One a sample, criterion, seed and k; k = 0, 1, ... without gaps, or the places of a grid.</param>
public sealed record ScanResults(
    string Stage,
    IReadOnlyList<SampleRow> Samples,
    int HeadCount,
    double Faithfulness,
    double Completeness,
    IReadOnlyList<ValidationRow> Rows
)
{
    /// <summary>What was measured between the places of a grid; empty for other scans.</summary>
    public IReadOnlyList<RefinedRow> Refined { get; init; } = [];

    /// <summary>Thresholds on faithfulness that a grid was refined at; null where every k was measured.</summary>
    public IReadOnlyList<double>? RefinedFaithfulness { get; init; }

    /// <summary>Thresholds on completeness that a grid was refined at; null where every k was measured.</summary>
    public IReadOnlyList<double>? RefinedCompleteness { get; init; }

    /// <summary>
    /// Heads needed at these thresholds are known to the head; else only to the next place of the grid, which is at
    /// most 4 % of all heads too many.
    /// </summary>
    public bool IsExactAt(double faithfulness, double completeness) =>
        (RefinedFaithfulness?.Contains(faithfulness) ?? true) && (RefinedCompleteness?.Contains(completeness) ?? true);
}

/// <summary>What a <c>token-trace</c> stage of a run gave.</summary>
/// <param name="Stage">Its name.</param>
/// <param name="Samples">Pictures asked about.</param>
/// <param name="Traces">x* and u* of a sample.</param>
/// <param name="Text">Text tokens of a sample, by position.</param>
/// <param name="Image">Image tokens of a sample, in order.</param>
public sealed record TraceResults(
    string Stage,
    IReadOnlyList<SampleRow> Samples,
    IReadOnlyDictionary<string, TokenTraceRow> Traces,
    IReadOnlyDictionary<string, TextTokenRow[]> Text,
    IReadOnlyDictionary<string, ImageTokenRow[]> Image
);
