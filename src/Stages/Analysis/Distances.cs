using Pipelines.Domain;

namespace Pipelines.Stages.Analysis;

/// <summary>
/// Distances between n vectors in condensed form, SciPy's: the upper triangle row by row, (0,1), (0,2) … (0,n-1), (1,2)
/// …, n (n - 1) / 2 values.
/// </summary>
internal static class Distances
{
    /// <summary>Distances of every pair.</summary>
    /// <param name="rows">n vectors of one length, finite.</param>
    /// <param name="metric">How far apart two are.</param>
    public static double[] Condensed(IReadOnlyList<double[]> rows, VectorDistance metric)
    {
        var distances = new double[PairCount(rows.Count)];
        double[] norms = metric == VectorDistance.Cosine ? [.. rows.Select(Norm)] : [];
        int pair = 0;
        for (int i = 0; i < rows.Count; i++)
        {
            for (int j = i + 1; j < rows.Count; j++)
            {
                ArgumentOutOfRangeException.ThrowIfNotEqual(rows[j].Length, rows[i].Length);
                distances[pair++] = metric switch
                {
                    VectorDistance.Euclidean => Math.Sqrt(SquaredEuclidean(rows[i], rows[j])),
                    VectorDistance.Cosine => OneMinusCosine(rows[i], rows[j], norms[i], norms[j]),
                    _ => throw new ArgumentOutOfRangeException(nameof(metric)),
                };
            }
        }

        return distances;
    }

    /// <summary>|a - b|^2.</summary>
    public static double SquaredEuclidean(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        }

        return sum;
    }

    /// <summary>n (n - 1) / 2.</summary>
    public static int PairCount(int count) => checked((int)((long)count * (count - 1) / 2));

    /// <summary>Place of a pair in condensed form.</summary>
    /// <param name="count">Vectors, n.</param>
    /// <param name="i">One of them.</param>
    /// <param name="j">Another.</param>
    public static int Pair(int count, int i, int j) =>
        i < j ? (int)(((long)i * ((2L * count) - i - 1) / 2) + (j - i - 1)) : Pair(count, j, i);

    private static double OneMinusCosine(double[] a, double[] b, double normA, double normB)
    {
        if (normA == 0 || normB == 0)
        {
            return normA == normB ? 0 : 1;
        }

        double dot = 0;
        for (int i = 0; i < a.Length; i++)
        {
            dot += a[i] * b[i];
        }

        // Rounding must not give equal directions a negative distance
        return Math.Clamp(1 - (dot / (normA * normB)), 0, 2);
    }

    private static double Norm(double[] vector) => Math.Sqrt(vector.Sum(v => v * v));
}
