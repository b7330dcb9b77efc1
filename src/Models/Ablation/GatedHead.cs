using Pipelines.Models.Families;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// The work of <see cref="GatedAttention"/> for one kv head and the query heads that read it. All buffers are parts of
/// the thread's scratch; rows of features are padded to whole vectors, so that every head size is served.
/// </summary>
internal sealed unsafe class GatedHead
{
    private readonly PrefixCache cache;
    private readonly BaselineBlocks baseline;
    private readonly GatedRows rows;
    private readonly double[][] gates;
    private readonly DecoderShape shape;
    private readonly SuffixRows suffix;
    private readonly int kvHead;
    private readonly int d;
    private readonly int width; // d with padding
    private readonly int t;
    private readonly int n; // Q
    private readonly int queries; // with padding
    private readonly int tokens; // T with padding

    /// <summary>One kv head of a layer.</summary>
    /// <param name="cache">Prefix and image.</param>
    /// <param name="baseline">What closed gates see.</param>
    /// <param name="rows">The layer's queries, keys and values.</param>
    /// <param name="gates">B points of N gates.</param>
    /// <param name="kvHead">Which.</param>
    public GatedHead(PrefixCache cache, BaselineBlocks baseline, GatedRows rows, double[][] gates, int kvHead)
    {
        (this.cache, this.baseline, this.rows, this.gates, this.kvHead) = (cache, baseline, rows, gates, kvHead);
        shape = cache.Decoder.Shape;
        suffix = new SuffixRows(cache, rows.Layer, rows.Queries, rows.Keys, rows.Values, gates.Length);
        d = shape.HeadDim;
        width = AttentionKernel.PaddedTo(d, AttentionKernel.Width);
        t = cache.Prompt.SuffixLength;
        n = (int)(rows.Queries.shape[0] / gates.Length);
        queries = AttentionKernel.PaddedTo(n, AttentionKernel.Rows);
        tokens = AttentionKernel.PaddedTo(t, AttentionKernel.Width);
    }

    /// <summary>The outputs of the query heads for some points.</summary>
    /// <param name="first">First point.</param>
    /// <param name="end">First that is not.</param>
    /// <param name="heads">[B*Q, H*d]; the heads' parts are written.</param>
    public void Forward(int first, int end, torch.Tensor heads)
    {
        Buffers at = Prepared(back: false);
        float* output = SuffixRows.Start(heads);
        for (int b = first; b < end; b++)
        {
            LoadSuffix(at, b, back: false);
            for (int g = 0; g < shape.Group; g++)
            {
                int head = (kvHead * shape.Group) + g;
                float gate = (float)gates[b][(rows.Layer * shape.Heads) + head];
                suffix.RotateQueries(b, head, queries, width, at.Asked);
                bool isFirst = true;
                foreach (bool open in (ReadOnlySpan<bool>)[true, false])
                {
                    float factor = open ? gate : 1 - gate;
                    if (factor != 0)
                    {
                        Read(at, open ? at.Image : at.Baseline);
                        AddOutput(at, b, head, factor, isFirst, output);
                        isFirst = false;
                    }
                }
            }
        }
    }

    /// <summary>Slopes in gates, queries, keys and values for some points.</summary>
    /// <param name="first">First point.</param>
    /// <param name="end">First that is not.</param>
    /// <param name="slopes">[B*Q, H*d], contiguous.</param>
    /// <param name="gradients">B times N; the heads' entries are written.</param>
    /// <param name="wanted">Slopes in queries, keys and values, or null; the heads' parts are written.</param>
    public void Backward(int first, int end, torch.Tensor slopes, double[][] gradients, GatedRows? wanted)
    {
        Buffers at = Prepared(back: true);
        float* pull = SuffixRows.Start(slopes);
        for (int b = first; b < end; b++)
        {
            LoadSuffix(at, b, back: true);
            new Span<float>(at.KeySlopes, tokens * width).Clear();
            new Span<float>(at.ValueSlopes, tokens * width).Clear();
            for (int g = 0; g < shape.Group; g++)
            {
                int head = (kvHead * shape.Group) + g,
                    place = (rows.Layer * shape.Heads) + head;
                float gate = (float)gates[b][place];
                suffix.RotateQueries(b, head, queries, width, at.Asked);
                LoadPull(at, b, head, pull);
                new Span<float>(at.QuerySlopes, queries * width).Clear();
                gradients[b][place] =
                    Side(at, at.Image, wanted is null ? 0 : gate)
                    - Side(at, at.Baseline, wanted is null ? 0 : 1 - gate);
                if (wanted is not null)
                {
                    suffix.RotateQueriesBack(b, head, width, at.QuerySlopes, SuffixRows.Start(wanted.Queries));
                }
            }

            if (wanted is not null)
            {
                suffix.RotateKeysBack(b, kvHead, width, at.KeySlopes, SuffixRows.Start(wanted.Keys));
                StoreValueSlopes(at, b, SuffixRows.Start(wanted.Values));
            }
        }
    }

    /// <summary>One side of a head's gate on the way back.</summary>
    /// <param name="at">Buffers: queries and slopes of the head.</param>
    /// <param name="image">The side's keys and values.</param>
    /// <param name="factor">What the side counts; 0 = only its output is asked for.</param>
    /// <returns>The slope's product with the side's output: what f gains by the side.</returns>
    private double Side(Buffers at, Shared image, float factor)
    {
        Read(at, image);
        double gain = 0;
        int columns = Columns(at, image);
        for (int i = 0; i < n; i++)
        {
            float* row = at.Scores + ((nint)i * columns);
            float share = at.Shares[i],
                dot = Dot(at.Pull + (i * width), at.Output + (i * width)) * share;
            gain += dot;
            at.Dots[i] = dot;
            AttentionKernel.Scale(row, share, columns, row); // weights
        }

        if (factor == 0)
        {
            return gain;
        }

        // Slopes in weights, then in scores: factor w (pull v - pull o)
        Multiply(at.Pull, at.Prefix.ValuesTransposed, at.Prefix.Rows.Padded, at.ScoreSlopes, columns);
        float* onImage = at.ScoreSlopes + at.Prefix.Rows.Padded;
        Multiply(at.Pull, image.ValuesTransposed, image.Rows.Padded, onImage, columns);
        float* onSuffix = onImage + image.Rows.Padded;
        Multiply(at.Pull, at.SuffixValuesTransposed, tokens, onSuffix, columns);
        for (int i = 0; i < n; i++)
        {
            nint row = (nint)i * columns;
            AttentionKernel.SoftmaxBack(at.ScoreSlopes + row, at.Scores + row, at.Dots[i], factor, columns);
        }

        Add(at.ScoreSlopes, columns, at.Prefix.ByToken, at.Prefix.Rows.Length, queries, at.QuerySlopes);
        Add(onImage, columns, image.ByToken, image.Rows.Length, queries, at.QuerySlopes);
        Add(onSuffix, columns, at.SuffixByToken, t, queries, at.QuerySlopes);

        // [T, Q]: of the suffix's own keys and values
        float* weights = at.Scores + at.Prefix.Rows.Padded + image.Rows.Padded;
        ScaledTransposed(onSuffix, columns, 1, at.Transposed);
        Add(at.Transposed, queries, at.Asked, n, tokens, at.KeySlopes);
        ScaledTransposed(weights, columns, factor, at.Transposed);
        Add(at.Transposed, queries, at.Pull, n, tokens, at.ValueSlopes);
        return gain;
    }

    /// <summary>Scores as exponentials, the shares of their rows, and the sum of values that they read.</summary>
    private void Read(Buffers at, Shared image)
    {
        int columns = Columns(at, image);
        float* onImage = at.Scores + at.Prefix.Rows.Padded;
        float* onSuffix = onImage + image.Rows.Padded;
        Multiply(at.Asked, at.Prefix.Rows.Keys, at.Prefix.Rows.Padded, at.Scores, columns);
        Multiply(at.Asked, image.Rows.Keys, image.Rows.Padded, onImage, columns);
        Multiply(at.Asked, at.SuffixKeys, tokens, onSuffix, columns);
        for (int i = 0; i < n; i++)
        {
            float* row = at.Scores + ((nint)i * columns);
            suffix.Forbid(row, at.Prefix.Rows, image.Rows, tokens, i);
            at.Shares[i] = 1 / AttentionKernel.Exponentials(row, columns);
        }

        new Span<float>(at.Output, queries * width).Clear();
        Add(at.Scores, columns, at.Prefix.Rows.Values, at.Prefix.Rows.Length, queries, at.Output);
        Add(onImage, columns, image.Rows.Values, image.Rows.Length, queries, at.Output);
        Add(onSuffix, columns, at.SuffixValues, t, queries, at.Output);
    }

    private int Columns(Buffers at, Shared image) => at.Prefix.Rows.Padded + image.Rows.Padded + tokens;

    /// <summary>c [queries, columns] = a [queries, d] x b [d, columns].</summary>
    private void Multiply(float* a, float* b, int columns, float* c, nint stride) =>
        AttentionKernel.Multiply(a, width, b, columns, c, stride, queries, d, columns, add: false);

    /// <summary>c [count, width] += a [count, depth] x b [depth, width].</summary>
    private void Add(float* a, nint stride, float* b, int depth, int count, float* c) =>
        AttentionKernel.Multiply(a, stride, b, width, c, width, count, depth, width, add: true);

    private void AddOutput(Buffers at, int b, int head, float factor, bool isFirst, float* output)
    {
        float* to = output + ((((nint)b * n * shape.Heads) + head) * d);
        for (int i = 0; i < n; i++)
        {
            float share = at.Shares[i] * factor;
            float* from = at.Output + (i * width);
            float* row = to + ((nint)i * shape.Heads * d);
            for (int j = 0; j < d; j++)
            {
                row[j] = isFirst ? from[j] * share : row[j] + (from[j] * share);
            }
        }
    }

    private void LoadPull(Buffers at, int b, int head, float* slopes)
    {
        float* from = slopes + ((((nint)b * n * shape.Heads) + head) * d);
        AttentionKernel.Widen(from, shape.Heads * d, n, d, at.Pull, width);
        new Span<float>(at.Pull + (n * width), (queries - n) * width).Clear();
    }

    private void StoreValueSlopes(Buffers at, int b, float* gradient)
    {
        float* to = gradient + ((((nint)b * t * shape.KvHeads) + kvHead) * d);
        for (int j = 0; j < t; j++)
        {
            new ReadOnlySpan<float>(at.ValueSlopes + (j * width), d).CopyTo(
                new Span<float>(to + ((nint)j * shape.KvHeads * d), d)
            );
        }
    }

    /// <summary>Keys and values of a point's suffix.</summary>
    private void LoadSuffix(Buffers at, int b, bool back)
    {
        suffix.RotateKeys(b, kvHead, tokens, at.SuffixKeys);
        float* values = suffix.Values(b, kvHead);
        AttentionKernel.Widen(values, shape.KvHeads * d, t, d, at.SuffixValues, width);

        if (back)
        {
            ByToken(at.SuffixKeys, tokens, t, at.SuffixByToken);
            Transposed(at.SuffixValues, t, tokens, at.SuffixValuesTransposed);
        }
    }

    /// <summary>[d, padded] -> [count, width].</summary>
    private void ByToken(float* keys, int padded, int count, float* byToken)
    {
        AttentionKernel.Transpose(keys, padded, d, count, byToken, width);
        if (width > d)
        {
            for (int j = 0; j < count; j++)
            {
                new Span<float>(byToken + (j * width) + d, width - d).Clear();
            }
        }
    }

    /// <summary>[count, width] -> [d, padded].</summary>
    private void Transposed(float* values, int count, int padded, float* transposed)
    {
        AttentionKernel.Transpose(values, width, count, d, transposed, padded);
        for (int i = 0; i < d && padded > count; i++)
        {
            new Span<float>(transposed + (i * padded) + count, padded - count).Clear();
        }
    }

    /// <summary>[Q, T] times a factor -> [T, Q], zero beyond both.</summary>
    private void ScaledTransposed(float* from, nint stride, float factor, float* to)
    {
        new Span<float>(to, tokens * queries).Clear();
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < t; j++)
            {
                to[(j * queries) + i] = from[(i * stride) + j] * factor;
            }
        }
    }

    private float Dot(float* a, float* b)
    {
        float sum = 0;
        for (int j = 0; j < d; j++)
        {
            sum += a[j] * b[j];
        }

        return sum;
    }

    /// <summary>Lays the thread's scratch out, and what the way back reads of the shared keys and values.</summary>
    private Buffers Prepared(bool back)
    {
        var prefix = new KeyRows(cache.Prefix(rows.Layer), kvHead, d);
        var image = new KeyRows(cache.Image(rows.Layer), kvHead, d);
        var closed = new KeyRows(baseline.Image(rows.Layer), kvHead, d);
        int columns = prefix.Padded + Math.Max(image.Padded, closed.Padded) + tokens;
        long staged = 0;
        foreach (KeyRows block in (ReadOnlySpan<KeyRows>)[prefix, image, closed])
        {
            staged += (width > d ? block.Length * width : 0) + (back ? (block.Length * width) + (d * block.Padded) : 0);
        }

        long own = (2L * d * tokens) + (4L * tokens * width) + (4L * queries * width) + (2L * queries * columns);
        own += (tokens * queries) + (2L * queries);
        var memory = new Memory(AttentionScratch.OfThread(staged + own + (32 * AttentionKernel.Width)));
        return new Buffers
        {
            Prefix = Stage(prefix, ref memory, back),
            Image = Stage(image, ref memory, back),
            Baseline = Stage(closed, ref memory, back),
            SuffixKeys = memory.Take(d * tokens),
            SuffixValuesTransposed = memory.Take(d * tokens),
            SuffixValues = memory.Take(tokens * width),
            SuffixByToken = memory.Take(tokens * width),
            KeySlopes = memory.Take(tokens * width),
            ValueSlopes = memory.Take(tokens * width),
            Asked = memory.Take(queries * width),
            Pull = memory.Take(queries * width),
            Output = memory.Take(queries * width),
            QuerySlopes = memory.Take(queries * width),
            Scores = memory.Take(queries * columns),
            ScoreSlopes = memory.Take(queries * columns),
            Transposed = memory.Take(tokens * queries),
            Shares = memory.Take(queries),
            Dots = memory.Take(queries),
        };
    }

    private Shared Stage(KeyRows block, ref Memory memory, bool back)
    {
        float* free = memory.Take(width > d ? block.Length * width : 0);
        block = block.Widened(d, width, ref free);
        if (!back)
        {
            return new Shared(block, null, null);
        }

        float* byToken = memory.Take(block.Length * width);
        float* transposed = memory.Take(d * block.Padded);
        ByToken(block.Keys, block.Padded, block.Length, byToken);
        Transposed(block.Values, block.Length, block.Padded, transposed);
        return new Shared(block, byToken, transposed);
    }

    /// <summary>Keys and values that all points share, as the products read them.</summary>
    private readonly struct Shared(KeyRows rows, float* byToken, float* valuesTransposed)
    {
        public readonly KeyRows Rows = rows;
        public readonly float* ByToken = byToken; // keys, [length, width]
        public readonly float* ValuesTransposed = valuesTransposed; // [d, padded]
    }

    /// <summary>What is left of the scratch; parts begin at cache lines.</summary>
    private struct Memory(float* next)
    {
        private float* next = next;

        public float* Take(int floats)
        {
            float* taken = next;
            next += AttentionKernel.PaddedTo(floats, AttentionKernel.Width);
            return taken;
        }
    }

    /// <summary>Parts of the scratch.</summary>
    private struct Buffers
    {
        public Shared Prefix;
        public Shared Image;
        public Shared Baseline;
        public float* SuffixKeys; // [d, T]
        public float* SuffixValuesTransposed; // [d, T]
        public float* SuffixValues; // [T, width]
        public float* SuffixByToken; // keys, [T, width]
        public float* KeySlopes; // [T, width]
        public float* ValueSlopes; // [T, width]
        public float* Asked; // [Q, width], rotated queries
        public float* Pull; // [Q, width], slopes in the head's output
        public float* Output; // [Q, width]
        public float* QuerySlopes; // [Q, width], in the rotated queries
        public float* Scores; // [Q, columns]
        public float* ScoreSlopes; // [Q, columns]
        public float* Transposed; // [T, Q]
        public float* Shares; // [Q], 1 / sum of a row's exponentials
        public float* Dots; // [Q], slope times output
    }
}
