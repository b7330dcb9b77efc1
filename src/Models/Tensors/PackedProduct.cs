using System.Numerics;
using System.Runtime.InteropServices;

namespace Pipelines.Models.Tensors;

/// <summary>
/// c [rows, out] = a [rows, in] x w [out, in]^T + bias, and the way back, c [rows, in] = a [rows, out] x w, by
/// <see cref="PackedKernels"/>. Blocks: activations of up to <see cref="BlockRows"/> rows x <see cref="BlockDepth"/>
/// features are copied to a scratch that stays in the second-level cache, and meet one panel of weights after another,
/// each read once a block. How the work is cut depends on rows and threads; what a row's sums are does not.
/// </summary>
internal static unsafe class PackedProduct
{
    private const int BlockDepth = 384; // the sums' only cut: part of what the bits are
    private const int BlockRows = 322; // 23 tiles of AVX-512
    private const int BlockColumns = 4096;
    private const int WidestPanel = 32; // columns
    private const int WorthWidening = 8; // tiles of rows that meet a panel: see WidenedWeights
    private const long WorthAThread = 1 << 20; // multiply-adds; below, waking a thread costs more than it saves

    [ThreadStatic]
    private static Scratch? threadScratch;

    /// <summary>Computes the product.</summary>
    /// <param name="a">[rows, in], row-major.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="w">The packed weights.</param>
    /// <param name="bias">[panels * columns], or null.</param>
    /// <param name="threads">At most so many threads, the caller's included.</param>
    /// <param name="c">[rows, out], row-major.</param>
    public static void Run(float* a, int rows, PackedWeights w, float* bias, int threads, float* c) =>
        RunStored<Forward>(a, rows, w, bias, threads, c);

    /// <summary>Computes the product with the matrix itself: what a gradient makes of its way back.</summary>
    /// <param name="a">[rows, out], row-major.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="w">The packed weights.</param>
    /// <param name="threads">At most so many threads, the caller's included.</param>
    /// <param name="c">[rows, in], row-major.</param>
    public static void RunBack(float* a, int rows, PackedWeights w, int threads, float* c) =>
        RunStored<Back>(a, rows, w, null, threads, c);

    private static void RunStored<TSide>(float* a, int rows, PackedWeights w, float* bias, int threads, float* c)
        where TSide : struct, ISide
    {
        switch (w.Format)
        {
            case PackedFormat.Float32:
                Run<TSide, Float32Weights>(a, rows, w, bias, threads, c);
                break;
            case PackedFormat.BFloat16:
                Run<TSide, BFloat16Weights>(a, rows, w, bias, threads, c);
                break;
            default:
                Run<TSide, Float16Weights>(a, rows, w, bias, threads, c);
                break;
        }
    }

    private static void Run<TSide, TWeights>(float* a, int rows, PackedWeights w, float* bias, int threads, float* c)
        where TSide : struct, ISide
        where TWeights : struct, IStoredWeights
    {
        if (rows == 0)
        {
            return;
        }

        threads = (int)Math.Clamp((long)rows * w.OutFeatures * w.InFeatures / WorthAThread, 1, threads);
        int panels = Ceiling(TSide.Width(w), w.Columns);
        int rowBlocks = Ceiling(rows, BlockRows);
        int columnBlocks = Ceiling(panels * w.Columns, BlockColumns);
        if (threads > 1)
        {
            columnBlocks = Math.Max(columnBlocks, Ceiling(2 * threads, rowBlocks)); // two tasks a thread or more
            // And, where one row block, no odd one out
            columnBlocks += (threads - rowBlocks * columnBlocks % threads) % threads;
        }

        columnBlocks = Math.Min(columnBlocks, panels);
        int tasks = rowBlocks * columnBlocks;
        void Block(int task)
        {
            int i = task % rowBlocks,
                j = task / rowBlocks;
            RunBlock<TSide, TWeights>(
                a,
                w,
                bias,
                c,
                Cut(rows, rowBlocks, i),
                Cut(rows, rowBlocks, i + 1),
                Cut(panels, columnBlocks, j),
                Cut(panels, columnBlocks, j + 1)
            );
        }

        if (threads == 1)
        {
            for (int task = 0; task < tasks; task++)
            {
                Block(task);
            }
        }
        else
        {
            Parallel.For(0, tasks, new ParallelOptions { MaxDegreeOfParallelism = threads }, Block);
        }

        GC.KeepAlive(w); // whose memory goes back to the system with it, even while the last tile is read
    }

    private static void RunBlock<TSide, TWeights>(
        float* a,
        PackedWeights w,
        float* bias,
        float* c,
        int firstRow,
        int endRow,
        int firstPanel,
        int endPanel
    )
        where TSide : struct, ISide
        where TWeights : struct, IStoredWeights
    {
        (int summed, int width, int columns, PackedTile tile) = (TSide.Summed(w), TSide.Width(w), w.Columns, w.Tile);
        int rows = endRow - firstRow;
        int tiles = Ceiling(rows, PackedKernels.Rows(tile));
        int step = TSide.Step(w),
            steps = Ceiling(summed, step),
            depths = Ceiling(steps * step, BlockDepth);
        bool isWidened = tile == PackedTile.Avx2 && TWeights.IsDear && tiles >= WorthWidening;
        delegate*<int, float*, byte*, float*, nint, float*, nint, void>[] kernels = isWidened
            ? PackedKernels.Of<WidenedWeights<TWeights>>(tile)
            : PackedKernels.Of<TWeights>(tile);
        threadScratch ??= new Scratch();
        float* block = threadScratch.Block; // [rows, RowStride]
        float* edge = threadScratch.Edge; // [tile rows, columns]
        for (int d = 0; d < depths; d++)
        {
            int start = Cut(steps, depths, d) * step,
                depth = Math.Min(summed, Cut(steps, depths, d + 1) * step) - start;
            for (int r = 0; r < rows; r++)
            {
                CopyScaled(
                    a + (nint)(firstRow + r) * summed + start,
                    depth,
                    TWeights.InputScale,
                    block + r * PackedKernels.RowStride
                );
            }

            for (int panel = firstPanel; panel < endPanel; panel++)
            {
                byte* weights = TSide.Panel(w, panel, start, depth, threadScratch.Transposed);
                if (isWidened)
                {
                    weights = PackedKernels.Widen<TWeights>(weights, depth, threadScratch.Widened);
                }

                int inPanel = Math.Min(columns, width - panel * columns);
                for (int t = 0; t < tiles; t++)
                {
                    int row = Cut(rows, tiles, t),
                        height = Cut(rows, tiles, t + 1) - row;
                    float* from = block + row * PackedKernels.RowStride;
                    float* target = c + (nint)(firstRow + row) * width + panel * columns;
                    float* addend =
                        d > 0 ? target
                        : bias == null ? null
                        : bias + panel * columns;
                    nint addendStride = d > 0 ? width : 0;
                    if (inPanel == columns)
                    {
                        kernels[height - 1](depth, from, weights, target, width, addend, addendStride);
                    }
                    else
                    {
                        // the last panel is wider than c: compute beside it, with c's part as the addend
                        if (d > 0)
                        {
                            CopyTile(target, width, edge, columns, height, inPanel);
                            addend = edge;
                            addendStride = columns;
                        }

                        kernels[height - 1](depth, from, weights, edge, columns, addend, addendStride);
                        CopyTile(edge, columns, target, width, height, inPanel);
                    }
                }
            }
        }
    }

    private static void CopyTile(float* from, nint fromStride, float* to, nint toStride, int height, int width)
    {
        for (int r = 0; r < height; r++)
        {
            new ReadOnlySpan<float>(from + r * fromStride, width).CopyTo(new Span<float>(to + r * toStride, width));
        }
    }

    private static void CopyScaled(float* from, int count, float scale, float* to)
    {
        if (scale == 1)
        {
            new ReadOnlySpan<float>(from, count).CopyTo(new Span<float>(to, count));
            return;
        }

        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
        {
            (Vector.Load(from + i) * scale).Store(to + i);
        }

        for (; i < count; i++)
        {
            to[i] = from[i] * scale;
        }
    }

    private static int Ceiling(int a, int b) => (a + b - 1) / b;

    /// <summary>Where part i of n things in equal parts begins: balanced, so that no thin last tile is left.</summary>
    private static int Cut(int n, int parts, int i) => (int)((long)n * i / parts);

    /// <summary>From which side a product reads the matrix.</summary>
    private interface ISide
    {
        /// <summary>Features that are summed over.</summary>
        static abstract int Summed(PackedWeights w);

        /// <summary>Features of the result.</summary>
        static abstract int Width(PackedWeights w);

        /// <summary>Blocks of summed features begin at multiples of this.</summary>
        static abstract int Step(PackedWeights w);

        /// <summary>[depth, columns], packed.</summary>
        static abstract byte* Panel(PackedWeights w, int panel, int start, int depth, byte* scratch);
    }

    /// <summary>x w^T: panels as they lie.</summary>
    private readonly struct Forward : ISide
    {
        public static int Summed(PackedWeights w) => w.InFeatures;

        public static int Width(PackedWeights w) => w.OutFeatures;

        public static int Step(PackedWeights w) => 1;

        public static byte* Panel(PackedWeights w, int panel, int start, int depth, byte* scratch) =>
            w.At(panel, start);
    }

    /// <summary>x w: panels transposed in the cache, once for all rows of a block.</summary>
    private readonly struct Back : ISide
    {
        public static int Summed(PackedWeights w) => w.OutFeatures;

        public static int Width(PackedWeights w) => w.InFeatures;

        public static int Step(PackedWeights w) => WidestPanel; // of any kernel: the cut is part of what the bits are

        public static byte* Panel(PackedWeights w, int panel, int start, int depth, byte* scratch)
        {
            int columns = w.Columns,
                bytes = columns * columns * w.Size;
            byte* target = scratch;
            for (int from = start / columns; from * columns < start + depth; from++, target += bytes)
            {
                TransposedPanels.Transpose(w, from, panel * columns, target);
            }

            return scratch;
        }
    }

    /// <summary>A thread's own block of activations, and a panel transposed or widened; freed after it.</summary>
    private sealed class Scratch
    {
        private const int EdgeFloats = 14 * WidestPanel;
        private const int PanelFloats = BlockDepth * WidestPanel;
        private readonly float* memory = (float*)
            NativeMemory.AlignedAlloc(
                (BlockRows * PackedKernels.RowStride + EdgeFloats + 2 * PanelFloats) * sizeof(float),
                64
            );

        ~Scratch() => NativeMemory.AlignedFree(memory);

        public float* Edge => memory;

        public byte* Transposed => (byte*)(memory + EdgeFloats);

        public float* Widened => memory + EdgeFloats + PanelFloats;

        public float* Block => memory + EdgeFloats + 2 * PanelFloats;
    }
}
