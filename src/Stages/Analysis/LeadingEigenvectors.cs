using Pipelines.Domain;

namespace Pipelines.Stages.Analysis;

/// <summary>
/// The greatest eigenvalues of a symmetric matrix and their vectors: Householder's reduction to a tridiagonal matrix,
/// bisection by Sturm counts, inverse iteration (Golub and Van Loan, 8.3 and 8.4). Sure for equal and nearly equal
/// eigenvalues too, and the same bits whatever the thread count: nothing runs in parallel. O(2/3 n^3) for any number of
/// vectors.
/// </summary>
internal static class LeadingEigenvectors
{
    private const int Rounds = 4; // of inverse iteration; two are enough for any start
    private const double Rounding = 2.220446049250313e-16;

    /// <summary>The greatest eigenvalues, descending.</summary>
    /// <param name="matrix">n rows; only the part on and below the diagonal is read. Overwritten.</param>
    /// <param name="count">How many; at most n.</param>
    /// <returns>Eigenvalues and unit vectors; the sign of a vector is free.</returns>
    public static (double Value, double[] Vector)[] Of(double[][] matrix, int count)
    {
        int n = matrix.Length;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, n);
        var reflections = new double[Math.Max(0, n - 2)][];
        var (diagonal, beside) = Tridiagonal(matrix, reflections);
        (double Value, double[] Vector)[] found =
        [
            .. Blocks(diagonal, beside)
                .SelectMany(b => OfBlock(diagonal, beside, b.First, b.Length, count))
                .OrderByDescending(f => f.Value)
                .Take(count),
        ];
        foreach (var (_, vector) in found)
        {
            for (int k = n - 3; k >= 0; k--)
            {
                Reflect(reflections[k], vector.AsSpan(k + 1));
            }
        }

        return found;
    }

    /// <summary>
    /// Where the tridiagonal matrix falls apart: inside a block no element beside the diagonal vanishes, so no
    /// eigenvalue of a block is double.
    /// </summary>
    private static IEnumerable<(int First, int Length)> Blocks(double[] diagonal, double[] beside)
    {
        int first = 0;
        for (int i = 0; i < diagonal.Length; i++)
        {
            if (
                i == beside.Length
                || Math.Abs(beside[i]) <= Rounding * (Math.Abs(diagonal[i]) + Math.Abs(diagonal[i + 1]))
            )
            {
                yield return (first, i + 1 - first);
                first = i + 1;
            }
        }
    }

    private static IEnumerable<(double Value, double[] Vector)> OfBlock(
        double[] allDiagonal,
        double[] allBeside,
        int first,
        int length,
        int count
    )
    {
        double[] diagonal = allDiagonal[first..(first + length)],
            beside = allBeside[first..(first + length - 1)];
        var before = new List<double[]>();
        for (int rank = 0; rank < Math.Min(count, length); rank++)
        {
            double value = Bisected(diagonal, beside, rank);
            before.Add(Inverse(diagonal, beside, value, before));
            var vector = new double[allDiagonal.Length];
            before[rank].CopyTo(vector, first);
            yield return (value, vector);
        }
    }

    /// <summary>Q^T A Q = T, Q the product of the reflections 1 - 2 v v^T (v a unit vector or null = none).</summary>
    private static (double[] Diagonal, double[] Beside) Tridiagonal(double[][] a, double[][] reflections)
    {
        int n = a.Length;
        double[] diagonal = new double[n],
            beside = new double[Math.Max(0, n - 1)],
            image = new double[n];
        for (int k = 0; k < n - 2; k++)
        {
            double[] v = new double[n - k - 1]; // over rows k + 1 ..
            double scale = 0;
            for (int i = 0; i < v.Length; i++)
            {
                v[i] = a[k + 1 + i][k];
                scale = Math.Max(scale, Math.Abs(v[i]));
            }

            double length = scale == 0 ? 0 : scale * Math.Sqrt(v.Sum(x => x / scale * (x / scale)));
            reflections[k] = v;
            if (length == 0)
            {
                continue; // v = 0 reflects nothing
            }

            double signed = v[0] > 0 ? -length : length;
            beside[k] = signed;
            v[0] -= signed;
            Normalise(v);
            BothSides(a, k + 1, v, image.AsSpan(0, v.Length));
        }

        for (int i = 0; i < n; i++)
        {
            diagonal[i] = a[i][i];
        }

        if (n > 1)
        {
            beside[n - 2] = a[n - 1][n - 2];
        }

        return (diagonal, beside);
    }

    /// <summary>A := (1 - 2 v v^T) A (1 - 2 v v^T) from row <paramref name="first"/> on, lower half.</summary>
    private static void BothSides(double[][] a, int first, double[] v, Span<double> image)
    {
        image.Clear();
        for (int i = 0; i < v.Length; i++) // image = A v
        {
            double[] row = a[first + i];
            double sum = row[first + i] * v[i];
            for (int j = 0; j < i; j++)
            {
                sum += row[first + j] * v[j];
                image[j] += row[first + j] * v[i];
            }

            image[i] += sum;
        }

        double along = 0;
        for (int i = 0; i < v.Length; i++)
        {
            along += v[i] * image[i];
        }

        for (int i = 0; i < v.Length; i++)
        {
            image[i] = 2 * (image[i] - (along * v[i]));
        }

        for (int i = 0; i < v.Length; i++)
        {
            double[] row = a[first + i];
            for (int j = 0; j <= i; j++)
            {
                row[first + j] -= (v[i] * image[j]) + (image[i] * v[j]);
            }
        }
    }

    /// <summary>The eigenvalue with <paramref name="rank"/> greater ones, to the last bit.</summary>
    private static double Bisected(double[] diagonal, double[] beside, int rank)
    {
        int n = diagonal.Length;
        double low = double.PositiveInfinity,
            high = double.NegativeInfinity;
        for (int i = 0; i < n; i++) // Gershgorin
        {
            double radius = (i > 0 ? Math.Abs(beside[i - 1]) : 0) + (i < n - 1 ? Math.Abs(beside[i]) : 0);
            low = Math.Min(low, diagonal[i] - radius);
            high = Math.Max(high, diagonal[i] + radius);
        }

        while (true)
        {
            double middle = low + ((high - low) / 2);
            if (!(middle > low && middle < high))
            {
                return high;
            }

            if (CountAbove(diagonal, beside, middle) > rank)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }
    }

    /// <summary>Eigenvalues above x: positive pivots of T - x.</summary>
    private static int CountAbove(double[] diagonal, double[] beside, double x)
    {
        int count = 0;
        double pivot = 1;
        for (int i = 0; i < diagonal.Length; i++)
        {
            double square = i == 0 ? 0 : beside[i - 1] * beside[i - 1];
            pivot = diagonal[i] - x - (square == 0 ? 0 : square / pivot);
            pivot = pivot == 0 ? -double.Epsilon : pivot;
            count += pivot > 0 ? 1 : 0;
        }

        return count;
    }

    /// <summary>A unit vector of an eigenvalue, at right angles to the ones before.</summary>
    private static double[] Inverse(double[] diagonal, double[] beside, double value, List<double[]> before)
    {
        int n = diagonal.Length;
        var random = new SplitMix64(before.Count, purpose: (ulong)n);
        double[] vector = [.. Enumerable.Range(0, n).Select(_ => 0.5 + random.Below(1 << 20))];
        for (int round = 0; round < Rounds; round++)
        {
            Solve(diagonal, beside, value, vector);
            Normalise(vector);
            foreach (double[] other in before)
            {
                double along = 0;
                for (int i = 0; i < n; i++)
                {
                    along += vector[i] * other[i];
                }

                for (int i = 0; i < n; i++)
                {
                    vector[i] -= along * other[i];
                }
            }

            Normalise(vector);
        }

        return vector;
    }

    /// <summary>
    /// (T - value) x = x by elimination with row exchanges; a vanishing pivot is replaced by a tiny one.
    /// </summary>
    private static void Solve(double[] diagonal, double[] beside, double value, double[] x)
    {
        int n = diagonal.Length;
        double size = diagonal.Concat(beside).Max(Math.Abs),
            tiny = size > 0 ? size * 1e-16 : 1;
        double[] pivots = new double[n],
            next = new double[n],
            afterNext = new double[n]; // upper triangle, three bands
        double d = diagonal[0] - value,
            e = n > 1 ? beside[0] : 0;
        for (int i = 0; i < n - 1; i++)
        {
            double below = beside[i],
                belowD = diagonal[i + 1] - value,
                belowE = i + 1 < n - 1 ? beside[i + 1] : 0;
            if (Math.Abs(below) > Math.Abs(d))
            {
                (pivots[i], next[i], afterNext[i]) = (below, belowD, belowE);
                double factor = d / below;
                (d, e) = (e - (factor * belowD), -factor * belowE);
                (x[i], x[i + 1]) = (x[i + 1], x[i] - (factor * x[i + 1]));
            }
            else
            {
                d = Math.Abs(d) < tiny ? tiny : d;
                (pivots[i], next[i], afterNext[i]) = (d, e, 0);
                double factor = below / d;
                (d, e) = (belowD - (factor * e), belowE);
                x[i + 1] -= factor * x[i];
            }
        }

        pivots[n - 1] = Math.Abs(d) < tiny ? tiny : d;
        for (int i = n - 1; i >= 0; i--)
        {
            x[i] -= (i + 1 < n ? next[i] * x[i + 1] : 0) + (i + 2 < n ? afterNext[i] * x[i + 2] : 0);
            x[i] /= pivots[i];
            if (Math.Abs(x[i]) > 1e150) // the length is free
            {
                for (int j = 0; j < n; j++)
                {
                    x[j] *= 1e-150;
                }
            }
        }
    }

    private static void Reflect(double[] v, Span<double> x)
    {
        double along = 0;
        for (int i = 0; i < v.Length; i++)
        {
            along += v[i] * x[i];
        }

        for (int i = 0; i < v.Length; i++)
        {
            x[i] -= 2 * along * v[i];
        }
    }

    private static void Normalise(double[] vector)
    {
        double scale = vector.Max(Math.Abs);
        double length = scale == 0 ? 1 : scale * Math.Sqrt(vector.Sum(x => x / scale * (x / scale)));
        for (int i = 0; i < vector.Length; i++)
        {
            vector[i] /= length;
        }
    }
}
