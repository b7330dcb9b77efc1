using Pipelines.Domain;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// Attention of the suffix on a CPU in float32, head by head and mask by mask: an intact head reads the image's own
/// keys only, an ablated one the baseline's only; both sets are computed only where a mask ablates single tokens. A
/// row's bits are the same whatever the batch and the thread count, and scores never leave the cache.
/// </summary>
internal sealed unsafe class KernelSuffixAttention(PrefixCache cache, BaselineBlocks baseline)
    : SuffixAttention(cache, baseline)
{
    /// <summary>Whether a decoder's passes use the kernel: those of packed arithmetic.</summary>
    public static bool Serves(Decoder decoder) => decoder.Arithmetic.Linear == LinearChoice.Packed;

    /// <inheritdoc/>
    public override LayerAttention Under(IReadOnlyList<AblationMask> masks) =>
        (layer, queries, keys, values) => Forward(layer, queries, keys, values, masks);

    /// <summary>The heads' outputs for B masks.</summary>
    /// <param name="layer">Layer.</param>
    /// <param name="queries">[B*Q, H*d], before rotary; the last Q of the T suffix tokens.</param>
    /// <param name="keys">[B*T, H_kv*d], before rotary.</param>
    /// <param name="values">[B*T, H_kv*d].</param>
    /// <param name="masks">B masks.</param>
    /// <returns>[B*Q, H*d], owned by the caller's dispose scope.</returns>
    private torch.Tensor Forward(
        int layer,
        torch.Tensor queries,
        torch.Tensor keys,
        torch.Tensor values,
        IReadOnlyList<AblationMask> masks
    )
    {
        torch.Tensor heads = torch.empty(queries.shape, torch.ScalarType.Float32); // [B*Q, H*d]
        var pass = new Pass(this, layer, queries, keys, values, heads, masks);
        HeadTasks.Each(Cache.Decoder.Shape.KvHeads, masks.Count, pass.Run);
        GC.KeepAlive(queries);
        GC.KeepAlive(keys);
        GC.KeepAlive(values);
        return heads;
    }

    /// <summary>One call: a layer's queries, keys and values of a batch.</summary>
    private sealed class Pass(
        KernelSuffixAttention attention,
        int layer,
        torch.Tensor queries,
        torch.Tensor keys,
        torch.Tensor values,
        torch.Tensor heads,
        IReadOnlyList<AblationMask> masks
    )
    {
        private readonly DecoderShape shape = attention.Cache.Decoder.Shape;
        private readonly SuffixRows suffix = new(attention.Cache, layer, queries, keys, values, masks.Count);
        private readonly int t = attention.Cache.Prompt.SuffixLength;
        private readonly int n = (int)(queries.shape[0] / masks.Count); // Q
        private readonly int d = attention.Cache.Decoder.Shape.HeadDim;
        private readonly int width = AttentionKernel.PaddedTo(
            attention.Cache.Decoder.Shape.HeadDim,
            AttentionKernel.Width
        ); // d with padding
        private readonly float* output = SuffixRows.Start(heads);

        /// <summary>All query heads of a kv head, for some of the masks.</summary>
        public void Run(int kvHead, int firstMask, int endMask)
        {
            var prefix = new KeyRows(attention.Cache.Prefix(layer), kvHead, d);
            var image = new KeyRows(attention.Cache.Image(layer), kvHead, d);
            var baseline = new KeyRows(attention.Baseline.Image(layer), kvHead, d);
            int suffixPadded = AttentionKernel.PaddedTo(t, AttentionKernel.Width),
                rows = AttentionKernel.PaddedTo(n, AttentionKernel.Rows);
            int columns = prefix.Padded + image.Padded + suffixPadded;
            long widened = width > d ? width * ((long)prefix.Length + image.Length + baseline.Length + t) : 0;
            float* suffixKeys = AttentionScratch.OfThread(
                (d * suffixPadded) + (2 * rows * width) + (rows * (columns + image.Padded + 1)) + widened
            ); // [d, suffixPadded]
            float* asked = suffixKeys + (d * suffixPadded); // [rows, width]
            float* read = asked + (rows * width); // [rows, width]
            float* scores = read + (rows * width); // [rows, columns]
            // [rows, image.Padded]: scores, then weights of the baseline where single tokens are ablated
            float* instead = scores + (rows * columns);
            float* shares = instead + (rows * image.Padded); // [rows], 1 / sum of a row's exponentials
            float* free = shares + rows;
            prefix = prefix.Widened(d, width, ref free);
            image = image.Widened(d, width, ref free);
            baseline = baseline.Widened(d, width, ref free);
            for (int b = firstMask; b < endMask; b++)
            {
                suffix.RotateKeys(b, kvHead, suffixPadded, suffixKeys);
                SuffixValues own = ValuesOf(b, kvHead, free);
                for (int g = 0; g < shape.Group; g++)
                {
                    int head = (kvHead * shape.Group) + g;
                    suffix.RotateQueries(b, head, rows, width, asked);
                    AblationMask mask = masks[b];
                    bool intact = HeadMasks.IsIntact(mask.Heads, (layer * shape.Heads) + head);
                    if (intact && !mask.HeadsOnly)
                    {
                        Mixed(
                            mask,
                            own,
                            rows,
                            prefix,
                            image,
                            baseline,
                            suffixKeys,
                            suffixPadded,
                            asked,
                            scores,
                            instead,
                            shares,
                            read
                        );
                    }
                    else
                    {
                        Whole(
                            own,
                            rows,
                            prefix,
                            intact ? image : baseline,
                            suffixKeys,
                            suffixPadded,
                            asked,
                            scores,
                            shares,
                            read
                        );
                    }

                    Store(b, head, shares, read);
                }
            }
        }

        /// <summary>All queries read one set of image keys.</summary>
        private void Whole(
            SuffixValues own,
            int rows,
            KeyRows prefix,
            KeyRows image,
            float* suffixKeys,
            int suffixPadded,
            float* asked,
            float* scores,
            float* shares,
            float* read
        )
        {
            int columns = prefix.Padded + image.Padded + suffixPadded;
            Score(asked, prefix.Keys, prefix.Padded, scores, columns, rows);
            Score(asked, image.Keys, image.Padded, scores + prefix.Padded, columns, rows);
            float* onSuffix = scores + prefix.Padded + image.Padded;
            Score(asked, suffixKeys, suffixPadded, onSuffix, columns, rows);
            for (int i = 0; i < n; i++)
            {
                float* row = scores + ((nint)i * columns);
                suffix.Forbid(row, prefix, image, suffixPadded, i);
                shares[i] = 1 / AttentionKernel.Exponentials(row, columns);
            }

            Read(scores, columns, prefix.Values, width, prefix.Length, read, rows, add: false);
            Read(scores + prefix.Padded, columns, image.Values, width, image.Length, read, rows, add: true);
            Read(onSuffix, columns, own.Rows, own.Stride, t, read, rows, add: true);
        }

        /// <summary>Each pair of suffix query and image key is intact or not, inside one softmax.</summary>
        private void Mixed(
            AblationMask mask,
            SuffixValues own,
            int rows,
            KeyRows prefix,
            KeyRows image,
            KeyRows baseline,
            float* suffixKeys,
            int suffixPadded,
            float* asked,
            float* scores,
            float* instead,
            float* shares,
            float* read
        )
        {
            int columns = prefix.Padded + image.Padded + suffixPadded;
            Score(asked, prefix.Keys, prefix.Padded, scores, columns, rows);
            Score(asked, image.Keys, image.Padded, scores + prefix.Padded, columns, rows);
            Score(asked, baseline.Keys, baseline.Padded, instead, image.Padded, rows);
            float* onSuffix = scores + prefix.Padded + image.Padded;
            Score(asked, suffixKeys, suffixPadded, onSuffix, columns, rows);
            for (int i = 0; i < n; i++)
            {
                float* row = scores + ((nint)i * columns);
                float* onImage = row + prefix.Padded;
                float* onBaseline = instead + ((nint)i * image.Padded);
                for (int j = 0; j < image.Length; j++)
                {
                    if (!Intact(mask, i, j))
                    {
                        onImage[j] = baseline.Length == 0 ? float.NegativeInfinity : onBaseline[j];
                    }
                }

                suffix.Forbid(row, prefix, image, suffixPadded, i);
                shares[i] = 1 / AttentionKernel.Exponentials(row, columns);
                for (int j = 0; j < image.Length; j++)
                {
                    bool intact = Intact(mask, i, j);
                    onBaseline[j] = intact ? 0 : onImage[j];
                    onImage[j] = intact ? onImage[j] : 0;
                }
            }

            Read(scores, columns, prefix.Values, width, prefix.Length, read, rows, add: false);
            Read(scores + prefix.Padded, columns, image.Values, width, image.Length, read, rows, add: true);
            Read(instead, image.Padded, baseline.Values, width, baseline.Length, read, rows, add: true);
            Read(onSuffix, columns, own.Rows, own.Stride, t, read, rows, add: true);
        }

        /// <summary>u_i v_j.</summary>
        private bool Intact(AblationMask mask, int query, int imageToken) =>
            (mask.Text is null || HeadMasks.IsIntact(mask.Text, t - n + query))
            && (mask.Image is null || HeadMasks.IsIntact(mask.Image, imageToken));

        /// <summary>Scores of the queries over some keys [d, padded].</summary>
        private void Score(float* asked, float* keys, int padded, float* scores, int columns, int rows) =>
            AttentionKernel.Multiply(asked, width, keys, padded, scores, columns, rows, d, padded, add: false);

        /// <summary>What some weights read of values [length, width].</summary>
        private void Read(
            float* weights,
            int columns,
            float* values,
            nint stride,
            int length,
            float* read,
            int rows,
            bool add
        ) => AttentionKernel.Multiply(weights, columns, values, stride, read, width, rows, length, width, add);

        /// <summary>A sequence's own values: where they lie, or widened.</summary>
        private SuffixValues ValuesOf(int b, int kvHead, float* free)
        {
            float* values = suffix.Values(b, kvHead);
            nint stride = shape.KvHeads * d;
            if (width == d)
            {
                return new SuffixValues(values, stride);
            }

            AttentionKernel.Widen(values, stride, t, d, free, width);
            return new SuffixValues(free, width);
        }

        private void Store(int b, int head, float* shares, float* read)
        {
            float* to = output + ((((nint)b * n * shape.Heads) + head) * d);
            for (int i = 0; i < n; i++)
            {
                AttentionKernel.Scale(read + (i * width), shares[i], d, to + ((nint)i * shape.Heads * d));
            }
        }
    }

    /// <summary>Values of a sequence's suffix [T, width], rows a stride apart.</summary>
    private readonly struct SuffixValues(float* rows, nint stride)
    {
        public readonly float* Rows = rows;
        public readonly nint Stride = stride;
    }
}
