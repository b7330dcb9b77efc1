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
        double[]?[] means = [.. Enumerable.Range(0, count).Select(i => MeanOf(others, i))];
        var cosine = new double[count, count];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
            {
                cosine[i, j] =
                    means[i] is { } a && means[j] is { } b && a.Length == b.Length ? Metrics.Cosine(a, b) : double.NaN;
            }
        }

        return new ManyRuns(others, cosine);
    }

    /// <summary>Mean beta of a run over all its samples; null where it has no regression of that name.</summary>
    private static double[]? MeanOf(RunComparison[] others, int run)
    {
        FitResults? fit = run == 0 ? others.SelectMany(o => o.Fits).FirstOrDefault()?.A : others[run - 1].FirstFit?.B;
        return fit is { Beta.Count: > 0 } ? BetaComparison.MeanOf([.. fit.Beta.Values]) : null;
    }
}
