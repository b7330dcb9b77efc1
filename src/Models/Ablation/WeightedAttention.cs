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
        double[] w = new double[run.Attention(0).shape[2]];
        Each(run, heads, important, (n, i, row) => AddTimes(w, beta[n] * delta[i], row));
        return w;
    }

    /// <summary>
    /// What each head of x* adds to it but for its own weight: sum_i delta_i u*_i a^n_ij, so that w_j is the sum of
    /// beta_n times these.
    /// </summary>
    /// <param name="run">The intact run.</param>
    /// <param name="heads">x*, N bits.</param>
    /// <param name="delta">[T].</param>
    /// <param name="important">u*, T bits.</param>
    /// <returns>The heads of x* in order, each with [P].</returns>
    public static IReadOnlyList<(int Head, double[] Attention)> OfHeads(
        IntactRun run,
        byte[] heads,
        IReadOnlyList<double> delta,
        byte[] important
    )
    {
        var (perLayer, p) = (run.Attention(0).shape[0], run.Attention(0).shape[2]);
        var found = new SortedDictionary<int, double[]>();
        foreach (int n in Enumerable.Range(0, (int)(run.Layers * perLayer)).Where(n => HeadMasks.IsIntact(heads, n)))
        {
            found[n] = new double[p];
        }

        Each(run, heads, important, (n, i, row) => AddTimes(found[n], delta[i], row));
        return [.. found.Select(f => (f.Key, f.Value))];
    }

    /// <summary>Gives the attention of every head of x* and text token of u* to the image tokens, a^n_i [P].</summary>
    private static void Each(IntactRun run, byte[] heads, byte[] important, AttentionRow give)
    {
        int headsPerLayer = (int)run.Attention(0).shape[0],
            t = (int)run.Attention(0).shape[1],
            p = (int)run.Attention(0).shape[2];
        for (int layer = 0; layer < run.Layers; layer++)
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
                        give((layer * headsPerLayer) + head, i, a.AsSpan(((head * t) + i) * p, p));
                    }
                }
            }
        }
    }

    private static void AddTimes(double[] sum, double weight, ReadOnlySpan<double> row)
    {
        for (int j = 0; j < row.Length; j++)
        {
            sum[j] += weight * row[j];
        }
    }

    /// <summary>Is given the attention of head n and text token i.</summary>
    private delegate void AttentionRow(int n, int i, ReadOnlySpan<double> row);
}
