using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Attribution;

/// <summary>
/// Expected gradients (METHOD, beyond the paper): beta_n = E_x[d phi / d x_n] over the drawn masks. One backward pass gives all N numbers, so the count of passes does not grow with N as a regression's does.
/// </summary>
/// <param name="Beta">Mean gradient, [N].</param>
/// <param name="Intercept">b = mean of phi - x . beta over the same passes.</param>
/// <param name="Passes">Gradients averaged.</param>
internal sealed record ExpectedGradients(double[] Beta, double Intercept, int Passes)
{
    /// <summary>Of the first passes of a sample.</summary>
    /// <param name="parts">Its gradient passes, in order.</param>
    /// <param name="heads">N.</param>
    /// <param name="first">Passes used at most.</param>
    /// <exception cref="ArgumentException">There is no pass.</exception>
    public static ExpectedGradients Of(IEnumerable<GradientPart> parts, int heads, int first = int.MaxValue)
    {
        var passes = parts.SelectMany(part => part.Gradients.Select((gradient, i) => (Gradient: gradient, Mask: part.Heads[i], Phi: part.Phi[i]))).Take(first).ToList();
        if (passes.Count == 0)
        {
            throw new ArgumentException("no gradient pass", nameof(parts));
        }

        double[] beta = new double[heads];
        foreach (var (gradient, _, _) in passes)
        {
            for (int n = 0; n < heads; n++)
            {
                beta[n] += gradient[n];
            }
        }

        for (int n = 0; n < heads; n++)
        {
            beta[n] /= passes.Count;
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
            if ((mask[n >> 3] >> (n & 7) & 1) != 0)
            {
                sum += Beta[n];
            }
        }

        return sum;
    }
}
