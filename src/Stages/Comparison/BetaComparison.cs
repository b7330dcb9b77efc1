using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;

namespace Pipelines.Stages.Comparison;

/// <summary>How alike beta is in two runs of models with the same heads.</summary>
/// <param name="Layers">L.</param>
/// <param name="Heads">H.</param>
/// <param name="Samples">One a sample in common.</param>
/// <param name="Pearson">Correlation of a sample's two beta, over samples.</param>
/// <param name="Cosine">Cosine of a sample's two beta, over samples.</param>
/// <param name="MeanA">Mean of beta in A [L * H], over the samples in common; where there are none, over all of
/// A.</param>
/// <param name="MeanB">The same of B.</param>
/// <param name="OfMeans">How alike the two means are.</param>
/// <param name="Top">How many of the strongest heads are the same.</param>
public sealed record BetaComparison(
    int Layers,
    int Heads,
    IReadOnlyList<BetaAgreement> Samples,
    Estimate Pearson,
    Estimate Cosine,
    double[] MeanA,
    double[] MeanB,
    MeanAgreement OfMeans,
    IReadOnlyList<TopHeads> Top
)
{
    private static readonly int[] Sizes = [5, 10, 20, 50, 100];

    /// <summary>The sample whose beta agree least; null without samples in common that have a correlation.</summary>
    public BetaAgreement? Least => Samples.Where(s => double.IsFinite(s.Pearson)).MinBy(s => s.Pearson);

    /// <summary>Mean beta of B less that of A [L * H].</summary>
    public double[] Difference => [.. MeanB.Zip(MeanA, (b, a) => b - a)];

    /// <summary>A head, in words.</summary>
    /// <param name="n">n = layer * H + head.</param>
    public string NameOf(int n) => $"layer {Format.Count(n / Heads)} head {Format.Count(n % Heads)}";

    /// <summary>beta is the same in every sample in common, to the bit.</summary>
    public bool IsSame => Samples.Count > 0 && Samples.All(s => s.LargestDifference == 0);

    /// <summary>Compares the beta of samples in common and their means.</summary>
    /// <param name="a">Of A.</param>
    /// <param name="b">Of B: the same L and H.</param>
    /// <param name="common">Samples in common.</param>
    /// <param name="bootstrap">Intervals.</param>
    public static BetaComparison Of(FitResults a, FitResults b, IEnumerable<CommonSample> common, Bootstrap bootstrap)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual((b.Layers, b.Heads), (a.Layers, a.Heads));
        CommonSample[] pairs = Pairs(a, b, common);
        BetaAgreement[] samples = [.. pairs.Select(s => BetaAgreement.Of(s, a.Beta[s.Id], b.Beta[s.Id]))];
        var (ofA, ofB) = Averaged(a, b, pairs);
        double[] meanA = MeanOf(ofA),
            meanB = MeanOf(ofB);
        return new BetaComparison(
            a.Layers,
            a.Heads,
            samples,
            bootstrap.Of(samples.Select(s => s.Pearson)),
            bootstrap.Of(samples.Select(s => s.Cosine)),
            meanA,
            meanB,
            new MeanAgreement(Metrics.Pearson(meanA, meanB), Metrics.Cosine(meanA, meanB), ofA.Length, ofB.Length),
            [
                .. Sizes
                    .Where(k => 2 * k <= meanA.Length)
                    .DefaultIfEmpty(Math.Max(1, meanA.Length / 2))
                    .Select(k => new TopHeads(
                        k,
                        InCommon(meanA, meanB, k),
                        bootstrap.Of(pairs.Select(s => (double)InCommon(a.Beta[s.Id], b.Beta[s.Id], k)))
                    )),
            ]
        );
    }

    /// <summary>How many of the k strongest heads are the same; ties by index.</summary>
    public static int InCommon(double[] a, double[] b, int k) => Strongest(a, k).Intersect(Strongest(b, k)).Count();

    /// <summary>
    /// Cosine of the mean beta of two runs over the samples in common; where there are none, over all of each. NaN
    /// where the models have different heads, or one has no beta.
    /// </summary>
    public static double CosineOfMeans(FitResults? a, FitResults? b)
    {
        if (a is not { Beta.Count: > 0 } || b is not { Beta.Count: > 0 } || (a.Layers, a.Heads) != (b.Layers, b.Heads))
        {
            return double.NaN;
        }

        var (ofA, ofB) = Averaged(a, b, Pairs(a, b, SampleOverlap.Of(a.Samples, b.Samples).Common));
        return Metrics.Cosine(MeanOf(ofA), MeanOf(ofB));
    }

    private static CommonSample[] Pairs(FitResults a, FitResults b, IEnumerable<CommonSample> common) =>
        [.. common.Where(s => a.Beta.ContainsKey(s.Id) && b.Beta.ContainsKey(s.Id))];

    private static (double[][] A, double[][] B) Averaged(FitResults a, FitResults b, CommonSample[] pairs) =>
        pairs.Length > 0
            ? ([.. pairs.Select(s => a.Beta[s.Id])], [.. pairs.Select(s => b.Beta[s.Id])])
            : ([.. a.Beta.Values], [.. b.Beta.Values]);

    private static double[] MeanOf(double[][] betas) =>
        [.. Enumerable.Range(0, betas[0].Length).Select(n => betas.Average(b => b[n]))];

    private static IEnumerable<int> Strongest(double[] beta, int k) =>
        Enumerable.Range(0, beta.Length).OrderByDescending(n => beta[n]).ThenBy(n => n).Take(k);
}

/// <summary>How alike the two beta of a sample are.</summary>
/// <param name="Sample">The sample.</param>
/// <param name="Pearson">Correlation over heads; NaN where one is constant.</param>
/// <param name="Cosine">Cosine; NaN where one is zero.</param>
/// <param name="LargestDifference">Largest difference of a head.</param>
public sealed record BetaAgreement(CommonSample Sample, double Pearson, double Cosine, double LargestDifference)
{
    /// <summary>Compares head by head.</summary>
    public static BetaAgreement Of(CommonSample sample, double[] a, double[] b) =>
        new(sample, Metrics.Pearson(a, b), Metrics.Cosine(a, b), a.Zip(b, (x, y) => Math.Abs(x - y)).Max());
}

/// <summary>How alike two means of beta are.</summary>
/// <param name="Pearson">Correlation over heads; NaN where one is constant.</param>
/// <param name="Cosine">Cosine; NaN where one is zero.</param>
/// <param name="SamplesA">Samples in the mean of A.</param>
/// <param name="SamplesB">Samples in the mean of B.</param>
public readonly record struct MeanAgreement(double Pearson, double Cosine, int SamplesA, int SamplesB);

/// <summary>How many of the k strongest heads are the same.</summary>
/// <param name="K">k.</param>
/// <param name="OfMeans">Of the means.</param>
/// <param name="BySample">Of a sample, over samples in common.</param>
public readonly record struct TopHeads(int K, int OfMeans, Estimate BySample);
