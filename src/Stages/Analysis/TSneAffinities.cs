using Pipelines.Domain;

namespace Pipelines.Stages.Analysis;

/// <summary>
/// The joint affinities P of t-SNE (van der Maaten and Hinton 2008): P_ij = (p_j|i + p_i|j) / sum, p_j|i a Gaussian
/// around vector i whose entropy is the logarithm of the perplexity.
/// </summary>
internal static class TSneAffinities
{
    /// <summary>Floor of a probability, as scikit-learn: the distance from 1 to the next double.</summary>
    public const double Floor = 2.220446049250313e-16;

    private const int Halvings = 200;
    private const double EntropyError = 1e-12;

    /// <summary>
    /// P of every pair, condensed (<see cref="Distances"/>); a pair counts twice in sums over all ordered pairs, which
    /// give 1.
    /// </summary>
    /// <param name="rows">n vectors of one length.</param>
    /// <param name="perplexity">Effective count of neighbours, above 1 and below n.</param>
    public static double[] Of(IReadOnlyList<double[]> rows, double perplexity)
    {
        int n = rows.Count;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(perplexity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(perplexity, n);
        double[] squared = [.. Distances.Condensed(rows, VectorDistance.Euclidean).Select(d => d * d)];
        var joint = new double[squared.Length];
        double[] neighbours = new double[n - 1],
            shares = new double[n - 1];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0, place = 0; j < n; j++)
            {
                if (j != i)
                {
                    neighbours[place++] = squared[Distances.Pair(n, i, j)];
                }
            }

            Conditional(neighbours, Math.Log(perplexity), shares);
            for (int j = 0, place = 0; j < n; j++)
            {
                if (j != i)
                {
                    joint[Distances.Pair(n, i, j)] += shares[place++];
                }
            }
        }

        double sum = 2 * joint.Sum();
        for (int pair = 0; pair < joint.Length; pair++)
        {
            joint[pair] = Math.Max(joint[pair] / sum, Floor);
        }

        return joint;
    }

    /// <summary>
    /// Shares of the neighbours of one vector: exp(-precision d^2) / sum, the precision found by doubling and halving.
    /// </summary>
    private static void Conditional(double[] squared, double wanted, double[] shares)
    {
        double least = squared.Min(),
            mean = squared.Average() - least;
        double low = 0,
            high = double.PositiveInfinity,
            precision = mean > 0 ? 1 / mean : 1;
        for (int step = 0; step < Halvings; step++)
        {
            double sum = 0,
                weighted = 0;
            for (int j = 0; j < squared.Length; j++)
            {
                double share = Math.Exp(-precision * (squared[j] - least)); // the nearest has 1: the sum never vanishes
                shares[j] = share;
                sum += share;
                weighted += share * (squared[j] - least);
            }

            for (int j = 0; j < squared.Length; j++)
            {
                shares[j] /= sum;
            }

            double entropy = Math.Log(sum) + (precision * weighted / sum);
            if (Math.Abs(entropy - wanted) <= EntropyError)
            {
                return;
            }

            (low, high) = entropy > wanted ? (precision, high) : (low, precision);
            precision = double.IsPositiveInfinity(high) ? precision * 2 : (low + high) / 2;
        }
    }
}
