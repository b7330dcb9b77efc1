using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Comparison;

/// <summary>A quantity that has one value a sample, in two runs.</summary>
/// <param name="A">Over all samples of A.</param>
/// <param name="B">Over all samples of B.</param>
/// <param name="Difference">B minus A, over the samples that have a value in both.</param>
/// <param name="IsSame">The samples have the same values in both, to the bit.</param>
public sealed record Paired(Estimate A, Estimate B, Estimate Difference, bool IsSame)
{
    /// <summary>There are samples enough to tell a difference from none.</summary>
    public bool CanTell => Difference.CanTell;

    /// <summary>Pairs the values of samples.</summary>
    /// <param name="a">Sample to value in A; NaN = undefined.</param>
    /// <param name="b">Sample to value in B; NaN = undefined.</param>
    /// <param name="common">Samples in common.</param>
    /// <param name="bootstrap">Intervals.</param>
    public static Paired Of(
        IReadOnlyDictionary<string, double> a,
        IReadOnlyDictionary<string, double> b,
        IEnumerable<CommonSample> common,
        Bootstrap bootstrap
    )
    {
        double[] differences =
        [
            .. common
                .Where(s => a.ContainsKey(s.Id) && b.ContainsKey(s.Id))
                .Select(s => b[s.Id] - a[s.Id])
                .Where(double.IsFinite),
        ];
        return new Paired(
            bootstrap.Of(a.Values),
            bootstrap.Of(b.Values),
            bootstrap.Of(differences),
            differences.Length > 0 && differences.All(d => d == 0)
        );
    }

    /// <summary>
    /// -1, 0 or 1: B is lower, not told apart by the samples, or higher (the 95 % interval of the difference does not
    /// hold 0).
    /// </summary>
    public int Direction => Difference.Direction;
}
