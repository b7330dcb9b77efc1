using System.Numerics.Tensors;
using Pipelines.Domain;

namespace Pipelines.Stages.Attribution;

/// <summary>
/// What the elastic net minimises and when it stops: 1/(2n) ||y - Xw - b||^2 + alpha l1_ratio ||w||_1 + alpha (1 -
/// l1_ratio)/2 ||w||^2.
/// </summary>
/// <param name="Alpha">Strength of the penalty, above 0 (paper: 0.0005).</param>
/// <param name="L1Ratio">Share of the l1 penalty, 0 to 1.</param>
/// <param name="MaxIterations">Sweeps over the columns at most.</param>
/// <param name="Tolerance">Of the largest relative change and of the dual gap relative to ||yc||^2.</param>
/// <param name="FitIntercept">b is fitted (and not penalised); else 0.</param>
internal sealed record ElasticNetSettings(
    double Alpha = 0.0005,
    double L1Ratio = 0.5,
    int MaxIterations = 1000,
    double Tolerance = 1e-4,
    bool FitIntercept = true
);

/// <summary>A fitted elastic net.</summary>
/// <param name="Coefficients">w, [N].</param>
/// <param name="Intercept">b.</param>
/// <param name="Iterations">Sweeps done; 0 where w = 0 is already good enough.</param>
/// <param name="DualGap">Divided by the rows, as scikit-learn's <c>dual_gap_</c>.</param>
/// <param name="Converged">The gap was below the tolerance when the sweeps ended.</param>
internal sealed record ElasticNetFit(
    double[] Coefficients,
    double Intercept,
    int Iterations,
    double DualGap,
    bool Converged
)
{
    /// <summary>b + x . w.</summary>
    /// <param name="mask">A row: bit j%8, least significant first, of byte j/8.</param>
    public double Predict(ReadOnlySpan<byte> mask)
    {
        double sum = Intercept;
        for (int j = 0; j < Coefficients.Length; j++)
        {
            if (HeadMasks.IsIntact(mask, j))
            {
                sum += Coefficients[j];
            }
        }

        return sum;
    }
}

/// <summary>
/// Elastic net by cyclic coordinate descent on the Gram matrix in double precision: the algorithm, the stopping rule
/// and the gap-safe screening of scikit-learn 1.9 (<c>enet_coordinate_descent_gram</c>), sweep for sweep. Columns are
/// 0/1.
/// </summary>
internal static class ElasticNet
{
    /// <summary>Fits y on the columns.</summary>
    /// <param name="columns">X, at least one row.</param>
    /// <param name="y">[n], finite.</param>
    /// <param name="settings">Penalty and stopping rule.</param>
    /// <param name="threads">Threads for the Gram matrix; the result does not depend on it.</param>
    public static ElasticNetFit Fit(
        MaskColumns columns,
        ReadOnlySpan<double> y,
        ElasticNetSettings settings,
        int threads = 1
    ) => Fit(GramMatrix.Of(columns, settings.FitIntercept, threads), y, settings);

    /// <summary>Fits y on the columns of a Gram matrix.</summary>
    /// <param name="gram">Centred if and only if an intercept is fitted.</param>
    /// <param name="y">[n], finite.</param>
    /// <param name="settings">Penalty and stopping rule.</param>
    public static ElasticNetFit Fit(GramMatrix gram, ReadOnlySpan<double> y, ElasticNetSettings settings)
    {
        Check(gram, y, settings);
        double mean = settings.FitIntercept ? Mean(y) : 0;
        var centred = new double[y.Length];
        for (int i = 0; i < centred.Length; i++)
        {
            centred[i] = y[i] - mean;
        }

        return new Descent(gram, centred, settings).Run(mean);
    }

    private static void Check(GramMatrix gram, ReadOnlySpan<double> y, ElasticNetSettings settings)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(y.Length, gram.Columns.Rows);
        ArgumentOutOfRangeException.ThrowIfZero(y.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(gram.Centred, settings.FitIntercept);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(settings.Alpha);
        ArgumentOutOfRangeException.ThrowIfNegative(settings.L1Ratio);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(settings.L1Ratio, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(settings.MaxIterations);
        for (int i = 0; i < y.Length; i++)
        {
            if (!double.IsFinite(y[i]))
            {
                throw new ArgumentException($"y[{i}] is {y[i]}: every value must be finite.", nameof(y));
            }
        }
    }

    /// <summary>Mean in two passes; exact for a constant y, so that its centred values are exactly zero.</summary>
    private static double Mean(ReadOnlySpan<double> y)
    {
        if (y.IndexOfAnyExcept(y[0]) < 0)
        {
            return y[0];
        }

        double sum = 0,
            rest = 0;
        foreach (double value in y)
        {
            sum += value;
        }

        double mean = sum / y.Length;
        foreach (double value in y)
        {
            rest += value - mean;
        }

        return mean + (rest / y.Length);
    }

    /// <summary>The state of one fit. R = yc - Xc w is not held: Xc'R = q - Qw.</summary>
    private sealed class Descent
    {
        private readonly GramMatrix gram; // Q = Xc'Xc
        private readonly ElasticNetSettings settings;
        private readonly int rows; // n
        private readonly double l1,
            l2; // n alpha r, n alpha (1 - r)
        private readonly double yy; // ||yc||^2
        private readonly double[] q; // Xc'yc, [N]
        private readonly double[] w; // [N]
        private readonly double[] qw; // Qw, [N]
        private readonly double[] a; // Xc'R - l2 w, [N]
        private int[] kept; // columns that screening has not dropped, in order

        public Descent(GramMatrix gram, double[] y, ElasticNetSettings settings)
        {
            this.gram = gram;
            this.settings = settings;
            rows = y.Length;
            int count = gram.Columns.Columns;
            l1 = rows * settings.Alpha * settings.L1Ratio;
            l2 = rows * settings.Alpha * (1 - settings.L1Ratio);
            double total = 0;
            foreach (double value in y)
            {
                yy += value * value;
                total += value;
            }

            q = gram.Columns.Sums(y);
            for (int j = 0; j < count; j++)
            {
                q[j] -= gram.Mean(j) * total;
            }

            w = new double[count];
            qw = new double[count];
            a = new double[count];
            kept = [.. Enumerable.Range(0, count)];
        }

        public ElasticNetFit Run(double meanOfY)
        {
            double goal = settings.Tolerance * yy;
            double gap = Gap(out double largest);
            int sweeps = 0;
            if (gap > goal)
            {
                Screen(gap, largest);
                while (sweeps < settings.MaxIterations)
                {
                    sweeps++;
                    var (change, weight) = Sweep();
                    if (weight == 0 || change / weight <= settings.Tolerance || sweeps == settings.MaxIterations)
                    {
                        gap = Gap(out largest);
                        if (gap <= goal)
                        {
                            break;
                        }

                        Screen(gap, largest);
                    }
                }
            }

            double intercept = meanOfY;
            for (int j = 0; j < w.Length; j++)
            {
                intercept -= gram.Mean(j) * w[j];
            }

            return new ElasticNetFit(w, intercept, sweeps, gap / rows, gap <= goal);
        }

        /// <summary>w_j = S(x_j.R + w_j ||x_j||^2, l1) / (||x_j||^2 + l2) for every kept column in order.</summary>
        /// <returns>Largest change and largest weight.</returns>
        private (double Change, double Weight) Sweep()
        {
            double change = 0,
                weight = 0;
            foreach (int j in kept)
            {
                double norm = gram.Diagonal(j),
                    old = w[j];
                if (norm == 0)
                {
                    continue;
                }

                double t = q[j] - qw[j] + (old * norm);
                double next = Math.Sign(t) * Math.Max(Math.Abs(t) - l1, 0) / (norm + l2);
                SetWeight(j, next);
                change = Math.Max(change, Math.Abs(next - old));
                weight = Math.Max(weight, Math.Abs(next));
            }

            return (change, weight);
        }

        private void SetWeight(int j, double next)
        {
            double change = next - w[j];
            if (change != 0)
            {
                w[j] = next;
                TensorPrimitives.MultiplyAdd(gram.Row(j), change, qw, qw);
            }
        }

        /// <summary>Primal minus dual objective; fills <see cref="a"/>.</summary>
        /// <param name="largest">max |Xc'R - l2 w|.</param>
        private double Gap(out double largest)
        {
            largest = 0;
            double wq = 0,
                wqw = 0,
                ww = 0,
                norm1 = 0,
                xr = 0;
            for (int j = 0; j < w.Length; j++)
            {
                double r = q[j] - qw[j]; // x_j . R
                a[j] = r - (l2 * w[j]);
                largest = Math.Max(largest, Math.Abs(a[j]));
                wq += w[j] * q[j];
                wqw += w[j] * qw[j];
                ww += w[j] * w[j];
                norm1 += Math.Abs(w[j]);
                xr += r * r;
            }

            double rr = yy + wqw - (2 * wq); // ||R||^2
            double ry = yy - wq; // R . yc
            if (l1 == 0)
            {
                return rr + (l2 / 2 * ww) - ry + (xr / (2 * l2));
            }

            double scale = largest > l1 ? l1 / largest : 1;
            double primal = ((rr + (l2 * ww)) / 2) + (l1 * norm1);
            double dual = (-scale * scale * (rr + (l2 * ww)) / 2) + (scale * ry);
            return primal - dual;
        }

        /// <summary>Gap-safe screening: drops columns whose weight is provably 0 at the optimum.</summary>
        private void Screen(double gap, double largest)
        {
            if (l1 == 0)
            {
                return;
            }

            double radius = Math.Sqrt(2 * gap) / l1;
            double scale = Math.Max(l1, largest);
            var stay = new List<int>(kept.Length);
            foreach (int j in kept)
            {
                double norm = gram.Diagonal(j);
                if (norm == 0 || (1 - (Math.Abs(a[j]) / scale)) / Math.Sqrt(norm + l2) > radius)
                {
                    SetWeight(j, 0);
                }
                else
                {
                    stay.Add(j);
                }
            }

            kept = [.. stay];
        }
    }
}
