using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// Keys and values of the prefix and image tokens of one picture and prompt, in every layer. Ablation touches only what
/// suffix queries read, and no token sees what follows it, so these do not depend on the mask: they are computed once,
/// and a mask costs the suffix tokens only. Exact, not an approximation. Read-only: worker threads share it.
/// </summary>
public sealed class PrefixCache : IDisposable
{
    private readonly KeyValueBlock[] prefix;
    private readonly KeyValueBlock[] image;
    private readonly LayerRotary rotary; // of the whole prompt: prefix block, image block, suffix
    private readonly KeyPlaces places;
    private readonly Blocks owned;
    private readonly IDisposable? lease;
    private readonly PrefixCache? origin;

    private PrefixCache(
        Decoder decoder,
        PromptTokens prompt,
        KeyPlaces places,
        TokenPositions positions,
        LayerRotary rotary,
        torch.Tensor suffix,
        KeyValueBlock[] prefix,
        KeyValueBlock[] image,
        Blocks owned = Blocks.All,
        IDisposable? lease = null,
        PrefixCache? origin = null
    )
    {
        (this.owned, this.lease, this.origin) = (owned, lease, origin);
        Decoder = decoder;
        Prompt = prompt;
        this.places = places;
        Positions = positions;
        this.rotary = rotary;
        SuffixRotary = rotary.Slice(prompt.SuffixStart, prompt.SuffixLength).Detached();
        ImageRotary = rotary.Slice(prompt.PrefixLength, prompt.ImageLength).Detached();
        SuffixEmbeddings = suffix;
        this.prefix = prefix;
        this.image = image;
    }

    /// <summary>
    /// The cache that holds the keys and values: this one, or the one of which it was asked (<see cref="AskedAlso"/>).
    /// </summary>
    public PrefixCache Origin => origin ?? this;

    /// <summary>The decoder that computed the cache.</summary>
    public Decoder Decoder { get; }

    /// <summary>The prompt's tokens.</summary>
    public PromptTokens Prompt { get; }

    /// <summary>Rotary positions of the whole prompt, block by block: prefix, image tokens, suffix.</summary>
    public TokenPositions Positions { get; }

    /// <summary>[axes][P], the rotary positions of the image tokens.</summary>
    public IReadOnlyList<long>[] ImagePositions =>
        [.. Positions.Axes.Select(axis => new ArraySegment<long>(axis, Prompt.PrefixLength, Prompt.ImageLength))];

    /// <summary>[T, hidden], the suffix tokens as they enter the decoder.</summary>
    public torch.Tensor SuffixEmbeddings { get; }

    /// <summary>Tables of the suffix positions, as views.</summary>
    public LayerRotary SuffixRotary { get; }

    /// <summary>Tables of the image positions, as views.</summary>
    public LayerRotary ImageRotary { get; }

    /// <summary>The prefix tokens' keys and values in a layer.</summary>
    public KeyValueBlock Prefix(int layer) => prefix[layer];

    /// <summary>The image tokens' own keys and values in a layer, keys rotated.</summary>
    public KeyValueBlock Image(int layer) => image[layer];

    /// <summary>Runs the prefix and image tokens through the decoder.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompt">Tokens of the prompt.</param>
    /// <param name="features">The picture's features; [P, hidden] with the prompt's P.</param>
    public static PrefixCache Compute(VisionLanguageModel model, PromptTokens prompt, ImageFeatures features) =>
        Compute(model.Decoder, prompt, model.Positions(prompt, features.Tokens), features.Features, features.DeepStack);

    /// <summary>Runs the prefix and image tokens through a decoder.</summary>
    /// <param name="decoder">The decoder.</param>
    /// <param name="prompt">Tokens of the prompt.</param>
    /// <param name="positions">Rotary positions of the prompt.</param>
    /// <param name="features">[P, hidden] in the compute type.</param>
    /// <param name="deepStack">See <see cref="ImageFeatures.DeepStack"/>.</param>
    public static PrefixCache Compute(
        Decoder decoder,
        PromptTokens prompt,
        TokenPositions positions,
        torch.Tensor features,
        IReadOnlyList<torch.Tensor>? deepStack = null
    )
    {
        if (features.shape[0] != prompt.ImageLength)
        {
            throw new ArgumentException(
                $"the picture has {features.shape[0]} image tokens, the prompt {prompt.ImageLength}",
                nameof(features)
            );
        }

        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        using var oneThread = new OneTorchThread(decoder.Arithmetic);
        DecoderShape shape = decoder.Shape;
        var places = KeyPlaces.Of(prompt);
        using LayerRotary rotary = decoder.Rotary(positions); // in the order of the sequence
        LayerRotary before = rotary.Slice(0, prompt.SuffixStart);
        var attention = new PrefixAttention(decoder, prompt);
        torch.Tensor onPrefix = Index(places.Prefix, features.device),
            onImage = Index(places.Image, features.device);
        bool isOneRun = prompt.ImageRuns.Count == 1;
        var prefix = new KeyValueBlock[shape.Layers];
        var image = new KeyValueBlock[shape.Layers];
        void Keep(int layer, torch.Tensor keys, torch.Tensor values)
        {
            KeyValueBlock Block(torch.Tensor index, int start, int length) =>
                isOneRun
                    ? KeyValueBlock.Of(keys.narrow(1, start, length), values.narrow(1, start, length))
                    : KeyValueBlock.Of(keys.Taken(1, index), values.Taken(1, index));

            prefix[layer] = Block(onPrefix, 0, prompt.PrefixLength);
            image[layer] = Block(onImage, prompt.ImageStart, prompt.ImageLength);
        }

        torch.Tensor Attend(int layer, torch.Tensor queries, torch.Tensor keys, torch.Tensor values)
        {
            torch.Tensor k = decoder.KeysOf(keys, before[layer]), // [H_kv, S + P, d]
                v = decoder.ValuesOf(values);
            Keep(layer, k, v);
            return Decoder.ByRow(attention.Forward(layer, decoder.QueriesOf(queries, before[layer]), k, v));
        }

        torch.Tensor Behind(int layer, torch.Tensor left)
        {
            LayerMemory.Return(layer, left);
            return deepStack is not null && layer < deepStack.Count
                ? left.index_add(0, onImage, deepStack[layer], Scalars.One)
                : left;
        }

        int last = shape.Layers - 1; // nothing reads what leaves it
        torch.Tensor x = isOneRun
            ? torch.cat([decoder.Embed(prompt.Ids.Take(prompt.ImageStart)), features], 0) // [S + P, hidden]
            : decoder.Embed(prompt.Ids.Take(prompt.SuffixStart)).index_copy(0, onImage, features);
        x = new DecoderPass(decoder, Attend) { End = last, Behind = Behind }.Run(x);
        (torch.Tensor lastKeys, torch.Tensor lastValues) = decoder.KeysAndValues(last, x, before[last]);
        Keep(last, lastKeys, lastValues);
        return Of(decoder, prompt, places, positions, rotary, prefix, image);
    }

    /// <summary>The cache of some blocks and a prompt.</summary>
    /// <param name="decoder">The decoder.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="places">Its places.</param>
    /// <param name="positions">Its positions, in the order of the sequence.</param>
    /// <param name="rotary">Their tables; stay the caller's.</param>
    /// <param name="prefix">The prefix tokens, a layer.</param>
    /// <param name="image">The image tokens, a layer.</param>
    /// <param name="owned">Whose blocks they are.</param>
    /// <param name="lease">Disposed with the result.</param>
    /// <param name="origin">Whose blocks they are, where they are not the result's.</param>
    private static PrefixCache Of(
        Decoder decoder,
        PromptTokens prompt,
        KeyPlaces places,
        TokenPositions positions,
        LayerRotary rotary,
        KeyValueBlock[] prefix,
        KeyValueBlock[] image,
        Blocks owned = Blocks.All,
        IDisposable? lease = null,
        PrefixCache? origin = null
    )
    {
        using var scope = torch.NewDisposeScope();
        int[] order = places.Order(prompt.Length);
        torch.Tensor suffix = decoder.Embed(prompt.SuffixIds); // [T, hidden]
        return new PrefixCache(
            decoder,
            prompt,
            places,
            positions.Ordered(order),
            rotary.Ordered(Index(order, suffix.device)).Detached(),
            suffix.DetachFromDisposeScope(),
            prefix,
            image,
            owned,
            lease,
            origin
        );
    }

    /// <summary>
    /// The same picture asked something else: prefix and image are read from here, so that many questions about one
    /// picture cost its keys and values once.
    /// </summary>
    /// <param name="prompt">Differs from this one's behind the image only.</param>
    /// <param name="positions">Rotary positions of the prompt.</param>
    /// <param name="lease">Keeps this cache alive; disposed with the result. Null = the caller sees to it.</param>
    public PrefixCache AskedAlso(PromptTokens prompt, TokenPositions positions, IDisposable? lease = null)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (
            !prompt.ImageRuns.SequenceEqual(Prompt.ImageRuns)
            || !prompt.Ids.Take(prompt.SuffixStart).SequenceEqual(Prompt.Ids.Take(Prompt.SuffixStart))
        )
        {
            throw new ArgumentException("another prompt before or at the image", nameof(prompt));
        }

        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        using var oneThread = new OneTorchThread(Decoder.Arithmetic);
        using LayerRotary tables = Decoder.Rotary(positions);
        return Of(Decoder, prompt, places, positions, tables, prefix, image, Blocks.None, lease, Origin);
    }

    /// <summary>
    /// The same tokens with the first suffix tokens counted to the prefix, in front of the image: attention does not
    /// depend on the order of its keys, and positions ride with them. For masks under which these tokens are always the
    /// same.
    /// </summary>
    /// <param name="tokens">Suffix tokens that move; at least one stays.</param>
    /// <param name="longer">The prefix with their keys and values behind it, layer by layer; becomes the
    /// result's.</param>
    /// <returns>A cache that reads this one's image blocks: dispose it first.</returns>
    public PrefixCache WithLongerPrefix(int tokens, KeyValueBlock[] longer)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(tokens, Prompt.SuffixLength);
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        int start = Prompt.PrefixLength,
            moved = Prompt.SuffixStart,
            end = moved + tokens;
        int[] order = // of what is already block by block
        [
            .. Enumerable.Range(0, start),
            .. Enumerable.Range(moved, tokens),
            .. Enumerable.Range(start, Prompt.ImageLength),
            .. Enumerable.Range(end, Prompt.Length - end),
        ];
        int[] at = places.Order(Prompt.Length);
        var prompt = new PromptTokens(
            Prompt.Text,
            [.. order.Select(i => Prompt.Ids[at[i]])],
            start + tokens,
            Prompt.ImageLength
        );
        torch.Tensor suffix = SuffixEmbeddings
            .narrow(0, tokens, SuffixEmbeddings.shape[0] - tokens)
            .clone()
            .DetachFromDisposeScope();
        return new PrefixCache(
            Decoder,
            prompt,
            places.WithLongerPrefix(tokens),
            Positions.Ordered(order),
            rotary.Ordered(Index(order, suffix.device)).Detached(),
            suffix,
            longer,
            image,
            Blocks.OfPrefix
        );
    }

    /// <summary>What the window of a layer hides from a token; nothing where the layer has none.</summary>
    /// <param name="layer">Layer.</param>
    /// <param name="token">Number of a token behind the image: 0 is the first of the suffix.</param>
    internal HiddenKeys Hidden(int layer, int token) =>
        Decoder.Shape.WindowOf(layer) is { } window ? places.Hidden(token, window) : default;

    /// <summary>What windows hide from the tokens behind the image.</summary>
    /// <param name="own">Tokens behind the image, the suffix and an answer's.</param>
    /// <param name="queries">The last of them, which ask; null = all.</param>
    /// <returns>In the caller's dispose scope.</returns>
    internal WindowMask Window(int own, int? queries = null) =>
        WindowMask.Of(this, places, own, queries ?? own);

    /// <inheritdoc/>
    public void Dispose()
    {
        SuffixRotary.Dispose();
        ImageRotary.Dispose();
        rotary.Dispose();
        SuffixEmbeddings.Dispose();
        IEnumerable<KeyValueBlock> blocks = owned switch
        {
            Blocks.All => prefix.Concat(image),
            Blocks.OfPrefix => prefix,
            _ => [],
        };
        foreach (KeyValueBlock block in blocks)
        {
            block.Dispose();
        }

        lease?.Dispose();
    }

    /// <summary>Whose blocks a cache disposes of.</summary>
    private enum Blocks
    {
        /// <summary>All: it computed them.</summary>
        All,

        /// <summary>Those of the prefix: another cache computed the image's.</summary>
        OfPrefix,

        /// <summary>None: another cache computed them.</summary>
        None,
    }

    private static torch.Tensor Index(int[] places, torch.Device device) =>
        torch.tensor([.. places.Select(i => (long)i)], dtype: torch.ScalarType.Int64, device: device);
}
