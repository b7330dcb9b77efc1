using Pipelines.Models.Families;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// What a window hides from tokens behind the image, to be added to their scores: made once a pass, as all layers that
/// have a window have the same one.
/// </summary>
internal sealed class WindowMask
{
    private readonly torch.Tensor? hidden; // [Q, S + P + own]; null = nothing is hidden
    private readonly DecoderShape shape;

    private WindowMask(torch.Tensor? hidden, DecoderShape shape) => (this.hidden, this.shape) = (hidden, shape);

    /// <summary>Of the keys and tokens of a cache.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="places">Where its tokens stand.</param>
    /// <param name="own">Tokens behind the image, the suffix and an answer's.</param>
    /// <param name="queries">Q: the last of them.</param>
    public static WindowMask Of(PrefixCache cache, KeyPlaces places, int own, int queries)
    {
        DecoderShape shape = cache.Decoder.Shape;
        if (shape.Sliding is not { Window: int window })
        {
            return new WindowMask(null, shape);
        }

        HiddenKeys[] each = [.. Enumerable.Range(own - queries, queries).Select(i => places.Hidden(i, window))];
        if (Array.TrueForAll(each, h => h.IsNone))
        {
            return new WindowMask(null, shape);
        }

        int start = cache.Prompt.PrefixLength,
            end = cache.Prompt.SuffixStart,
            width = end + own;
        float[] mask = new float[queries * width];
        for (int i = 0; i < queries; i++)
        {
            Span<float> row = mask.AsSpan(i * width, width);
            row[..each[i].Prefix].Fill(float.NegativeInfinity);
            row.Slice(start, each[i].Image).Fill(float.NegativeInfinity);
            row.Slice(end, each[i].Suffix).Fill(float.NegativeInfinity);
        }

        return new WindowMask(
            torch.tensor(
                mask,
                [queries, width],
                dtype: cache.Decoder.Arithmetic.Compute,
                device: cache.Decoder.Arithmetic.Device
            ),
            shape
        );
    }

    /// <summary>What a layer hides from the last tokens.</summary>
    /// <param name="layer">Layer.</param>
    /// <param name="queries">How many.</param>
    /// <returns>[queries, S + P + own], minus infinity where hidden; null where nothing is.</returns>
    public torch.Tensor? Of(int layer, long queries) =>
        shape.WindowOf(layer) is null ? null : hidden?.narrow(0, hidden.shape[0] - queries, queries);
}
