using System.Runtime.InteropServices;
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

    /// <summary>Keys and values of one kv head, as raw rows.</summary>
    private readonly struct Rows(KeyValueBlock? block, int kvHead, int headDim)
    {
        /// <summary>[d, padded].</summary>
        public readonly float* Keys = block is null
            ? null
            : (float*)TorchNative.Pointer(block.KeysTransposed) + ((nint)kvHead * headDim * block.Padded);

        /// <summary>[length, d].</summary>
        public readonly float* Values = block is null
            ? null
            : (float*)TorchNative.Pointer(block.Values) + ((nint)kvHead * headDim * block.Length);

        public readonly int Length = block?.Length ?? 0;

        public readonly int Padded = block?.Padded ?? 0;
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
        private readonly int t = attention.Cache.Prompt.SuffixLength;
        private readonly int n = (int)(queries.shape[0] / masks.Count); // Q
        private readonly float* cos = Start(attention.Cache.SuffixRotary[layer].Cos);
        private readonly float* sin = Start(attention.Cache.SuffixRotary[layer].Sin);
        private readonly float* q = Start(queries);
        private readonly float* k = Start(keys);
        private readonly float* v = Start(values);
        private readonly float* output = Start(heads);

        /// <summary>All query heads of a kv head, for some of the masks.</summary>
        public void Run(int kvHead, int firstMask, int endMask)
        {
            int d = shape.HeadDim;
            var prefix = new Rows(attention.Cache.Prefix(layer), kvHead, d);
            var image = new Rows(attention.Cache.Image(layer), kvHead, d);
            var baseline = new Rows(attention.Baseline.Image(layer), kvHead, d);
            int suffixPadded = PaddedTo(t, AttentionKernel.Width),
                rows = PaddedTo(n, AttentionKernel.Rows);
            int columns = prefix.Padded + image.Padded + suffixPadded;
            Scratch scratch = Scratch.OfThread(
                (d * suffixPadded) + (2 * rows * d) + (rows * (columns + image.Padded + 1))
            );
            float* suffixKeys = scratch.Start; // [d, suffixPadded]
            float* asked = suffixKeys + (d * suffixPadded); // [rows, d]
            float* read = asked + (rows * d); // [rows, d]
            float* scores = read + (rows * d); // [rows, columns]
            // [rows, image.Padded]: scores, then weights of the baseline where single tokens are ablated
            float* instead = scores + (rows * columns);
            float* shares = instead + (rows * image.Padded); // [rows], 1 / sum of a row's exponentials
            for (int b = firstMask; b < endMask; b++)
            {
                TurnKeys(b, kvHead, suffixPadded, suffixKeys);
                for (int g = 0; g < shape.Group; g++)
                {
                    int head = (kvHead * shape.Group) + g;
                    TurnQueries(b, head, rows, asked);
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
            Rows prefix,
            Rows image,
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
                Forbid(row, prefix, image, suffixPadded, i);
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
                SuffixValues(b, kvHead),
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
            Rows prefix,
            Rows image,
            Rows baseline,
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

                Forbid(row, prefix, image, suffixPadded, i);
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
                SuffixValues(b, kvHead),
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

        private void Score(float* asked, Rows rows, float* scores, int columns, int count) =>
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

        /// <summary>Minus infinity on padding, on suffix keys after query i, and on what a window hides from
        /// it.</summary>
        private void Forbid(float* row, Rows prefix, Rows image, int suffixPadded, int i)
        {
            Span<float> all = new(row, prefix.Padded + image.Padded + suffixPadded);
            all[prefix.Length..prefix.Padded].Fill(float.NegativeInfinity);
            all.Slice(prefix.Padded + image.Length, image.Padded - image.Length).Fill(float.NegativeInfinity);
            all[(prefix.Padded + image.Padded + t - n + i + 1)..].Fill(float.NegativeInfinity);
            HiddenKeys hidden = attention.Cache.Hidden(layer, t - n + i);
            all[..hidden.Prefix].Fill(float.NegativeInfinity);
            // of a knockout there are no image keys to hide
            all.Slice(prefix.Padded, Math.Min(hidden.Image, image.Length)).Fill(float.NegativeInfinity);
            all.Slice(prefix.Padded + image.Padded, hidden.Suffix).Fill(float.NegativeInfinity);
        }

        /// <summary>The suffix keys of a mask, rotated and transposed.</summary>
        private void TurnKeys(int b, int kvHead, int suffixPadded, float* suffixKeys)
        {
            int d = shape.HeadDim;
            float* turned = stackalloc float[d];
            float* from = k + ((((nint)b * t * shape.KvHeads) + kvHead) * d);
            for (int j = 0; j < t; j++)
            {
                AttentionKernel.Turn(from + ((nint)j * shape.KvHeads * d), cos + (j * d), sin + (j * d), d, 1, turned);
                for (int i = 0; i < d; i++)
                {
                    suffixKeys[(i * suffixPadded) + j] = turned[i];
                }
            }

            for (int i = 0; i < d; i++)
            {
                new Span<float>(suffixKeys + (i * suffixPadded) + t, suffixPadded - t).Clear();
            }
        }

        /// <summary>The queries of a head, rotated and scaled; the tile's other rows are zero.</summary>
        private void TurnQueries(int b, int head, int rows, float* asked)
        {
            int d = shape.HeadDim,
                first = t - n;
            float* from = q + ((((nint)b * n * shape.Heads) + head) * d);
            float factor = 1 / MathF.Sqrt((float)shape.ScoreScalar);
            for (int i = 0; i < n; i++)
            {
                AttentionKernel.Turn(
                    from + ((nint)i * shape.Heads * d),
                    cos + ((first + i) * d),
                    sin + ((first + i) * d),
                    d,
                    factor,
                    asked + (i * d)
                );
            }

            new Span<float>(asked + (n * d), (rows - n) * d).Clear();
        }

        private float* SuffixValues(int b, int kvHead) =>
            v + ((((nint)b * t * shape.KvHeads) + kvHead) * shape.HeadDim);

        private void Store(int b, int head, float* shares, float* read)
        {
            int d = shape.HeadDim;
            float* to = output + ((((nint)b * n * shape.Heads) + head) * d);
            for (int i = 0; i < n; i++)
            {
                AttentionKernel.Scale(read + (i * d), shares[i], d, to + ((nint)i * shape.Heads * d));
            }
        }

        private static float* Start(torch.Tensor rows) =>
            rows.is_contiguous()
                ? (float*)TorchNative.Pointer(rows)
                : throw new ArgumentException("rows must be contiguous", nameof(rows));

        private static int PaddedTo(int count, int multiple) => (count + multiple - 1) / multiple * multiple;
    }

    /// <summary>
    /// A thread's own memory, zeroed when it grows: the rows of a tile that hold no query stay finite.
    /// </summary>
    private sealed class Scratch
    {
        [ThreadStatic]
        private static Scratch? ofThread;

        private readonly int floats;

        private Scratch(int floats)
        {
            this.floats = floats;
            Start = (float*)NativeMemory.AlignedAlloc((nuint)floats * sizeof(float), 64);
            NativeMemory.Clear(Start, (nuint)floats * sizeof(float));
        }

        ~Scratch() => NativeMemory.AlignedFree(Start);

        public float* Start { get; }

        public static Scratch OfThread(int floats)
        {
            if (ofThread is null || ofThread.floats < floats)
            {
                ofThread = new Scratch(floats);
            }

            return ofThread;
        }
    }
}
