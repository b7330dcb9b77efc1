using System.Runtime.InteropServices;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>Shared keys and values of one kv head, as raw rows of a block; none where there is no block.</summary>
internal readonly unsafe struct KeyRows
{
    /// <summary>The rows of a kv head.</summary>
    public KeyRows(KeyValueBlock? block, int kvHead, int headDim)
    {
        if (block is not null)
        {
            Keys = (float*)TorchNative.Pointer(block.KeysTransposed) + ((nint)kvHead * headDim * block.Padded);
            Values = (float*)TorchNative.Pointer(block.Values) + ((nint)kvHead * headDim * block.Length);
            (Length, Padded) = (block.Length, block.Padded);
        }
    }

    private KeyRows(KeyRows rows, float* values)
    {
        Keys = rows.Keys;
        Values = values;
        (Length, Padded) = (rows.Length, rows.Padded);
    }

    /// <summary>[d, padded].</summary>
    public readonly float* Keys;

    /// <summary>[length, d], or [length, width].</summary>
    public readonly float* Values;

    /// <summary>Tokens.</summary>
    public readonly int Length;

    /// <summary>Tokens with padding.</summary>
    public readonly int Padded;

    /// <summary>The rows with values of whole vectors: as they lie where d is a multiple, else copied.</summary>
    /// <param name="headDim">d.</param>
    /// <param name="width">d with padding.</param>
    /// <param name="free">Memory for [length, width]; moved behind what is used of it.</param>
    public KeyRows Widened(int headDim, int width, ref float* free)
    {
        if (width == headDim)
        {
            return this;
        }

        float* values = free;
        free += (nint)Length * width;
        AttentionKernel.Widen(Values, headDim, Length, headDim, values, width);
        return new KeyRows(this, values);
    }
}

/// <summary>
/// A layer's queries, keys and values of the suffix of B sequences as the CPU kernels read them: row by row, rotated,
/// and with what a query must not see at minus infinity.
/// </summary>
/// <param name="cache">Prefix and image.</param>
/// <param name="layer">Layer.</param>
/// <param name="queries">[B*Q, H*d], before rotary.</param>
/// <param name="keys">[B*T, H_kv*d], before rotary.</param>
/// <param name="values">[B*T, H_kv*d].</param>
/// <param name="sequences">B.</param>
internal sealed unsafe class SuffixRows(
    PrefixCache cache,
    int layer,
    torch.Tensor queries,
    torch.Tensor keys,
    torch.Tensor values,
    int sequences
)
{
    private readonly DecoderShape shape = cache.Decoder.Shape;
    private readonly int t = cache.Prompt.SuffixLength;
    private readonly int n = (int)(queries.shape[0] / sequences); // Q
    private readonly float* cos = Start(cache.SuffixRotary[layer].Cos);
    private readonly float* sin = Start(cache.SuffixRotary[layer].Sin);
    private readonly float* q = Start(queries);
    private readonly float* k = Start(keys);
    private readonly float* v = Start(values);

    /// <summary>What scores are multiplied by: 1 / sqrt(d), where the shape does not say otherwise.</summary>
    private float Factor => 1 / MathF.Sqrt((float)shape.ScoreScalar);

    /// <summary>The memory of contiguous rows.</summary>
    public static float* Start(torch.Tensor rows) =>
        rows.is_contiguous()
            ? (float*)TorchNative.Pointer(rows)
            : throw new ArgumentException("rows must be contiguous", nameof(rows));

    /// <summary>Minus infinity on padding, on suffix keys after query i, and on what a window hides from it.</summary>
    public void Forbid(float* row, KeyRows prefix, KeyRows image, int suffixPadded, int i)
    {
        Span<float> all = new(row, prefix.Padded + image.Padded + suffixPadded);
        all[prefix.Length..prefix.Padded].Fill(float.NegativeInfinity);
        all.Slice(prefix.Padded + image.Length, image.Padded - image.Length).Fill(float.NegativeInfinity);
        all[(prefix.Padded + image.Padded + t - n + i + 1)..].Fill(float.NegativeInfinity);
        HiddenKeys hidden = cache.Hidden(layer, t - n + i);
        all[..hidden.Prefix].Fill(float.NegativeInfinity);
        // of a knockout there are no image keys to hide
        all.Slice(prefix.Padded, Math.Min(hidden.Image, image.Length)).Fill(float.NegativeInfinity);
        all.Slice(prefix.Padded + image.Padded, hidden.Suffix).Fill(float.NegativeInfinity);
    }

    /// <summary>The suffix keys of a sequence, rotated and transposed.</summary>
    /// <param name="b">Sequence.</param>
    /// <param name="kvHead">Key/value head.</param>
    /// <param name="padded">T with padding.</param>
    /// <param name="rotatedKeys">[d, padded].</param>
    public void RotateKeys(int b, int kvHead, int padded, float* rotatedKeys)
    {
        int d = shape.HeadDim;
        float* rotated = stackalloc float[d];
        float* from = k + ((((nint)b * t * shape.KvHeads) + kvHead) * d);
        for (int j = 0; j < t; j++)
        {
            AttentionKernel.Rotate(from + ((nint)j * shape.KvHeads * d), cos + (j * d), sin + (j * d), d, 1, rotated);
            for (int i = 0; i < d; i++)
            {
                rotatedKeys[(i * padded) + j] = rotated[i];
            }
        }

        for (int i = 0; i < d; i++)
        {
            new Span<float>(rotatedKeys + (i * padded) + t, padded - t).Clear();
        }
    }

    /// <summary>The queries of a head, rotated and scaled; the tile's other rows, and what is wider than a head, are
    /// zero.</summary>
    /// <param name="b">Sequence.</param>
    /// <param name="head">Query head.</param>
    /// <param name="rows">Q with padding.</param>
    /// <param name="width">From row to row: d with padding.</param>
    /// <param name="asked">[rows, width].</param>
    public void RotateQueries(int b, int head, int rows, int width, float* asked)
    {
        int d = shape.HeadDim,
            first = t - n;
        float* from = q + ((((nint)b * n * shape.Heads) + head) * d);
        for (int i = 0; i < n; i++)
        {
            AttentionKernel.Rotate(
                from + ((nint)i * shape.Heads * d),
                cos + ((first + i) * d),
                sin + ((first + i) * d),
                d,
                Factor,
                asked + (i * width)
            );
            new Span<float>(asked + (i * width) + d, width - d).Clear();
        }

        new Span<float>(asked + (n * width), (rows - n) * width).Clear();
    }

    /// <summary>What slopes in the rows of <see cref="RotateQueries"/> are in the queries.</summary>
    /// <param name="b">Sequence.</param>
    /// <param name="head">Query head.</param>
    /// <param name="width">From row to row of the slopes.</param>
    /// <param name="slopes">[Q, width].</param>
    /// <param name="gradient">[B*Q, H*d]; the head's part is written.</param>
    public void RotateQueriesBack(int b, int head, int width, float* slopes, float* gradient)
    {
        int d = shape.HeadDim,
            first = t - n;
        float* to = gradient + ((((nint)b * n * shape.Heads) + head) * d);
        for (int i = 0; i < n; i++)
        {
            AttentionKernel.RotateBack(
                slopes + (i * width),
                cos + ((first + i) * d),
                sin + ((first + i) * d),
                d,
                Factor,
                to + ((nint)i * shape.Heads * d)
            );
        }
    }

    /// <summary>What slopes in the rotated keys are in the keys.</summary>
    /// <param name="b">Sequence.</param>
    /// <param name="kvHead">Key/value head.</param>
    /// <param name="width">From row to row of the slopes.</param>
    /// <param name="slopes">[T, width].</param>
    /// <param name="gradient">[B*T, H_kv*d]; the head's part is written.</param>
    public void RotateKeysBack(int b, int kvHead, int width, float* slopes, float* gradient)
    {
        int d = shape.HeadDim;
        float* to = gradient + ((((nint)b * t * shape.KvHeads) + kvHead) * d);
        for (int j = 0; j < t; j++)
        {
            AttentionKernel.RotateBack(
                slopes + (j * width),
                cos + (j * d),
                sin + (j * d),
                d,
                1,
                to + ((nint)j * shape.KvHeads * d)
            );
        }
    }

    /// <summary>The first suffix value of a kv head; the next is H_kv*d floats further.</summary>
    public float* Values(int b, int kvHead) => v + ((((nint)b * t * shape.KvHeads) + kvHead) * shape.HeadDim);
}

/// <summary>
/// A thread's own memory, zeroed when it grows: the rows of a tile that hold no query stay finite.
/// </summary>
internal sealed unsafe class AttentionScratch
{
    [ThreadStatic]
    private static AttentionScratch? ofThread;

    private readonly long floats;
    private readonly float* start;

    private AttentionScratch(long floats)
    {
        this.floats = floats;
        start = (float*)NativeMemory.AlignedAlloc((nuint)floats * sizeof(float), 64);
        NativeMemory.Clear(start, (nuint)floats * sizeof(float));
    }

    ~AttentionScratch() => NativeMemory.AlignedFree(start);

    /// <summary>So many floats, of this thread until its next call.</summary>
    public static float* OfThread(long floats)
    {
        if (ofThread is null || ofThread.floats < floats)
        {
            ofThread = new AttentionScratch(floats);
        }

        return ofThread.start;
    }
}
