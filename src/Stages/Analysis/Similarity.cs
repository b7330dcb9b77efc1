namespace Pipelines.Stages.Analysis;

/// <summary>
/// How alike the coefficients of the same samples are under two settings, e.g. two prompts (paper, Table 1).
/// </summary>
/// <param name="Each">Cosine of each pair, in order; NaN where one of the two is zero.</param>
/// <param name="Over">Mean, deviation and 95 % interval over the pairs that have a cosine.</param>
internal sealed record Similarity(IReadOnlyList<double> Each, Estimate Over)
{
    /// <summary>Pairs the vectors by place.</summary>
    /// <param name="one">beta of each sample under one setting.</param>
    /// <param name="other">beta of the same samples under the other.</param>
    public static Similarity Of(IReadOnlyList<double[]> one, IReadOnlyList<double[]> other)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(other.Count, one.Count);
        double[] each = [.. one.Zip(other, (a, b) => Metrics.Cosine(a, b))];
        return new Similarity(each, new Bootstrap().Of(each));
    }
}
