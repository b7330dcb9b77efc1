using Pipelines.Domain;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// A number of heads between two places of a validation on a grid, measured to find where a curve crosses a threshold:
/// every k from the last place before the crossing up to it. Samples have these at different k, so mean curves leave
/// them out.
/// </summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Criterion">Name of the ranking as in the spec.</param>
/// <param name="Seed">Number of the random order; 0 for the other criteria.</param>
/// <param name="Quantity">Which curve: <c>faithfulness</c> or <c>completeness</c>.</param>
/// <param name="K">Number of most important heads.</param>
/// <param name="Phi">phi with only these intact, or with only these ablated.</param>
[Table("validation_refined")]
public sealed record RefinedRow(
    [RowKey] string SampleId,
    [RowKey] string Criterion,
    [RowKey] int Seed,
    [RowKey] ValidationQuantity Quantity,
    [RowKey][Unit("heads")] int K,
    [Unit(UnitAttribute.Phi)] double Phi
);

/// <summary>Heads that an order needs for a threshold.</summary>
/// <param name="SampleId">Sample.</param>
/// <param name="Criterion">Criterion as the spec names it.</param>
/// <param name="Seed">Which random order; 0 for other criteria.</param>
/// <param name="Quantity">What the threshold is set on: <c>faithfulness</c> or <c>completeness</c>.</param>
/// <param name="Threshold">The threshold.</param>
/// <param name="Heads">The smallest k that crosses the threshold; null where none does. On a grid: the smallest in the
/// first bracket of places.</param>
[Table("heads_needed")]
public sealed record NeededRow(
    [RowKey] string SampleId,
    [RowKey] string Criterion,
    [RowKey] int Seed,
    [RowKey] ValidationQuantity Quantity,
    [RowKey] double Threshold,
    int? Heads
)
{
    /// <summary>Heads needed at given thresholds, by sample, criterion and order.</summary>
    internal static IReadOnlyList<NeededRow> Of(
        IEnumerable<OrderScan> scans,
        IReadOnlyList<(double Faithfulness, double Completeness)> thresholds
    ) =>
        [
            .. from scan in scans
            from threshold in thresholds
            from row in new[]
            {
                Of(scan, ValidationQuantity.Faithfulness, threshold.Faithfulness),
                Of(scan, ValidationQuantity.Completeness, threshold.Completeness),
            }
            select row,
        ];

    private static NeededRow Of(OrderScan scan, ValidationQuantity quantity, double threshold) =>
        new(scan.SampleId, scan.Criterion, scan.Seed, quantity, threshold, scan.Needed(quantity, threshold));
}

/// <summary>A head's place in an order.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Criterion">Name of the ranking as in the spec.</param>
/// <param name="Seed">Number of the random order; 0 for the other criteria.</param>
/// <param name="Rank">Place in the order, from 0 = most important.</param>
/// <param name="Layer">l, from 0.</param>
/// <param name="Head">h, from 0.</param>
/// <param name="Score">What the criterion says of the head: beta, image attention weight, delta; null for the random
/// order.</param>
[Table("rankings", File = "ranking.parquet")]
internal sealed record RankingRow(
    [RowKey] string SampleId,
    [RowKey] string Criterion,
    [RowKey] int Seed,
    [RowKey] int Rank,
    int Layer,
    int Head,
    double? Score
);
