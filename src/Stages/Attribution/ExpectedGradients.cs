using Pipelines.Domain;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Attribution;

/// <summary>
/// Expected gradients (beyond the paper): beta_n = E_x[d phi / d x_n] over the drawn masks. One backward pass gives all
/// N numbers, so the count of passes does not grow with N as a regression's does. A regression's beta_n is the effect
/// phi(x_n = 1) - phi(x_n = 0) = integral of d phi / d x_n from 0 to 1; with 75 % of heads ablated the plain mean has
/// three quarters of its weight at the end 0, <see cref="GradientAverage.BothEnds"/> has half at either.
/// </summary>
/// <param name="Beta">[N].</param>
/// <param name="Intercept">b = mean of phi - x . beta over the same passes.</param>
/// <param name="Passes">Gradients averaged.</param>
public sealed record ExpectedGradients(double[] Beta, double Intercept, int Passes)
{
    /// <summary>Of the first passes of a sample.</summary>
    /// <param name="parts">Its gradient passes, in order.</param>
    /// <param name="heads">N.</param>
    /// <param name="average">How they are averaged.</param>
    /// <param name="first">Passes used at most.</param>
    /// <exception cref="ArgumentException">There is no pass.</exception>
    public static ExpectedGradients Of(
        IEnumerable<GradientPart> parts,
        int heads,
        GradientAverage average,
        int first = int.MaxValue
    )
    {
        var passes = parts
            .SelectMany(part =>
                part.Gradients.Select((gradient, i) => (Gradient: gradient, Mask: part.Heads[i], Phi: part.Phi[i]))
            )
            .Take(first)
            .ToList();
        if (passes.Count == 0)
        {
            throw new ArgumentException("no gradient pass", nameof(parts));
        }

        double[] beta = new double[heads];
        for (int n = 0; n < heads; n++)
        {
            var (intact, ablated, count) = (0.0, 0.0, 0);
            foreach (var (gradient, mask, _) in passes)
            {
                bool isIntact = HeadMasks.IsIntact(mask, n);
                count += isIntact ? 1 : 0;
                (intact, ablated) = isIntact ? (intact + gradient[n], ablated) : (intact, ablated + gradient[n]);
            }

            beta[n] =
                average == GradientAverage.Masks || count == 0 || count == passes.Count // one end alone has been seen
                    ? (intact + ablated) / passes.Count
                    : 0.5 * ((intact / count) + (ablated / (passes.Count - count)));
        }

        var slope = new ExpectedGradients(beta, 0, passes.Count);
        return slope with { Intercept = passes.Average(p => p.Phi - slope.Predict(p.Mask)) };
    }

    /// <summary>b + x . beta.</summary>
    /// <param name="mask">x: bit n%8, least significant first, of byte n/8.</param>
    public double Predict(ReadOnlySpan<byte> mask)
    {
        double sum = Intercept;
        for (int n = 0; n < Beta.Length; n++)
        {
            if (HeadMasks.IsIntact(mask, n))
            {
                sum += Beta[n];
            }
        }

        return sum;
    }
}
