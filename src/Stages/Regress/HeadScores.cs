using System.Globalization;
using Pipelines.Files;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// beta in the forms in which others take scores of heads: a matrix of samples and heads for NumPy, and a line a head,
/// <c>[[layer, head], score]</c>, as lists of retrieval heads are passed around.
/// </summary>
internal static class HeadScores
{
    /// <summary>The matrix.</summary>
    public const string Vectors = "head_vectors.npy";

    /// <summary>The list.</summary>
    public const string List = "heads.jsonl";

    /// <summary>Both files.</summary>
    /// <param name="betas">beta of each sample [samples][N], in the order of the table of fits.</param>
    /// <param name="heads">N.</param>
    /// <param name="headsPerLayer">H.</param>
    public static IEnumerable<PublishedFile> Files(Func<IReadOnlyList<double[]>> betas, int heads, int headsPerLayer) =>
        [
            new PublishedFile(
                Vectors,
                "Head vectors for NumPy: beta [samples, L * H], float64; rows in the order of the table fits, "
                    + "column layer * H + head.",
                path => NpyFile.Write(path, betas(), heads)
            ),
            new PublishedFile(
                List,
                "A line a head, [[layer, head], mean beta over samples], the largest first.",
                path => AtomicFile.Write(path, Lines(betas(), heads, headsPerLayer), flush: false)
            ),
        ];

    /// <summary>Heads by descending mean beta; of equals the one with the smaller number first.</summary>
    internal static string Lines(IReadOnlyList<double[]> betas, int heads, int headsPerLayer) =>
        betas.Count == 0
            ? ""
            : string.Concat(
                Enumerable
                    .Range(0, heads)
                    .Select(n => (N: n, Mean: betas.Average(b => b[n])))
                    .OrderByDescending(h => h.Mean)
                    .ThenBy(h => h.N)
                    .Select(h =>
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"[[{h.N / headsPerLayer}, {h.N % headsPerLayer}], {h.Mean:R}]\n"
                        )
                    )
            );
}
