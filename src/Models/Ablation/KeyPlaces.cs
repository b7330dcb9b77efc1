using Pipelines.Models.Families;

namespace Pipelines.Models.Ablation;

/// <summary>
/// Where the tokens of a <see cref="PrefixCache"/> stand in the sequence. Attention does not depend on the order of its
/// keys, so the cache holds the prefix's in one block and the image's in another; a window depends on their places.
/// </summary>
/// <param name="Prefix">Places of the prefix block's tokens, rising.</param>
/// <param name="Image">Places of the image block's, rising.</param>
/// <param name="Suffix">Place of the first suffix token; the others follow.</param>
internal sealed record KeyPlaces(int[] Prefix, int[] Image, int Suffix)
{
    /// <summary>The places of a prompt.</summary>
    public static KeyPlaces Of(PromptTokens prompt) =>
        new([.. prompt.PrefixPlaces], [.. prompt.ImagePlaces], prompt.SuffixStart);

    /// <summary>All places, block by block, of a sequence of some length.</summary>
    public int[] Order(int length) => [.. Prefix, .. Image, .. Enumerable.Range(Suffix, length - Suffix)];

    /// <summary>The places with the first suffix tokens counted to the prefix.</summary>
    public KeyPlaces WithLongerPrefix(int tokens) =>
        this with
        {
            Prefix = [.. Prefix, .. Enumerable.Range(Suffix, tokens)],
            Suffix = Suffix + tokens,
        };

    /// <summary>How many of the first keys of each block a window hides from a token.</summary>
    /// <param name="token">Number of a token behind the image: 0 is the first of the suffix.</param>
    /// <param name="window">Query i sees key j where i - j is below it.</param>
    public HiddenKeys Hidden(int token, int window)
    {
        int first = Suffix + token - window + 1; // place of the first key that is seen
        return new HiddenKeys(Before(Prefix, first), Before(Image, first), Math.Max(0, first - Suffix));
    }

    private static int Before(int[] places, int first)
    {
        int at = Array.BinarySearch(places, first);
        return at >= 0 ? at : ~at;
    }
}

/// <summary>How many of the first keys of each block are hidden.</summary>
/// <param name="Prefix">Of the prefix block.</param>
/// <param name="Image">Of the image block.</param>
/// <param name="Suffix">Of the tokens behind the image.</param>
internal readonly record struct HiddenKeys(int Prefix, int Image, int Suffix)
{
    /// <summary>None is.</summary>
    public bool IsNone => (Prefix | Image | Suffix) == 0;
}
