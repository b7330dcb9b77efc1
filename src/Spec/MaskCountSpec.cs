using System.Globalization;

namespace Pipelines.Spec;

/// <summary>How many masks a sample gets: <c>count:</c> is a number, or <c>auto</c>.</summary>
[ChosenBy("count")]
public abstract record MaskCountSpec
{
    /// <summary>So many for every sample.</summary>
    public static implicit operator MaskCountSpec(int count) => new FixedCountSpec { Count = count };
}

/// <summary>The same number of masks for every sample.</summary>
[ByValue]
public sealed record FixedCountSpec : MaskCountSpec
{
    /// <summary>Masks per sample, M (paper: 10,000).</summary>
    [Between(2, 10_000_000)]
    public int Count { get; init; } = 10_000;
}

/// <summary>
/// Masks until beta is stable (beyond the paper): a sample has enough when beta of two disjoint halves of them, every
/// other one, correlates. Asked after <c>least</c> masks, then whenever they have grown by a quarter, in whole shards.
/// The halves are fitted by an elastic net of its own, whatever a regress stage fits later.
/// </summary>
[Named("auto")]
public sealed record AutoCountSpec : MaskCountSpec, IRuled
{
    /// <summary>Pearson correlation of beta between the halves that is enough.</summary>
    [Between(0.001, 0.9999)]
    public double Until { get; init; } = 0.95;

    /// <summary>Masks after which it is asked first: few halves may correlate by chance.</summary>
    [Between(8, 10_000_000)]
    public int Least { get; init; } = 500;

    /// <summary>Masks at most, enough or not (paper: 10,000 for every sample).</summary>
    [Between(8, 10_000_000)]
    public int Most { get; init; } = 10_000;

    /// <summary>The elastic net that fits the halves.</summary>
    public ElasticNetSpec ElasticNet { get; init; } = new();

    /// <inheritdoc/>
    IEnumerable<BrokenRule> IRuled.Broken =>
        Most >= Least
            ? []
            :
            [
                new BrokenRule(
                    ["most", "least"],
                    string.Create(CultureInfo.InvariantCulture, $"most is {Most}, below least, which is {Least}")
                ),
            ];
}
