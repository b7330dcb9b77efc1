using Pipelines.Domain;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// Weighted image attention (paper, eq. 13): the attention of the intact run to every image token, heads weighted by
/// what they carry and text tokens by what they receive.
/// </summary>
public static class WeightedAttention
{
    /// <summary>w_j = sum_n beta_n x*_n sum_i delta_i u*_i a^n_ij.</summary>
    /// <param name="run">The intact run, whose a^n_ij is read.</param>
    /// <param name="beta">[N].</param>
    /// <param name="heads">x*, N bits.</param>
    /// <param name="delta">[T].</param>
    /// <param name="important">u*, T bits.</param>
    /// <returns>[P].</returns>
    public static double[] Of(
        IntactRun run,
        IReadOnlyList<double> beta,
        byte[] heads,
        IReadOnlyList<double> delta,
        byte[] important
    )
    {
        int headsPerLayer = (int)run.Attention(0).shape[0],
            t = (int)run.Attention(0).shape[1],
            p = (int)run.Attention(0).shape[2];
        double[] w = new double[p];
        for (int layer = 0; layer < beta.Count / headsPerLayer; layer++)
        {
            int[] kept =
            [
                .. Enumerable
                    .Range(0, headsPerLayer)
                    .Where(h => HeadMasks.IsIntact(heads, (layer * headsPerLayer) + h)),
            ];
            if (kept.Length == 0)
            {
                continue;
            }

            using DisposeScope scope = torch.NewDisposeScope();
            double[] a = run.Attention(layer).to(torch.ScalarType.Float64).cpu().data<double>().ToArray(); // [H, T, P]
            foreach (int head in kept)
            {
                for (int i = 0; i < t; i++)
                {
                    if (HeadMasks.IsIntact(important, i))
                    {
                        double weight = beta[(layer * headsPerLayer) + head] * delta[i];
                        for (int j = 0; j < p; j++)
                        {
                            w[j] += weight * a[(((head * t) + i) * p) + j];
                        }
                    }
                }
            }
        }

        return w;
    }
}
