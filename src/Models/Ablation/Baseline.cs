using Pipelines.Domain;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>What ablated heads see instead of the image's keys and values.</summary>
public abstract record Baseline : IDisposable
{
    private Baseline() { }

    /// <summary>P that the baseline fits, or null where any fits.</summary>
    public virtual int? ImageLength => null;

    /// <inheritdoc/>
    public virtual void Dispose() => GC.SuppressFinalize(this);

    /// <summary>The paper's: per-position mean over baseline pictures.</summary>
    /// <param name="Keys">K̄ [L, H_kv, P, d] float32.</param>
    /// <param name="Values">V̄ [L, H_kv, P, d] float32.</param>
    /// <param name="Average">Whether <paramref name="Keys"/> are rotated.</param>
    public sealed record Mean(torch.Tensor Keys, torch.Tensor Values, RopeOrder Average) : Baseline
    {
        /// <inheritdoc/>
        public override int? ImageLength => (int)Keys.shape[2];

        /// <summary>The file that keys and values are mapped from; null where they are in memory.</summary>
        internal SafeTensorsFile? File { get; init; }

        /// <inheritdoc/>
        public override void Dispose()
        {
            Keys.Dispose();
            Values.Dispose();
            File?.Dispose();
            base.Dispose();
        }
    }

    /// <summary>Keys and values of zero.</summary>
    public sealed record Zero : Baseline;

    /// <summary>Attention knockout: minus infinity on the scores.</summary>
    public sealed record Knockout : Baseline;

    /// <summary>
    /// A counterfactual: another picture's image tokens, keys as rotated at their positions. Nothing is copied.
    /// </summary>
    /// <param name="Cache">The other picture behind the same text; stays the caller's, and must outlive the blocks that
    /// are made of it. Two pictures may be each other's baseline.</param>
    public sealed record Picture(PrefixCache Cache) : Baseline
    {
        /// <inheritdoc/>
        public override int? ImageLength => Cache.Prompt.ImageLength;

        /// <summary>
        /// Why the other picture cannot stand in for that of a prompt, or null where it can: another number of image
        /// tokens, or the same number at other positions (M-RoPE: another grid).
        /// </summary>
        /// <param name="cache">The prompt whose heads are ablated.</param>
        public string? Unfit(PrefixCache cache)
        {
            (int own, int other) = (cache.Prompt.ImageLength, Cache.Prompt.ImageLength);
            if (own != other)
            {
                return $"the other picture has {other} image tokens, this one {own}";
            }

            return cache.ImagePositions.Zip(Cache.ImagePositions).All(axes => axes.First.SequenceEqual(axes.Second))
                ? null
                : $"the {own} image tokens of the two pictures stand at other positions: their grids differ, or the "
                    + "text before them";
        }
    }
}

/// <summary>
/// A baseline in the layout of a decoder's passes. It serves every sample whose image stands at the same positions
/// (with <see cref="RopeOrder.After"/>: every sample). Read-only.
/// </summary>
public sealed class BaselineBlocks : IDisposable
{
    private readonly KeyValueBlock[] blocks; // one a layer; none = knockout; one = all layers
    private readonly bool ownsBlocks;

    private BaselineBlocks(KeyValueBlock[] blocks, bool ownsBlocks = true)
    {
        this.blocks = blocks;
        this.ownsBlocks = ownsBlocks;
    }

    /// <summary>Image tokens are left out of the softmax.</summary>
    public bool IsKnockout => blocks.Length == 0;

    /// <summary>Lays a baseline out for the image of a prompt.</summary>
    /// <exception cref="ArgumentException">The mean was taken over another number of image tokens, or by another
    /// decoder; the other picture is unfit.</exception>
    public static BaselineBlocks Of(Baseline baseline, PrefixCache cache)
    {
        using var noGradient = torch.no_grad();
        DecoderShape shape = cache.Decoder.Shape;
        Arithmetic arithmetic = cache.Decoder.Arithmetic;
        int p = cache.Prompt.ImageLength;
        switch (baseline)
        {
            case Baseline.Knockout:
                return new BaselineBlocks([]);
            case Baseline.Zero:
                using (
                    torch.Tensor zeros = torch.zeros(
                        [shape.KvHeads, p, shape.HeadDim],
                        dtype: arithmetic.Compute,
                        device: arithmetic.Device
                    )
                )
                {
                    return new BaselineBlocks([KeyValueBlock.Of(zeros, zeros)]);
                }

            case Baseline.Mean mean:
                long[] wanted = [shape.Layers, shape.KvHeads, p, shape.HeadDim];
                if (!mean.Keys.shape.SequenceEqual(wanted) || !mean.Values.shape.SequenceEqual(wanted))
                {
                    throw new ArgumentException(
                        $"mean keys [{string.Join(", ", mean.Keys.shape)}] do not fit an image of "
                            + $"[{string.Join(", ", wanted)}]",
                        nameof(baseline)
                    );
                }

                return new BaselineBlocks([
                    .. Enumerable.Range(0, shape.Layers).Select(layer => Block(mean, layer, cache, arithmetic)),
                ]);
            case Baseline.Picture picture:
                if (!ReferenceEquals(picture.Cache.Decoder, cache.Decoder))
                {
                    throw new ArgumentException("the other picture's keys are another model's", nameof(baseline));
                }

                return picture.Unfit(cache) is { } reason
                    ? throw new ArgumentException(reason, nameof(baseline))
                    : new BaselineBlocks(
                        [.. Enumerable.Range(0, shape.Layers).Select(picture.Cache.Image)],
                        ownsBlocks: false
                    );
            default:
                throw new ArgumentOutOfRangeException(nameof(baseline));
        }
    }

    /// <summary>A baseline of some keys and values.</summary>
    /// <param name="blocks">One a layer; become the result's.</param>
    internal static BaselineBlocks Of(KeyValueBlock[] blocks) => new(blocks);

    /// <summary>The baseline's keys and values in a layer; null with knockout.</summary>
    public KeyValueBlock? Image(int layer) =>
        blocks.Length switch
        {
            0 => null,
            1 => blocks[0],
            _ => blocks[layer],
        };

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (KeyValueBlock block in ownsBlocks ? blocks : [])
        {
            block.Dispose();
        }
    }

    private static KeyValueBlock Block(Baseline.Mean mean, int layer, PrefixCache cache, Arithmetic arithmetic)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor keys = mean.Keys[layer].to(arithmetic.Device);
        torch.Tensor rotated = mean.Average == RopeOrder.Before ? cache.ImageRotary[layer].Apply(keys) : keys;
        var block = KeyValueBlock.Of(
            rotated.to(arithmetic.Compute),
            mean.Values[layer].to(arithmetic.Compute, arithmetic.Device)
        );
        foreach (string read in mean.File?.Tensors.Keys ?? [])
        {
            mean.File!.Release(read); // what this layer was read from; the next layer reads its own
        }

        return block;
    }
}
