using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>Reads the scans that units of <see cref="Validate"/> stored, whichever way they scanned.</summary>
internal static class StoredScans
{
    /// <summary>The scans of units, in order.</summary>
    public static IReadOnlyList<OrderScan> Scans(this Artifacts artifacts, IReadOnlyList<Unit> units) =>
        OrderScan.Of(artifacts.Rows<ValidationRow>(units), artifacts.RowsIfAny<RefinedRow>(units));
}
