using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Pipelines.Domain;

namespace Pipelines.Stages.Attribution;

/// <summary>
/// Orders of heads from most to least important (paper, baseline criteria), and what a prefix of an order is as a mask.
/// </summary>
public static class Ranking
{
    private const ulong RandomOrder = 0x72616E646F6D; // "random"

    /// <summary>Heads by falling score; of equal scores the lower index first; NaN last.</summary>
    /// <param name="scores">beta_n, delta_n or image attention weight of every head, [N].</param>
    public static int[] ByScore(IReadOnlyList<double> scores) =>
        [
            .. Enumerable
                .Range(0, scores.Count)
                .OrderByDescending(n => double.IsNaN(scores[n]) ? double.NegativeInfinity : scores[n])
                .ThenBy(n => double.IsNaN(scores[n]))
                .ThenBy(n => n),
        ];

    /// <summary>
    /// A uniformly random order, another for each scope: orders that samples shared would not average out.
    /// </summary>
    /// <param name="heads">N.</param>
    /// <param name="seed">Seed of the experiment.</param>
    /// <param name="scope">The sample's id.</param>
    /// <param name="index">Number of the order.</param>
    public static int[] Random(int heads, int seed, string scope, int index) =>
        new SplitMix64(
            seed,
            RandomOrder ^ BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(scope))),
            index
        ).Permutation(heads);

    /// <summary>
    /// x_k: only the first <paramref name="k"/> heads of the order are intact. Faithfulness(k) = phi(x_k).
    /// </summary>
    /// <param name="order">Heads from most to least important, [N].</param>
    /// <param name="k">0 .. N.</param>
    /// <returns>A mask as <see cref="HeadMasks"/> lays it out.</returns>
    public static byte[] Intact(IReadOnlyList<int> order, int k) => Mask(order, 0, k);

    /// <summary>
    /// 1 - x_k: only the first <paramref name="k"/> heads of the order are ablated. Completeness(k) = phi(1 - x_k).
    /// </summary>
    /// <inheritdoc cref="Intact"/>
    public static byte[] Ablated(IReadOnlyList<int> order, int k) => Mask(order, k, order.Count);

    private static byte[] Mask(IReadOnlyList<int> order, int first, int end) =>
        HeadMasks.Of(order.Count, order.Skip(first).Take(end - first));
}
