using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Comparison;

/// <summary>Several runs against the first: what each differs in, and how alike all are to each other.</summary>
/// <param name="Others">Each of the others against the first, which is A in all.</param>
/// <param name="Cosine">Cosine of mean beta of every run with every run; NaN where they cannot be compared.</param>
public sealed record ManyRuns(IReadOnlyList<RunComparison> Others, double[,] Cosine)
{
    /// <summary>The run that the others are compared with.</summary>
    public RunCard First => Others[0].A;

    /// <summary>All of them, the first first.</summary>
    public IReadOnlyList<RunCard> Runs => [First, .. Others.Select(o => o.B)];

    /// <summary>Their letters: A, B, C, ...</summary>
    public static string Letter(int run) => ((char)('A' + run)).ToString();

    /// <summary>Most runs that letters can name.</summary>
    public const int Most = 26;

    /// <summary>Of comparisons with the same first run.</summary>
    public static ManyRuns Of(RunComparison[] others)
    {
        ArgumentNullException.ThrowIfNull(others);
        int count = others.Length + 1;
        FitResults?[] fits = [.. Enumerable.Range(0, count).Select(run => ResultsOf(others, run))];
        double[]?[] means = [.. fits.Select(MeanOf)];
        var cosine = new double[count, count];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
            {
                cosine[i, j] =
                    means[i] is { } a && means[j] is { } b && HasSameHeads(fits[i]!, fits[j]!)
                        ? Metrics.Cosine(a, b)
                        : double.NaN;
            }
        }

        return new ManyRuns(others, cosine);
    }

    /// <summary>
    /// The comparison that has a run's regression: of the first run, which is A in all, any that has one; of another
    /// its own, where it is B. Null where there is none.
    /// </summary>
    public FitComparison? FitOf(int run) => FitOf(Others, run);

    private static FitComparison? FitOf(IReadOnlyList<RunComparison> others, int run) =>
        run == 0 ? others.Select(o => o.FirstFit).FirstOrDefault(f => f is not null) : others[run - 1].FirstFit;

    private static FitResults? ResultsOf(IReadOnlyList<RunComparison> others, int run) =>
        run == 0 ? FitOf(others, run)?.A : FitOf(others, run)?.B;

    /// <summary>As many heads in another shape are other heads.</summary>
    private static bool HasSameHeads(FitResults a, FitResults b) => (a.Layers, a.Heads) == (b.Layers, b.Heads);

    /// <summary>Mean beta over all samples; null where none has one.</summary>
    private static double[]? MeanOf(FitResults? fit) =>
        fit is { Beta.Count: > 0 } ? BetaComparison.MeanOf([.. fit.Beta.Values]) : null;
}
