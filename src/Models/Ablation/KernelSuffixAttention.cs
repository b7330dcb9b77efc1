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
    /// <summary>
    /// Whether a decoder's passes can use the kernel: packed arithmetic, and a head size of whole vectors.
    /// </summary>
    public static bool Serves(Decoder decoder) =>
        decoder.Arithmetic.Linear == LinearChoice.Packed && decoder.Shape.HeadDim % AttentionKernel.Width == 0;

    /// <inheritdoc/>
    public override torch.Tensor Forward(
        int layer,
        torch.Tensor queries,
        torch.Tensor keys,
        torch.Tensor values,
        IReadOnlyList<AblationMask> masks
    )
    {
        torch.Tensor heads = torch.empty(queries.shape, torch.ScalarType.Float32); // [B*Q, H*d]
        var pass = new Pass(this, layer, queries, keys, values, heads, masks);
        int kvHeads = Cache.Decoder.Shape.KvHeads;
        int threads = PackedLinear.Threads > 0 ? PackedLinear.Threads : torch.get_num_threads();
        if (threads == 1)
        {
            for (int kv = 0; kv < kvHeads; kv++)
            {
                pass.Run(kv, 0, masks.Count);
            }
        }
        else
        {
            int parts = Math.Min(masks.Count, Math.Max(1, 4 * threads / kvHeads)); // several tasks a thread
            Parallel.For(0, kvHeads * parts, new ParallelOptions { MaxDegreeOfParallelism = threads }, task =>
            {
                int kv = task / parts,
                    part = task % parts;
                pass.Run(kv, masks.Count * part / parts, masks.Count * (part + 1) / parts);
            });
        }

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
        private readonly float* output = SuffixRows.Start(heads);

        /// <summary>All query heads of a kv head, for some of the masks.</summary>
        public void Run(int kvHead, int firstMask, int endMask)
        {
            int d = shape.HeadDim;
            var prefix = new KeyRows(attention.Cache.Prefix(layer), kvHead, d);
            var image = new KeyRows(attention.Cache.Image(layer), kvHead, d);
            var baseline = new KeyRows(attention.Baseline.Image(layer), kvHead, d);
            int suffixPadded = AttentionKernel.PaddedTo(t, AttentionKernel.Width),
                rows = AttentionKernel.PaddedTo(n, AttentionKernel.Rows);
            int columns = prefix.Padded + image.Padded + suffixPadded;
            float* suffixKeys = AttentionScratch.OfThread(
                (d * suffixPadded) + (2 * rows * d) + (rows * (columns + image.Padded + 1))
            ); // [d, suffixPadded]
            float* asked = suffixKeys + (d * suffixPadded); // [rows, d]
            float* read = asked + (rows * d); // [rows, d]
            float* scores = read + (rows * d); // [rows, columns]
            // [rows, image.Padded]: scores, then weights of the baseline where single tokens are ablated
            float* instead = scores + (rows * columns);
            float* shares = instead + (rows * image.Padded); // [rows], 1 / sum of a row's exponentials
            for (int b = firstMask; b < endMask; b++)
            {
                suffix.TurnKeys(b, kvHead, suffixPadded, suffixKeys);
                for (int g = 0; g < shape.Group; g++)
                {
                    int head = (kvHead * shape.Group) + g;
                    suffix.TurnQueries(b, head, rows, d, asked);
                    AblationMask mask = masks[b];
                    bool intact = HeadMasks.IsIntact(mask.Heads, (layer * shape.Heads) + head);
                    if (intact && !mask.HeadsOnly)
                    {
                        Mixed(
                            mask,
                            b,
                            kvHead,
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
                            b,
                            kvHead,
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
            int b,
            int kvHead,
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
            int d = shape.HeadDim,
                columns = prefix.Padded + image.Padded + suffixPadded;
            Score(asked, prefix, scores, columns, rows);
            Score(asked, image, scores + prefix.Padded, columns, rows);
            AttentionKernel.Multiply(
                asked,
                d,
                suffixKeys,
                suffixPadded,
                scores + prefix.Padded + image.Padded,
                columns,
                rows,
                d,
                suffixPadded,
                add: false
            );
            for (int i = 0; i < n; i++)
            {
                float* row = scores + ((nint)i * columns);
                suffix.Forbid(row, prefix, image, suffixPadded, i);
                shares[i] = 1 / AttentionKernel.Exponentials(row, columns);
            }

            AttentionKernel.Multiply(scores, columns, prefix.Values, d, read, d, rows, prefix.Length, d, add: false);
            AttentionKernel.Multiply(
                scores + prefix.Padded,
                columns,
                image.Values,
                d,
                read,
                d,
                rows,
                image.Length,
                d,
                add: true
            );
            AttentionKernel.Multiply(
                scores + prefix.Padded + image.Padded,
                columns,
                suffix.Values(b, kvHead),
                shape.KvHeads * d,
                read,
                d,
                rows,
                t,
                d,
                add: true
            );
        }

        /// <summary>Each pair of suffix query and image key is intact or not, inside one softmax.</summary>
        private void Mixed(
            AblationMask mask,
            int b,
            int kvHead,
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
            int d = shape.HeadDim,
                columns = prefix.Padded + image.Padded + suffixPadded;
            Score(asked, prefix, scores, columns, rows);
            Score(asked, image, scores + prefix.Padded, columns, rows);
            Score(asked, baseline, instead, image.Padded, rows);
            AttentionKernel.Multiply(
                asked,
                d,
                suffixKeys,
                suffixPadded,
                scores + prefix.Padded + image.Padded,
                columns,
                rows,
                d,
                suffixPadded,
                add: false
            );
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
                    bool own = Intact(mask, i, j);
                    onBaseline[j] = own ? 0 : onImage[j];
                    onImage[j] = own ? onImage[j] : 0;
                }
            }

            AttentionKernel.Multiply(scores, columns, prefix.Values, d, read, d, rows, prefix.Length, d, add: false);
            AttentionKernel.Multiply(
                scores + prefix.Padded,
                columns,
                image.Values,
                d,
                read,
                d,
                rows,
                image.Length,
                d,
                add: true
            );
            AttentionKernel.Multiply(
                instead,
                image.Padded,
                baseline.Values,
                d,
                read,
                d,
                rows,
                baseline.Length,
                d,
                add: true
            );
            AttentionKernel.Multiply(
                scores + prefix.Padded + image.Padded,
                columns,
                suffix.Values(b, kvHead),
                shape.KvHeads * d,
                read,
                d,
                rows,
                t,
                d,
                add: true
            );
        }

        /// <summary>u_i v_j.</summary>
        private bool Intact(AblationMask mask, int query, int imageToken) =>
            (mask.Text is null || HeadMasks.IsIntact(mask.Text, t - n + query))
            && (mask.Image is null || HeadMasks.IsIntact(mask.Image, imageToken));

        private void Score(float* asked, KeyRows rows, float* scores, int columns, int count) =>
            AttentionKernel.Multiply(
                asked,
                shape.HeadDim,
                rows.Keys,
                rows.Padded,
                scores,
                columns,
                count,
                shape.HeadDim,
                rows.Padded,
                add: false
            );

        private void Store(int b, int head, float* shares, float* read)
        {
            int d = shape.HeadDim;
            float* to = output + ((((nint)b * n * shape.Heads) + head) * d);
            for (int i = 0; i < n; i++)
            {
                AttentionKernel.Scale(read + (i * d), shares[i], d, to + ((nint)i * shape.Heads * d));
            }
        }
    }
}
