using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

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
    private readonly Rotary rotary; // whole prompt
    private readonly Blocks owned;
    private readonly IDisposable? lease;

    private PrefixCache(
        Decoder decoder,
        PromptTokens prompt,
        TokenPositions positions,
        Rotary rotary,
        torch.Tensor suffix,
        KeyValueBlock[] prefix,
        KeyValueBlock[] image,
        Blocks owned = Blocks.All,
        IDisposable? lease = null
    )
    {
        (this.owned, this.lease) = (owned, lease);
        Decoder = decoder;
        Prompt = prompt;
        Positions = positions;
        this.rotary = rotary;
        SuffixRotary = Detached(rotary.Slice(prompt.SuffixStart, prompt.SuffixLength));
        ImageRotary = Detached(rotary.Slice(prompt.ImageStart, prompt.ImageLength));
        SuffixEmbeddings = suffix;
        this.prefix = prefix;
        this.image = image;
    }

    /// <summary>The decoder that computed the cache.</summary>
    public Decoder Decoder { get; }

    /// <summary>The prompt's tokens.</summary>
    public PromptTokens Prompt { get; }

    /// <summary>Rotary positions of the whole prompt.</summary>
    public TokenPositions Positions { get; }

    /// <summary>[T, hidden], the suffix tokens as they enter the decoder.</summary>
    public torch.Tensor SuffixEmbeddings { get; }

    /// <summary>Tables of the suffix positions, as views.</summary>
    public Rotary SuffixRotary { get; }

    /// <summary>Tables of the image positions, as views.</summary>
    public Rotary ImageRotary { get; }

    /// <summary>The prefix tokens' keys and values in a layer.</summary>
    public KeyValueBlock Prefix(int layer) => prefix[layer];

    /// <summary>The image tokens' own keys and values in a layer, keys rotated.</summary>
    public KeyValueBlock Image(int layer) => image[layer];

    /// <summary>Runs the prefix and image tokens through the decoder.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompt">Tokens of the prompt.</param>
    /// <param name="features">The picture's features; [P, hidden] with the prompt's P.</param>
    public static PrefixCache Compute(VisionLanguageModel model, PromptTokens prompt, ImageFeatures features) =>
        Compute(model.Decoder, prompt, model.Positions(prompt, features.Tokens), features.Features);

    /// <summary>Runs the prefix and image tokens through a decoder.</summary>
    /// <param name="decoder">The decoder.</param>
    /// <param name="prompt">Tokens of the prompt.</param>
    /// <param name="positions">Rotary positions of the prompt.</param>
    /// <param name="features">[P, hidden] in the compute type.</param>
    public static PrefixCache Compute(
        Decoder decoder,
        PromptTokens prompt,
        TokenPositions positions,
        torch.Tensor features
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
        Rotary rotary = decoder.Rotary(positions);
        Rotary before = rotary.Slice(0, prompt.SuffixStart);
        var prefix = new KeyValueBlock[shape.Layers];
        var image = new KeyValueBlock[shape.Layers];
        void Keep(int layer, torch.Tensor keys, torch.Tensor values)
        {
            prefix[layer] = KeyValueBlock.Of(
                keys.narrow(1, 0, prompt.ImageStart),
                values.narrow(1, 0, prompt.ImageStart)
            );
            image[layer] = KeyValueBlock.Of(
                keys.narrow(1, prompt.ImageStart, prompt.ImageLength),
                values.narrow(1, prompt.ImageStart, prompt.ImageLength)
            );
        }

        torch.Tensor Attend(int layer, torch.Tensor queries, torch.Tensor keys, torch.Tensor values)
        {
            torch.Tensor k = decoder.KeysOf(keys, before), // [H_kv, S, d]
                v = decoder.ValuesOf(values);
            Keep(layer, k, v);
            return Decoder.ByRow(CausalAttention(decoder.QueriesOf(queries, before), k, v, shape.Group));
        }

        int last = shape.Layers - 1; // nothing reads what leaves it
        torch.Tensor x = torch.cat([decoder.Embed(prompt.Ids.Take(prompt.ImageStart)), features], 0); // [S, hidden]
        x = new DecoderPass(decoder, Attend) { End = last }.Run(x);
        (torch.Tensor lastKeys, torch.Tensor lastValues) = decoder.KeysAndValues(last, x, before);
        Keep(last, lastKeys, lastValues);
        torch.Tensor suffix = decoder.Embed(prompt.SuffixIds); // [T, hidden]
        return new PrefixCache(
            decoder,
            prompt,
            positions,
            Detached(rotary),
            suffix.DetachFromDisposeScope(),
            prefix,
            image
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
            (prompt.ImageStart, prompt.ImageLength) != (Prompt.ImageStart, Prompt.ImageLength)
            || !prompt.Ids.Take(prompt.SuffixStart).SequenceEqual(Prompt.Ids.Take(Prompt.SuffixStart))
        )
        {
            throw new ArgumentException("another prompt before or at the image", nameof(prompt));
        }

        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        using var oneThread = new OneTorchThread(Decoder.Arithmetic);
        return new PrefixCache(
            Decoder,
            prompt,
            positions,
            Detached(Decoder.Rotary(positions)),
            Decoder.Embed(prompt.SuffixIds).DetachFromDisposeScope(), // [T, hidden]
            prefix,
            image,
            Blocks.None,
            lease
        );
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
        int moved = Prompt.SuffixStart,
            end = moved + tokens;
        int[] order =
        [
            .. Enumerable.Range(0, Prompt.ImageStart),
            .. Enumerable.Range(moved, tokens),
            .. Enumerable.Range(Prompt.ImageStart, Prompt.ImageLength),
            .. Enumerable.Range(end, Prompt.Length - end),
        ];
        torch.Tensor index = torch.tensor(
            [.. order.Select(i => (long)i)],
            dtype: torch.ScalarType.Int64,
            device: rotary.Cos.device
        );
        var prompt = Prompt with
        {
            Ids = [.. order.Select(i => Prompt.Ids[i])],
            ImageStart = Prompt.ImageStart + tokens,
        };
        var positions = Positions with
        {
            Axes = [.. Positions.Axes.Select(axis => order.Select(i => axis[i]).ToArray())],
        };
        torch.Tensor suffix = SuffixEmbeddings
            .narrow(0, tokens, SuffixEmbeddings.shape[0] - tokens)
            .clone()
            .DetachFromDisposeScope();
        var reordered = new Rotary(rotary.Cos.index_select(0, index), rotary.Sin.index_select(0, index));
        return new PrefixCache(Decoder, prompt, positions, Detached(reordered), suffix, longer, image, Blocks.OfPrefix);
    }

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

    private static torch.Tensor CausalAttention(torch.Tensor queries, torch.Tensor keys, torch.Tensor values, int group)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor k = group == 1 ? keys : keys.repeat_interleave(group, 0);
        torch.Tensor v = group == 1 ? values : values.repeat_interleave(group, 0);
        return F.scaled_dot_product_attention(queries.unsqueeze(0), k.unsqueeze(0), v.unsqueeze(0), is_casual: true)
            .squeeze(0)
            .MoveToOuterDisposeScope();
    }

    private static Rotary Detached(Rotary tables) =>
        new(tables.Cos.DetachFromDisposeScope(), tables.Sin.DetachFromDisposeScope());
}
