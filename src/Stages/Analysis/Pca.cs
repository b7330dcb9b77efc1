namespace Pipelines.Stages.Analysis;

/// <summary>Principal components of n vectors of d features: centred, not scaled.</summary>
/// <param name="Scores">[n][components]: each vector along each component.</param>
/// <param name="Components">[components][d], unit vectors at right angles; the greatest entry of each is positive
/// (scikit-learn's sign). A component along which nothing varies is zero.</param>
/// <param name="ExplainedVariance">[components]: variance of the scores, divisor n - 1.</param>
internal sealed record Pca(double[][] Scores, double[][] Components, double[] ExplainedVariance)
{
    private const double Nothing = 1e-14; // an eigenvalue below this share of the first is rounding

    /// <summary>The components with the greatest variance.</summary>
    /// <param name="rows">n vectors of one length d; n at least 1.</param>
    /// <param name="count">Components.</param>
    public static Pca Of(IReadOnlyList<double[]> rows, int count = 2)
    {
        int n = rows.Count,
            features = rows[0].Length;
        double[][] centred = Centred(rows);
        bool byFeatures = features <= n; // the smaller of X^T X and X X^T; both have the same eigenvalues
        double[][] vectors = byFeatures ? Transposed(centred) : centred;
        int kept = Math.Min(count, vectors.Length);
        var leading = LeadingEigenvectors.Of(Products(vectors), kept);
        var components = new double[count][];
        for (int c = 0; c < count; c++)
        {
            bool varies = c < kept && leading[c].Value > Nothing * leading[0].Value;
            components[c] = varies
                ? Unit(byFeatures ? leading[c].Vector : Combined(centred, leading[c].Vector))
                : new double[features];
        }

        double[][] scores = [.. centred.Select(row => components.Select(component => Dot(row, component)).ToArray())];
        double[] variance =
        [
            .. Enumerable.Range(0, count).Select(c => scores.Sum(s => s[c] * s[c]) / Math.Max(1, n - 1)),
        ];
        return new Pca(scores, components, variance);
    }

    private static double[][] Centred(IReadOnlyList<double[]> rows)
    {
        double[] means =
        [
            .. Enumerable.Range(0, rows[0].Length).Select(f => Metrics.Mean([.. rows.Select(row => row[f])])),
        ];
        return [.. rows.Select(row => row.Select((value, f) => value - means[f]).ToArray())];
    }

    private static double[][] Transposed(double[][] rows) =>
        [.. Enumerable.Range(0, rows[0].Length).Select(f => rows.Select(row => row[f]).ToArray())];

    /// <summary>Dot products of every pair, on and below the diagonal.</summary>
    private static double[][] Products(double[][] vectors) =>
        [
            .. vectors.Select(
                (one, i) => Enumerable.Range(0, vectors.Length).Select(j => j <= i ? Dot(one, vectors[j]) : 0).ToArray()
            ),
        ];

    private static double[] Combined(double[][] rows, double[] weights)
    {
        var sum = new double[rows[0].Length];
        for (int i = 0; i < rows.Length; i++)
        {
            for (int f = 0; f < sum.Length; f++)
            {
                sum[f] += weights[i] * rows[i][f];
            }
        }

        return sum;
    }

    private static double[] Unit(double[] vector)
    {
        double greatest = vector.MaxBy(Math.Abs),
            length = Math.Sqrt(Dot(vector, vector)) * Math.Sign(greatest);
        return [.. vector.Select(v => v / length)];
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }
}
