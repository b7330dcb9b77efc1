using Pipelines.Domain;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>Cosine of beta over the pairs of samples of two groups, or of one.</summary>
/// <param name="Group">Group of one sample of a pair.</param>
/// <param name="OtherGroup">Group of the other; the same: pairs of different samples within it.</param>
/// <param name="Samples">Samples of the one whose beta is not zero and that are not of the other, too.</param>
/// <param name="OtherSamples">Such samples of the other.</param>
/// <param name="InBoth">Samples of both groups, left out.</param>
/// <param name="Pairs">Pairs of samples.</param>
/// <param name="CosineMean">Mean cosine of beta over the pairs.</param>
/// <param name="CosineSd">Standard deviation over the pairs.</param>
/// <param name="Low95">Lower end of the mean's 95 % interval over pictures.</param>
/// <param name="High95">Its upper end.</param>
/// <param name="Apart">Mean cosine over all pairs within either group, less that between the two; null within one
/// group, and where one has fewer than two samples.</param>
/// <param name="P">Chance of so much or more where the groups do not differ: permutation test over the labels, samples
/// of one picture together, not corrected for the number of pairs. Null where <c>apart</c> is.</param>
[Table("group_similarity")]
internal sealed record GroupSimilarityRow(
    [RowKey] string Group,
    [RowKey] string OtherGroup,
    [Unit("samples")] int Samples,
    [Unit("samples")] int OtherSamples,
    [Unit("samples")] int InBoth,
    int Pairs,
    double? CosineMean,
    double? CosineSd,
    double? Low95,
    double? High95,
    double? Apart,
    double? P
)
{
    /// <summary>The cosine as a value.</summary>
    public Estimate Cosine =>
        new(
            Undefined.ToNaN(CosineMean),
            Undefined.ToNaN(CosineSd),
            Undefined.ToNaN(Low95),
            Undefined.ToNaN(High95),
            Pairs
        );

    /// <summary>It is of one group.</summary>
    public bool IsWithin => Group == OtherGroup;

    /// <summary>The row of two groups.</summary>
    public static GroupSimilarityRow Of(GroupPair pair) =>
        new(
            pair.Group,
            pair.OtherGroup,
            pair.Samples,
            pair.OtherSamples,
            pair.InBoth,
            pair.Cosine.Count,
            Undefined.ToNull(pair.Cosine.Mean),
            Undefined.ToNull(pair.Cosine.Deviation),
            Undefined.ToNull(pair.Cosine.Low),
            Undefined.ToNull(pair.Cosine.High),
            Undefined.ToNull(pair.Apart),
            Undefined.ToNull(pair.P)
        );
}

/// <summary>A mean over the samples of a group.</summary>
/// <param name="Group">The group.</param>
/// <param name="Quantity"><see cref="R2"/>, <see cref="Rho"/>, or heads needed for <see cref="Faithfulness"/> or
/// <see cref="Completeness"/> at the thresholds of the validation.</param>
/// <param name="Criterion">What ranks the heads; null for <see cref="R2"/> and <see cref="Rho"/>.</param>
/// <param name="Samples">Samples in the mean.</param>
/// <param name="Mean">Mean over the samples of the group that have the quantity, in its own unit.</param>
/// <param name="Sd">Standard deviation over them.</param>
/// <param name="Low95">Lower end of the mean's 95 % interval over samples.</param>
/// <param name="High95">Its upper end.</param>
/// <param name="NotReached">Samples whose curve never crosses the threshold: they are not in the mean.</param>
[Table("group_fits")]
internal sealed record GroupFitRow(
    [RowKey] string Group,
    [RowKey] string Quantity,
    [RowKey] string? Criterion,
    int Samples,
    double? Mean,
    double? Sd,
    double? Low95,
    double? High95,
    int NotReached
)
{
    /// <summary>Quantities.</summary>
    public const string R2 = "r2",
        Rho = "rho",
        Faithfulness = "heads_faithfulness",
        Completeness = "heads_completeness";

    /// <summary>The mean as a value.</summary>
    public Estimate Estimate =>
        new(Undefined.ToNaN(Mean), Undefined.ToNaN(Sd), Undefined.ToNaN(Low95), Undefined.ToNaN(High95), Samples);

    /// <summary>The rows of a group.</summary>
    /// <param name="group">The group.</param>
    /// <param name="fits">Its samples' fits.</param>
    /// <param name="needed">Heads needed by all samples.</param>
    public static IEnumerable<GroupFitRow> Of(string group, FitRow[] fits, IReadOnlyList<NeededRow> needed)
    {
        var bootstrap = new Bootstrap();
        yield return Row(group, R2, null, bootstrap.Of(fits.Select(f => f.R2 ?? double.NaN)), 0);
        yield return Row(group, Rho, null, bootstrap.Of(fits.Select(f => f.Rho ?? double.NaN)), 0);
        var own = fits.Select(f => f.SampleId).ToHashSet(StringComparer.Ordinal);
        var curves = needed
            .Where(r => own.Contains(r.SampleId))
            .GroupBy(r => (r.Quantity, r.Criterion))
            .OrderBy(g => g.Key.Quantity);
        foreach (var rows in curves)
        {
            // Over the seeds of a random order
            double[] bySample = [.. rows.GroupBy(r => r.SampleId).Select(s => s.Average(r => r.Heads ?? double.NaN))];
            string quantity = rows.Key.Quantity == ValidationQuantity.Faithfulness ? Faithfulness : Completeness;
            Estimate mean = bootstrap.Of(bySample);
            yield return Row(group, quantity, rows.Key.Criterion, mean, bySample.Count(double.IsNaN));
        }
    }

    private static GroupFitRow Row(string group, string quantity, string? criterion, Estimate mean, int notReached) =>
        new(
            group,
            quantity,
            criterion,
            mean.Count,
            Undefined.ToNull(mean.Mean),
            Undefined.ToNull(mean.Deviation),
            Undefined.ToNull(mean.Low),
            Undefined.ToNull(mean.High),
            notReached
        );
}

/// <summary>A head in a group.</summary>
/// <param name="Group">The group.</param>
/// <param name="Layer">l, from 0.</param>
/// <param name="Head">h, from 0.</param>
/// <param name="MeanBeta">Mean of its beta over the samples of the group.</param>
/// <param name="Share">Share of the samples whose x*, the smallest faithful set in the order of beta, contains it; null
/// where none has one.</param>
[Table("group_beta")]
internal sealed record GroupBetaRow(
    [RowKey] string Group,
    [RowKey] int Layer,
    [RowKey] int Head,
    double MeanBeta,
    double? Share
)
{
    /// <summary>The heads of a group, in order.</summary>
    /// <param name="group">The group.</param>
    /// <param name="samples">beta [N] of its samples, and the size of x* where a sample has one.</param>
    /// <param name="headsPerLayer">H.</param>
    public static IEnumerable<GroupBetaRow> Of(string group, (double[] Beta, int? Heads)[] samples, int headsPerLayer)
    {
        if (samples.Length == 0)
        {
            return [];
        }

        int[][] sets =
        [
            .. samples
                .Where(s => s.Heads is not null)
                .Select(s =>
                    Enumerable
                        .Range(0, s.Beta.Length)
                        .OrderByDescending(n => s.Beta[n])
                        .ThenBy(n => n)
                        .Take(s.Heads!.Value)
                        .ToArray()
                ),
        ];
        ILookup<int, int> holders = sets.SelectMany(heads => heads).ToLookup(n => n);
        return Enumerable
            .Range(0, samples[0].Beta.Length)
            .Select(n => new GroupBetaRow(
                group,
                n / headsPerLayer,
                n % headsPerLayer,
                samples.Average(s => s.Beta[n]),
                sets.Length == 0 ? null : (double)holders[n].Count() / sets.Length
            ));
    }
}
