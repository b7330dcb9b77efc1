using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Pipelines.Models.Tensors;

namespace Pipelines.Models.Ablation;

/// <summary>
/// The arithmetic of <see cref="KernelSuffixAttention"/> on raw rows of floats, eight rows and sixteen or thirty-two
/// columns at a time. What a row's sums are depends on the row alone. Written with 512-bit vectors, which the runtime
/// splits where the processor has shorter ones; products and sums are fused where it can.
/// </summary>
internal static unsafe class AttentionKernel
{
    /// <summary>Rows of a tile: buffers of rows are padded to a multiple.</summary>
    public const int Rows = 8;

    /// <summary>Floats of a vector: widths and strides of buffers are multiples.</summary>
    public const int Width = 16;

    /// <summary>The next multiple.</summary>
    public static int PaddedTo(int count, int multiple) => (count + multiple - 1) / multiple * multiple;

    /// <summary>c [rows, columns] (+)= a [rows, depth] x b [depth, columns].</summary>
    /// <param name="a">[rows, depth].</param>
    /// <param name="aStride">From row to row of a.</param>
    /// <param name="b">[depth, columns].</param>
    /// <param name="bStride">From row to row of b.</param>
    /// <param name="c">[rows, columns].</param>
    /// <param name="cStride">From row to row of c.</param>
    /// <param name="rows">A multiple of <see cref="Rows"/>.</param>
    /// <param name="depth">Terms of each sum, taken in order.</param>
    /// <param name="columns">A multiple of <see cref="Width"/>.</param>
    /// <param name="add">Continue the sums in c.</param>
    public static void Multiply(
        float* a,
        nint aStride,
        float* b,
        nint bStride,
        float* c,
        nint cStride,
        int rows,
        int depth,
        int columns,
        bool add
    )
    {
        int column = 0;
        for (; column + (2 * Width) <= columns; column += 2 * Width)
        {
            for (int row = 0; row < rows; row += Rows)
            {
                Tile32(
                    a + (row * aStride),
                    aStride,
                    b + column,
                    bStride,
                    c + (row * cStride) + column,
                    cStride,
                    depth,
                    add
                );
            }
        }

        if (column < columns)
        {
            for (int row = 0; row < rows; row += Rows)
            {
                Tile16(
                    a + (row * aStride),
                    aStride,
                    b + column,
                    bStride,
                    c + (row * cStride) + column,
                    cStride,
                    depth,
                    add
                );
            }
        }
    }

    /// <summary>Softmax without the division: every value becomes exp(value - largest).</summary>
    /// <param name="row">[<paramref name="columns"/>]; minus infinity gives 0; at least one value is finite.</param>
    /// <param name="columns">A multiple of <see cref="Width"/>.</param>
    /// <returns>The sum of the exponentials.</returns>
    public static float Exponentials(float* row, int columns)
    {
        Vector512<float> largest = Vector512.Load(row);
        for (int j = Width; j < columns; j += Width)
        {
            largest = Vector512.MaxNative(largest, Vector512.Load(row + j));
        }

        Vector512<float> shift = Vector512.Create(Largest(largest));
        Vector512<float> sum = default;
        for (int j = 0; j < columns; j += Width)
        {
            Vector512<float> e = RowKernels.Exp(Vector512.Load(row + j) - shift);
            e.Store(row + j);
            sum += e;
        }

        return Vector512.Sum(sum);
    }

    /// <summary>Rotary embedding of one row: x cos + rotate_half(x) sin, times a factor.</summary>
    /// <param name="x">[d].</param>
    /// <param name="cos">[d].</param>
    /// <param name="sin">[d].</param>
    /// <param name="d">Even.</param>
    /// <param name="factor">Scale of the result.</param>
    /// <param name="rotated">[d].</param>
    public static void Rotate(float* x, float* cos, float* sin, int d, float factor, float* rotated)
    {
        int half = d / 2,
            i = 0;
        for (; i <= half - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            Vector256<float> low = Vector256.Load(x + i) * factor,
                high = Vector256.Load(x + half + i) * factor;
            ((low * Vector256.Load(cos + i)) - (high * Vector256.Load(sin + i))).Store(rotated + i);
            Vector256<float> upper = (high * Vector256.Load(cos + half + i)) + (low * Vector256.Load(sin + half + i));
            upper.Store(rotated + half + i);
        }

        for (; i < half; i++)
        {
            float low = x[i] * factor,
                high = x[half + i] * factor;
            rotated[i] = (low * cos[i]) - (high * sin[i]);
            rotated[half + i] = (high * cos[half + i]) + (low * sin[half + i]);
        }
    }

    /// <summary>The way back through <see cref="Rotate"/>: what a slope in the rotated row is in the row.</summary>
    /// <param name="slope">[d].</param>
    /// <param name="cos">[d].</param>
    /// <param name="sin">[d].</param>
    /// <param name="d">Even.</param>
    /// <param name="factor">That of the way forward.</param>
    /// <param name="rotated">[d].</param>
    public static void RotateBack(float* slope, float* cos, float* sin, int d, float factor, float* rotated)
    {
        int half = d / 2;
        for (int i = 0; i < half; i++)
        {
            float low = slope[i] * factor,
                high = slope[half + i] * factor;
            rotated[i] = (low * cos[i]) + (high * sin[half + i]);
            rotated[half + i] = (high * cos[half + i]) - (low * sin[i]);
        }
    }

    /// <summary>to = from * factor.</summary>
    /// <param name="from">[d].</param>
    /// <param name="factor">Scale.</param>
    /// <param name="d">Any size.</param>
    /// <param name="to">[d].</param>
    public static void Scale(float* from, float factor, int d, float* to)
    {
        int i = 0;
        for (; i <= d - Width; i += Width)
        {
            (Vector512.Load(from + i) * factor).Store(to + i);
        }

        for (; i < d; i++)
        {
            to[i] = from[i] * factor;
        }
    }

    /// <summary>Rows of d floats, padded with zeros.</summary>
    /// <param name="from">[rows, d].</param>
    /// <param name="stride">From row to row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="d">Floats of a row.</param>
    /// <param name="to">[rows, width].</param>
    /// <param name="width">At least <paramref name="d"/>.</param>
    public static void Widen(float* from, nint stride, int rows, int d, float* to, int width)
    {
        for (int i = 0; i < rows; i++, from += stride, to += width)
        {
            new ReadOnlySpan<float>(from, d).CopyTo(new Span<float>(to, d));
            new Span<float>(to + d, width - d).Clear();
        }
    }

    /// <summary>
    /// The way back through a softmax: slopes in weights become slopes in scores, factor w (slope - dot).
    /// </summary>
    /// <param name="slopes">[columns]; replaced.</param>
    /// <param name="weights">[columns]; 0 where nothing was seen.</param>
    /// <param name="dot">Sum of weights times slopes.</param>
    /// <param name="factor">Scale of the result.</param>
    /// <param name="columns">A multiple of <see cref="Width"/>.</param>
    public static void SoftmaxBack(float* slopes, float* weights, float dot, float factor, int columns)
    {
        var shift = Vector512.Create(dot);
        for (int j = 0; j < columns; j += Width)
        {
            (Vector512.Load(weights + j) * (Vector512.Load(slopes + j) - shift) * factor).Store(slopes + j);
        }
    }

    /// <summary>to [columns, rows] = from [rows, columns].</summary>
    /// <param name="from">[rows, columns], rows <paramref name="fromStride"/> apart.</param>
    /// <param name="fromStride">From row to row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="to">[columns, rows], rows <paramref name="toStride"/> apart.</param>
    /// <param name="toStride">From row to row.</param>
    public static void Transpose(float* from, nint fromStride, int rows, int columns, float* to, nint toStride)
    {
        const int block = 8; // both sides stay in whole cache lines
        for (int row = 0; row < rows; row += block)
        {
            int lastRow = Math.Min(rows, row + block);
            for (int column = 0; column < columns; column++)
            {
                float* source = from + column;
                float* target = to + (column * toStride);
                for (int i = row; i < lastRow; i++)
                {
                    target[i] = source[i * fromStride];
                }
            }
        }
    }

    private static float Largest(Vector512<float> x)
    {
        Vector256<float> eight = Vector256.MaxNative(x.GetLower(), x.GetUpper());
        Vector128<float> four = Vector128.MaxNative(eight.GetLower(), eight.GetUpper());
        four = Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(1, 0, 3, 2)))[0];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile32(
        float* a,
        nint aStride,
        float* b,
        nint bStride,
        float* c,
        nint cStride,
        int depth,
        bool add
    )
    {
        Vector512<float> x0 = default,
            x1 = default,
            x2 = default,
            x3 = default,
            x4 = default,
            x5 = default,
            x6 = default,
            x7 = default;
        Vector512<float> y0 = default,
            y1 = default,
            y2 = default,
            y3 = default,
            y4 = default,
            y5 = default,
            y6 = default,
            y7 = default;
        if (add)
        {
            float* from = c;
            (x0, y0) = (Vector512.Load(from), Vector512.Load(from + Width));
            from += cStride;
            (x1, y1) = (Vector512.Load(from), Vector512.Load(from + Width));
            from += cStride;
            (x2, y2) = (Vector512.Load(from), Vector512.Load(from + Width));
            from += cStride;
            (x3, y3) = (Vector512.Load(from), Vector512.Load(from + Width));
            from += cStride;
            (x4, y4) = (Vector512.Load(from), Vector512.Load(from + Width));
            from += cStride;
            (x5, y5) = (Vector512.Load(from), Vector512.Load(from + Width));
            from += cStride;
            (x6, y6) = (Vector512.Load(from), Vector512.Load(from + Width));
            from += cStride;
            (x7, y7) = (Vector512.Load(from), Vector512.Load(from + Width));
        }

        float* a4 = a + (4 * aStride);
        for (int k = 0; k < depth; k++, b += bStride, a++, a4++)
        {
            Vector512<float> u = Vector512.Load(b),
                w = Vector512.Load(b + Width);
            Vector512<float> s = Vector512.Create(a[0]);
            (x0, y0) = (Vector512.MultiplyAddEstimate(s, u, x0), Vector512.MultiplyAddEstimate(s, w, y0));
            s = Vector512.Create(a[aStride]);
            (x1, y1) = (Vector512.MultiplyAddEstimate(s, u, x1), Vector512.MultiplyAddEstimate(s, w, y1));
            s = Vector512.Create(a[2 * aStride]);
            (x2, y2) = (Vector512.MultiplyAddEstimate(s, u, x2), Vector512.MultiplyAddEstimate(s, w, y2));
            s = Vector512.Create(a[3 * aStride]);
            (x3, y3) = (Vector512.MultiplyAddEstimate(s, u, x3), Vector512.MultiplyAddEstimate(s, w, y3));
            s = Vector512.Create(a4[0]);
            (x4, y4) = (Vector512.MultiplyAddEstimate(s, u, x4), Vector512.MultiplyAddEstimate(s, w, y4));
            s = Vector512.Create(a4[aStride]);
            (x5, y5) = (Vector512.MultiplyAddEstimate(s, u, x5), Vector512.MultiplyAddEstimate(s, w, y5));
            s = Vector512.Create(a4[2 * aStride]);
            (x6, y6) = (Vector512.MultiplyAddEstimate(s, u, x6), Vector512.MultiplyAddEstimate(s, w, y6));
            s = Vector512.Create(a4[3 * aStride]);
            (x7, y7) = (Vector512.MultiplyAddEstimate(s, u, x7), Vector512.MultiplyAddEstimate(s, w, y7));
        }

        Put(ref c, cStride, x0, y0);
        Put(ref c, cStride, x1, y1);
        Put(ref c, cStride, x2, y2);
        Put(ref c, cStride, x3, y3);
        Put(ref c, cStride, x4, y4);
        Put(ref c, cStride, x5, y5);
        Put(ref c, cStride, x6, y6);
        Put(ref c, cStride, x7, y7);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile16(
        float* a,
        nint aStride,
        float* b,
        nint bStride,
        float* c,
        nint cStride,
        int depth,
        bool add
    )
    {
        Vector512<float> x0 = default,
            x1 = default,
            x2 = default,
            x3 = default,
            x4 = default,
            x5 = default,
            x6 = default,
            x7 = default;
        if (add)
        {
            x0 = Vector512.Load(c);
            x1 = Vector512.Load(c + cStride);
            x2 = Vector512.Load(c + (2 * cStride));
            x3 = Vector512.Load(c + (3 * cStride));
            x4 = Vector512.Load(c + (4 * cStride));
            x5 = Vector512.Load(c + (5 * cStride));
            x6 = Vector512.Load(c + (6 * cStride));
            x7 = Vector512.Load(c + (7 * cStride));
        }

        float* a4 = a + (4 * aStride);
        for (int k = 0; k < depth; k++, b += bStride, a++, a4++)
        {
            Vector512<float> u = Vector512.Load(b);
            x0 = Vector512.MultiplyAddEstimate(Vector512.Create(a[0]), u, x0);
            x1 = Vector512.MultiplyAddEstimate(Vector512.Create(a[aStride]), u, x1);
            x2 = Vector512.MultiplyAddEstimate(Vector512.Create(a[2 * aStride]), u, x2);
            x3 = Vector512.MultiplyAddEstimate(Vector512.Create(a[3 * aStride]), u, x3);
            x4 = Vector512.MultiplyAddEstimate(Vector512.Create(a4[0]), u, x4);
            x5 = Vector512.MultiplyAddEstimate(Vector512.Create(a4[aStride]), u, x5);
            x6 = Vector512.MultiplyAddEstimate(Vector512.Create(a4[2 * aStride]), u, x6);
            x7 = Vector512.MultiplyAddEstimate(Vector512.Create(a4[3 * aStride]), u, x7);
        }

        x0.Store(c);
        x1.Store(c + cStride);
        x2.Store(c + (2 * cStride));
        x3.Store(c + (3 * cStride));
        x4.Store(c + (4 * cStride));
        x5.Store(c + (5 * cStride));
        x6.Store(c + (6 * cStride));
        x7.Store(c + (7 * cStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(ref float* c, nint stride, Vector512<float> x, Vector512<float> y)
    {
        x.Store(c);
        y.Store(c + Width);
        c += stride;
    }
}
