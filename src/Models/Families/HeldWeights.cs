using System.Text.RegularExpressions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families;

/// <summary>
/// What the weights of a checkpoint take in memory once they are loaded, from the headers of its files alone.
/// </summary>
/// <param name="Held">Bytes of the copies that loading makes; pages of the mapped files, which the system may take
/// back, are not counted.</param>
/// <param name="Files">Bytes of all tensors in the files.</param>
public sealed partial record HeldWeights(long Held, long Files)
{
    private static readonly string[] Embeddings = ["embed_tokens.weight", "tok_embeddings.weight"],
        Heads = ["lm_head.weight", "output.weight"];

    /// <summary>Reads the headers of a model folder.</summary>
    /// <param name="info">What config.json says.</param>
    /// <param name="arithmetic">Packed layers keep the stored type, libtorch's take the type of the
    /// computation.</param>
    /// <param name="visionBlocks">Blocks of the vision tower that are run; those after them are never loaded.</param>
    /// <exception cref="InputException">The folder has no weights that could be loaded.</exception>
    public static HeldWeights Read(ModelInfo info, Arithmetic arithmetic, int visionBlocks)
    {
        using Checkpoint checkpoint = Checkpoint.Open(info.Folder);
        bool tied =
            info.Decoder.TiedHead
            || !checkpoint.Tensors.Keys.Any(n => Heads.Any(h => n.EndsWith(h, StringComparison.Ordinal)));
        long held = 0,
            files = 0;
        foreach ((string name, StoredTensor tensor) in checkpoint.Tensors)
        {
            files += tensor.Bytes;
            held += Of(name, tensor, tied, arithmetic, visionBlocks);
        }

        return new HeldWeights(held, files);
    }

    private static long Of(string name, StoredTensor tensor, bool tiedHead, Arithmetic arithmetic, int visionBlocks)
    {
        bool isEmbedding = Embeddings.Any(e => name.EndsWith(e, StringComparison.Ordinal));
        // the embedding's rows are read from the file
        if (IsUnused(name, tiedHead, visionBlocks) || (isEmbedding && !tiedHead))
        {
            return 0;
        }

        long count = tensor.Shape.Aggregate(1L, (n, s) => n * s);
        long computed = SizeOf(arithmetic.Compute);
        bool isLinear =
            tensor.Shape.Length >= 2
            && name.EndsWith(".weight", StringComparison.Ordinal)
            && !name.Contains("position_embedding", StringComparison.Ordinal);
        return count
            * (isLinear && arithmetic.Linear == LinearChoice.Packed ? Math.Min(SizeOf(tensor.Type), 4) : computed);
    }

    /// <summary>
    /// Blocks of a tower behind the last one that is run, its last norm, buffers, and the second copy of a tied head.
    /// </summary>
    private static bool IsUnused(string name, bool tiedHead, int visionBlocks)
    {
        if (
            name.EndsWith("position_ids", StringComparison.Ordinal)
            || (tiedHead && name.EndsWith("lm_head.weight", StringComparison.Ordinal))
        )
        {
            return true;
        }

        if (!name.Contains("vision", StringComparison.Ordinal))
        {
            return false;
        }

        Match layer = LayerNumber().Match(name);
        return name.Contains("post_layernorm", StringComparison.Ordinal)
            || (
                layer.Success
                && int.Parse(layer.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture)
                    >= visionBlocks
            );
    }

    private static long SizeOf(torch.ScalarType type) =>
        type switch
        {
            torch.ScalarType.Float64 => 8,
            torch.ScalarType.Float32 => 4,
            _ => 2,
        };

    [GeneratedRegex(@"\.layers?\.([0-9]{1,6})\.", RegexOptions.CultureInvariant)]
    private static partial Regex LayerNumber();
}
