namespace Pipelines.Stages.Analysis;

/// <summary>How t-SNE runs; the defaults are scikit-learn's.</summary>
internal sealed record TSneSettings
{
    /// <summary>
    /// Effective count of neighbours, above 1 and below n; null = 30, or a third of the vectors where there are fewer
    /// than 90.
    /// </summary>
    public double? Perplexity { get; init; }

    /// <summary>Steps at most, the first 250 with exaggerated affinities.</summary>
    public int Steps { get; init; } = 1000;
}

/// <summary>
/// Vectors laid out in the plane so that near ones stay near (exact t-SNE from a PCA start: the same picture in every
/// run).
/// </summary>
/// <param name="Points">[n][2], without unit.</param>
/// <param name="Divergence">KL of the layout; 0 is perfect.</param>
/// <param name="Steps">Steps taken.</param>
/// <param name="Perplexity">Perplexity used.</param>
internal sealed record TSne(double[][] Points, double Divergence, int Steps, double Perplexity)
{
    private const int FewestVectors = 5;
    private const int ExaggeratedSteps = 250,
        CheckEvery = 50,
        PatienceExaggerated = 250,
        Patience = 300;
    private const double UsualPerplexity = 30;
    private const double Exaggeration = 12,
        FirstMomentum = 0.5,
        Momentum = 0.8,
        LeastGradient = 1e-7,
        StartDeviation = 1e-4;

    /// <summary>
    /// Lays vectors out. Fewer than five have no neighbourhoods to keep: they stand at their PCA scores.
    /// </summary>
    /// <param name="rows">n vectors of one length.</param>
    /// <param name="settings">Perplexity and steps.</param>
    public static TSne Of(IReadOnlyList<double[]> rows, TSneSettings? settings = null)
    {
        settings ??= new TSneSettings();
        if (rows.Count < FewestVectors)
        {
            return new TSne(rows.Count == 0 ? [] : Pca.Of(rows).Scores, double.NaN, 0, double.NaN);
        }

        double perplexity = settings.Perplexity ?? Math.Min(UsualPerplexity, rows.Count / 3.0);
        var descent = new TSneDescent(TSneAffinities.Of(rows, perplexity), Start(rows));
        double rate = LearningRate(rows.Count);
        int taken = Descend(
            descent,
            0,
            Math.Min(ExaggeratedSteps, settings.Steps),
            Exaggeration,
            FirstMomentum,
            rate,
            PatienceExaggerated
        );
        descent.Rest();
        taken = Descend(descent, taken, settings.Steps, 1, Momentum, rate, Patience);
        return new TSne(descent.Points, descent.Divergence(), taken, perplexity);
    }

    /// <summary>Scikit-learn's <c>auto</c>: n / exaggeration / 4, at least 50.</summary>
    public static double LearningRate(int count) => Math.Max(count / Exaggeration / 4, 50);

    /// <summary>
    /// PCA scores divided by the first one's population deviation, times 1e-4. [n][2]; all 0 where the vectors are
    /// equal.
    /// </summary>
    public static double[][] Start(IReadOnlyList<double[]> rows)
    {
        double[][] scores = Pca.Of(rows).Scores;
        double deviation = Moments.Of([.. scores.Select(s => s[0])]).StdPopulation;
        double factor = deviation > 0 ? StartDeviation / deviation : 0;
        return [.. scores.Select(s => new[] { s[0] * factor, s[1] * factor })];
    }

    /// <summary>
    /// Steps of one phase; ends early where the gradient vanishes or KL has not fallen for <paramref name="patience"/>
    /// steps, looked at every 50.
    /// </summary>
    private static int Descend(
        TSneDescent descent,
        int first,
        int end,
        double exaggeration,
        double momentum,
        double rate,
        int patience
    )
    {
        double best = double.PositiveInfinity;
        int bestStep = first;
        for (int step = first; step < end; step++)
        {
            descent.Step(exaggeration, momentum, rate);
            if ((step + 1) % CheckEvery != 0)
            {
                continue;
            }

            double divergence = descent.Divergence(exaggeration);
            (best, bestStep) = divergence < best ? (divergence, step) : (best, bestStep);
            if (step - bestStep > patience || descent.GradientNorm <= LeastGradient)
            {
                return step + 1;
            }
        }

        return Math.Max(first, end);
    }
}
