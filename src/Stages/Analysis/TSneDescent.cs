namespace Pipelines.Stages.Analysis;

/// <summary>
/// Gradient descent of t-SNE in two dimensions, as scikit-learn's exact method: KL = sum P log(P / Q) over all ordered
/// pairs, Q_ij proportional to 1 / (1 + |y_i - y_j|^2). Later steps are chaotic: the last bit of the start decides the
/// picture, so nothing here runs in parallel.
/// </summary>
/// <param name="affinities">P, condensed.</param>
/// <param name="start">[n][2], not changed.</param>
internal sealed class TSneDescent(double[] affinities, IReadOnlyList<double[]> start)
{
    private const double LeastGain = 0.01;

    private readonly int count = start.Count;
    private readonly double[] y = [.. start.SelectMany(p => p)]; // [n, 2]
    private readonly double[] gradient = new double[2 * start.Count];
    private readonly double[] update = new double[2 * start.Count];
    private readonly double[] gains = [.. Enumerable.Repeat(1.0, 2 * start.Count)];

    /// <summary>Where the points are, [n][2].</summary>
    public double[][] Points => [.. Enumerable.Range(0, count).Select(i => new[] { y[2 * i], y[(2 * i) + 1] })];

    /// <summary>Length of the last step's gradient, each entry times its gain (as scikit-learn measures it).</summary>
    public double GradientNorm { get; private set; }

    /// <summary>One step.</summary>
    /// <param name="exaggeration">Factor on P.</param>
    /// <param name="momentum">Share of the last update that is kept.</param>
    /// <param name="rate">Learning rate.</param>
    public void Step(double exaggeration, double momentum, double rate)
    {
        Gradient(affinities, exaggeration, y, gradient);
        double squares = 0;
        for (int i = 0; i < y.Length; i++)
        {
            gains[i] = Math.Max(update[i] * gradient[i] < 0 ? gains[i] + 0.2 : gains[i] * 0.8, LeastGain);
            double scaled = gains[i] * gradient[i];
            squares += scaled * scaled;
            update[i] = (momentum * update[i]) - (rate * scaled);
            y[i] += update[i];
        }

        GradientNorm = Math.Sqrt(squares);
    }

    /// <summary>Forgets updates and gains, as at the start of a phase.</summary>
    public void Rest()
    {
        Array.Clear(update);
        Array.Fill(gains, 1);
    }

    /// <summary>KL of the points as they are.</summary>
    /// <param name="exaggeration">Factor on P.</param>
    public double Divergence(double exaggeration = 1) => Divergence(affinities, exaggeration, y);

    /// <summary>KL(P || Q) over all ordered pairs.</summary>
    /// <param name="affinities">P, condensed.</param>
    /// <param name="exaggeration">Factor on P.</param>
    /// <param name="y">[n, 2].</param>
    public static double Divergence(double[] affinities, double exaggeration, double[] y)
    {
        double all = 2 * SumOfKernels(y),
            divergence = 0;
        for (int i = 0, pair = 0; i < y.Length; i += 2)
        {
            for (int j = i + 2; j < y.Length; j += 2, pair++)
            {
                double p = exaggeration * affinities[pair];
                divergence += p * Math.Log(p / Math.Max(Kernel(y, i, j) / all, TSneAffinities.Floor));
            }
        }

        return 2 * divergence;
    }

    /// <summary>dKL/dy_i = 4 sum_j (P_ij - Q_ij) (y_i - y_j) / (1 + |y_i - y_j|^2).</summary>
    /// <param name="affinities">P, condensed.</param>
    /// <param name="exaggeration">Factor on P.</param>
    /// <param name="y">[n, 2].</param>
    /// <param name="gradient">[n, 2].</param>
    public static void Gradient(double[] affinities, double exaggeration, double[] y, double[] gradient)
    {
        double all = 2 * SumOfKernels(y);
        Array.Clear(gradient);
        for (int i = 0, pair = 0; i < y.Length; i += 2)
        {
            double atX = 0,
                atY = 0;
            for (int j = i + 2; j < y.Length; j += 2, pair++)
            {
                double kernel = Kernel(y, i, j);
                double pull =
                    4 * ((exaggeration * affinities[pair]) - Math.Max(kernel / all, TSneAffinities.Floor)) * kernel;
                double alongX = pull * (y[i] - y[j]),
                    alongY = pull * (y[i + 1] - y[j + 1]);
                atX += alongX;
                atY += alongY;
                gradient[j] -= alongX;
                gradient[j + 1] -= alongY;
            }

            gradient[i] += atX;
            gradient[i + 1] += atY;
        }
    }

    private static double SumOfKernels(double[] y)
    {
        double sum = 0;
        for (int i = 0; i < y.Length; i += 2)
        {
            double row = 0;
            for (int j = i + 2; j < y.Length; j += 2)
            {
                row += Kernel(y, i, j);
            }

            sum += row;
        }

        return sum;
    }

    private static double Kernel(double[] y, int i, int j)
    {
        double x = y[i] - y[j],
            up = y[i + 1] - y[j + 1];
        return 1 / (1 + (x * x) + (up * up));
    }
}
