namespace Pipelines.Stages.Comparison;

/// <summary>Several runs against the first: what each differs in, and how alike all are to each other.</summary>
/// <param name="Others">Each of the others against the first, which is A in all.</param>
/// <param name="Cosine">Cosine of mean beta of every run with every run, over the samples that both have; NaN where
/// they cannot be compared.</param>
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
        var cosine = new double[count, count];
        for (int i = 0; i < count; i++)
        {
            for (int j = i; j < count; j++)
            {
                cosine[i, j] = cosine[j, i] = BetaComparison.CosineOfMeans(fits[i], fits[j]);
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
}
