using Pipelines.Domain;
using Pipelines.Models.Families;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// Which pairs a batch of masks leaves intact, on the device in the compute type: sent there once for all layers, as
/// each sending makes the host wait.
/// </summary>
/// <param name="Masks">B.</param>
/// <param name="Heads">x, [H_kv, B, G, L].</param>
/// <param name="Text">u, [B, T]; null where all masks leave the text intact.</param>
/// <param name="Image">v, [B, P]; null where all masks leave the image intact.</param>
internal sealed record IntactPairs(long Masks, torch.Tensor Heads, torch.Tensor? Text, torch.Tensor? Image)
{
    /// <summary>The pairs of some masks, in the caller's dispose scope.</summary>
    public static IntactPairs Of(IReadOnlyList<AblationMask> masks, PrefixCache cache)
    {
        Decoder decoder = cache.Decoder;
        DecoderShape shape = decoder.Shape;
        int t = cache.Prompt.SuffixLength,
            p = cache.Prompt.ImageLength;
        torch.Tensor Bits(Func<AblationMask, byte[]> part, int count) =>
            torch.tensor(
                [
                    .. masks.SelectMany(mask =>
                        Enumerable.Range(0, count).Select(i => HeadMasks.IsIntact(part(mask), i) ? 1f : 0f)
                    ),
                ],
                [masks.Count, count],
                dtype: decoder.Arithmetic.Compute,
                device: decoder.Arithmetic.Device
            );
        return new IntactPairs(
            masks.Count,
            Bits(mask => mask.Heads, shape.TotalHeads)
                .view(masks.Count, shape.Layers, shape.KvHeads, shape.Group)
                .permute(2, 0, 3, 1),
            masks.Any(mask => mask.Text is not null) ? Bits(mask => mask.Text ?? HeadMasks.Full(t), t) : null,
            masks.Any(mask => mask.Image is not null) ? Bits(mask => mask.Image ?? HeadMasks.Full(p), p) : null
        );
    }

    /// <summary>x_n u_i v_j of a layer's pairs; axes that all masks leave intact stay 1.</summary>
    /// <param name="layer">Layer.</param>
    /// <param name="queries">Q: the last of the T suffix tokens.</param>
    /// <returns>1 or 0, [H_kv, B, G, Q | 1, P | 1], in the caller's dispose scope.</returns>
    public torch.Tensor Of(int layer, long queries)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor keep = Heads.narrow(3, layer, 1).unsqueeze(-1); // [H_kv, B, G, 1, 1]
        if (Text is not null)
        {
            keep *= Text.narrow(1, Text.shape[1] - queries, queries).view(1, Masks, 1, queries, 1);
        }

        if (Image is not null)
        {
            keep *= Image.view(1, Masks, 1, 1, Image.shape[1]);
        }

        return keep.MoveToOuterDisposeScope();
    }
}
