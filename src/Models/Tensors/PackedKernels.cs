using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Pipelines.Models.Tensors;

/// <summary>The tile that a kernel holds in registers.</summary>
internal enum PackedTile
{
    /// <summary>14 rows x 32 columns in AVX-512 registers.</summary>
    Avx512,

    /// <summary>6 rows x 16 columns in AVX2 registers.</summary>
    Avx2,

    /// <summary>4 rows x 8 columns in 128-bit vectors, on any processor.</summary>
    Portable,
}

/// <summary>
/// The innermost loops of the packed product: a tile of c [rows, columns] += a [rows, depth] x w [depth, columns], one
/// fused multiply-add a product, in the order of depth. Each element's sum is its own chain, so its bits are the same
/// in every tile, on every row count, in AVX-512 as in AVX2.
/// </summary>
internal static unsafe class PackedKernels
{
    /// <summary>
    /// Floats from one row of the block of activations to the next: a constant, so that rows are addressed by
    /// immediates; an odd number of cache lines, so that they do not share cache sets.
    /// </summary>
    public const int RowStride = 400;

    /// <summary>The widest tile of this processor.</summary>
    public static PackedTile Best { get; } =
        Avx512F.IsSupported ? PackedTile.Avx512
        : Avx2.IsSupported && Fma.IsSupported ? PackedTile.Avx2
        : PackedTile.Portable;

    /// <summary>Rows of a tile.</summary>
    public static int Rows(PackedTile tile) =>
        tile switch
        {
            PackedTile.Avx512 => 14,
            PackedTile.Avx2 => 6,
            _ => 4,
        };

    /// <summary>Columns of a tile: the width of a packed panel.</summary>
    public static int Columns(PackedTile tile) =>
        tile switch
        {
            PackedTile.Avx512 => 32,
            PackedTile.Avx2 => 16,
            _ => 8,
        };

    /// <summary>
    /// What computes one tile, by its rows less one: c = addend + OutputScale * (a x w). Arguments, in order: products
    /// a sum; a [rows, depth], rows <see cref="RowStride"/> apart, already times InputScale; w [depth, columns],
    /// packed; c [rows, columns]; floats from row to row of c; the addend [rows, columns] (c itself, or a bias with
    /// stride 0) or null; floats from row to row of the addend.
    /// </summary>
    /// <param name="tile">Whose <see cref="Rows"/> and <see cref="Columns"/>.</param>
    /// <typeparam name="TWeights">How w is stored.</typeparam>
    public static delegate*<int, float*, byte*, float*, nint, float*, nint, void>[] Of<TWeights>(PackedTile tile)
        where TWeights : struct, IStoredWeights => Table<TWeights>.Of(tile);

    /// <summary>A panel of AVX2's tile as <see cref="WidenedWeights{TWeights}"/>.</summary>
    /// <param name="w">[depth, columns], packed.</param>
    /// <param name="depth">Rows.</param>
    /// <param name="widened">[depth, columns].</param>
    /// <returns><paramref name="widened"/>.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static byte* Widen<TWeights>(byte* w, int depth, float* widened)
        where TWeights : struct, IStoredWeights
    {
        int half = Vector256<float>.Count;
        float* to = widened;
        for (int k = 0; k < depth; k++, w += 2 * half * TWeights.Size, to += 2 * half)
        {
            TWeights.Widen(w, out Vector256<float> p, out Vector256<float> q);
            p.Store(to);
            q.Store(to + half);
        }

        return (byte*)widened;
    }

    // TRows.Count is a constant to the compiler: the lines beyond it vanish, and one method serves every height.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply512<TRows, TWeights>(
        int depth,
        float* a,
        byte* w,
        float* c,
        nint stride,
        float* addend,
        nint addendStride
    )
        where TRows : struct, IRows
        where TWeights : struct, IStoredWeights
    {
        Vector512<float> x0 = default,
            y0 = default;
        Vector512<float> x1 = default,
            y1 = default;
        Vector512<float> x2 = default,
            y2 = default;
        Vector512<float> x3 = default,
            y3 = default;
        Vector512<float> x4 = default,
            y4 = default;
        Vector512<float> x5 = default,
            y5 = default;
        Vector512<float> x6 = default,
            y6 = default;
        Vector512<float> x7 = default,
            y7 = default;
        Vector512<float> x8 = default,
            y8 = default;
        Vector512<float> x9 = default,
            y9 = default;
        Vector512<float> x10 = default,
            y10 = default;
        Vector512<float> x11 = default,
            y11 = default;
        Vector512<float> x12 = default,
            y12 = default;
        Vector512<float> x13 = default,
            y13 = default;
        int step = 2 * Vector512<float>.Count * TWeights.Size;
        for (byte* end = w + (nint)depth * step; w < end; a++, w += step)
        {
            TWeights.Widen(w, out Vector512<float> p, out Vector512<float> q);
            Vector512<float> s = Vector512.Create(a[0 * RowStride]);
            x0 = Avx512F.FusedMultiplyAdd(s, p, x0);
            y0 = Avx512F.FusedMultiplyAdd(s, q, y0);
            if (TRows.Count > 1)
            {
                s = Vector512.Create(a[1 * RowStride]);
                x1 = Avx512F.FusedMultiplyAdd(s, p, x1);
                y1 = Avx512F.FusedMultiplyAdd(s, q, y1);
            }
            if (TRows.Count > 2)
            {
                s = Vector512.Create(a[2 * RowStride]);
                x2 = Avx512F.FusedMultiplyAdd(s, p, x2);
                y2 = Avx512F.FusedMultiplyAdd(s, q, y2);
            }
            if (TRows.Count > 3)
            {
                s = Vector512.Create(a[3 * RowStride]);
                x3 = Avx512F.FusedMultiplyAdd(s, p, x3);
                y3 = Avx512F.FusedMultiplyAdd(s, q, y3);
            }
            if (TRows.Count > 4)
            {
                s = Vector512.Create(a[4 * RowStride]);
                x4 = Avx512F.FusedMultiplyAdd(s, p, x4);
                y4 = Avx512F.FusedMultiplyAdd(s, q, y4);
            }
            if (TRows.Count > 5)
            {
                s = Vector512.Create(a[5 * RowStride]);
                x5 = Avx512F.FusedMultiplyAdd(s, p, x5);
                y5 = Avx512F.FusedMultiplyAdd(s, q, y5);
            }
            if (TRows.Count > 6)
            {
                s = Vector512.Create(a[6 * RowStride]);
                x6 = Avx512F.FusedMultiplyAdd(s, p, x6);
                y6 = Avx512F.FusedMultiplyAdd(s, q, y6);
            }
            if (TRows.Count > 7)
            {
                s = Vector512.Create(a[7 * RowStride]);
                x7 = Avx512F.FusedMultiplyAdd(s, p, x7);
                y7 = Avx512F.FusedMultiplyAdd(s, q, y7);
            }
            if (TRows.Count > 8)
            {
                s = Vector512.Create(a[8 * RowStride]);
                x8 = Avx512F.FusedMultiplyAdd(s, p, x8);
                y8 = Avx512F.FusedMultiplyAdd(s, q, y8);
            }
            if (TRows.Count > 9)
            {
                s = Vector512.Create(a[9 * RowStride]);
                x9 = Avx512F.FusedMultiplyAdd(s, p, x9);
                y9 = Avx512F.FusedMultiplyAdd(s, q, y9);
            }
            if (TRows.Count > 10)
            {
                s = Vector512.Create(a[10 * RowStride]);
                x10 = Avx512F.FusedMultiplyAdd(s, p, x10);
                y10 = Avx512F.FusedMultiplyAdd(s, q, y10);
            }
            if (TRows.Count > 11)
            {
                s = Vector512.Create(a[11 * RowStride]);
                x11 = Avx512F.FusedMultiplyAdd(s, p, x11);
                y11 = Avx512F.FusedMultiplyAdd(s, q, y11);
            }
            if (TRows.Count > 12)
            {
                s = Vector512.Create(a[12 * RowStride]);
                x12 = Avx512F.FusedMultiplyAdd(s, p, x12);
                y12 = Avx512F.FusedMultiplyAdd(s, q, y12);
            }
            if (TRows.Count > 13)
            {
                s = Vector512.Create(a[13 * RowStride]);
                x13 = Avx512F.FusedMultiplyAdd(s, p, x13);
                y13 = Avx512F.FusedMultiplyAdd(s, q, y13);
            }
        }

        Vector512<float> scale = Vector512.Create(TWeights.OutputScale);
        Store(x0, y0, scale, c + 0 * stride, addend, 0 * addendStride);
        if (TRows.Count > 1)
        {
            Store(x1, y1, scale, c + 1 * stride, addend, 1 * addendStride);
        }
        if (TRows.Count > 2)
        {
            Store(x2, y2, scale, c + 2 * stride, addend, 2 * addendStride);
        }
        if (TRows.Count > 3)
        {
            Store(x3, y3, scale, c + 3 * stride, addend, 3 * addendStride);
        }
        if (TRows.Count > 4)
        {
            Store(x4, y4, scale, c + 4 * stride, addend, 4 * addendStride);
        }
        if (TRows.Count > 5)
        {
            Store(x5, y5, scale, c + 5 * stride, addend, 5 * addendStride);
        }
        if (TRows.Count > 6)
        {
            Store(x6, y6, scale, c + 6 * stride, addend, 6 * addendStride);
        }
        if (TRows.Count > 7)
        {
            Store(x7, y7, scale, c + 7 * stride, addend, 7 * addendStride);
        }
        if (TRows.Count > 8)
        {
            Store(x8, y8, scale, c + 8 * stride, addend, 8 * addendStride);
        }
        if (TRows.Count > 9)
        {
            Store(x9, y9, scale, c + 9 * stride, addend, 9 * addendStride);
        }
        if (TRows.Count > 10)
        {
            Store(x10, y10, scale, c + 10 * stride, addend, 10 * addendStride);
        }
        if (TRows.Count > 11)
        {
            Store(x11, y11, scale, c + 11 * stride, addend, 11 * addendStride);
        }
        if (TRows.Count > 12)
        {
            Store(x12, y12, scale, c + 12 * stride, addend, 12 * addendStride);
        }
        if (TRows.Count > 13)
        {
            Store(x13, y13, scale, c + 13 * stride, addend, 13 * addendStride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(
        Vector512<float> x,
        Vector512<float> y,
        Vector512<float> scale,
        float* c,
        float* addend,
        nint offset
    )
    {
        int n = Vector512<float>.Count;
        if (addend == null)
        {
            (x * scale).Store(c);
            (y * scale).Store(c + n);
        }
        else
        {
            Avx512F.FusedMultiplyAdd(x, scale, Vector512.Load(addend + offset)).Store(c);
            Avx512F.FusedMultiplyAdd(y, scale, Vector512.Load(addend + offset + n)).Store(c + n);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply256<TRows, TWeights>(
        int depth,
        float* a,
        byte* w,
        float* c,
        nint stride,
        float* addend,
        nint addendStride
    )
        where TRows : struct, IRows
        where TWeights : struct, IStoredWeights
    {
        Vector256<float> x0 = default,
            y0 = default;
        Vector256<float> x1 = default,
            y1 = default;
        Vector256<float> x2 = default,
            y2 = default;
        Vector256<float> x3 = default,
            y3 = default;
        Vector256<float> x4 = default,
            y4 = default;
        Vector256<float> x5 = default,
            y5 = default;
        int step = 2 * Vector256<float>.Count * TWeights.Size;
        for (byte* end = w + (nint)depth * step; w < end; a++, w += step)
        {
            TWeights.Widen(w, out Vector256<float> p, out Vector256<float> q);
            Vector256<float> s = Vector256.Create(a[0 * RowStride]);
            x0 = Fma.MultiplyAdd(s, p, x0);
            y0 = Fma.MultiplyAdd(s, q, y0);
            if (TRows.Count > 1)
            {
                s = Vector256.Create(a[1 * RowStride]);
                x1 = Fma.MultiplyAdd(s, p, x1);
                y1 = Fma.MultiplyAdd(s, q, y1);
            }
            if (TRows.Count > 2)
            {
                s = Vector256.Create(a[2 * RowStride]);
                x2 = Fma.MultiplyAdd(s, p, x2);
                y2 = Fma.MultiplyAdd(s, q, y2);
            }
            if (TRows.Count > 3)
            {
                s = Vector256.Create(a[3 * RowStride]);
                x3 = Fma.MultiplyAdd(s, p, x3);
                y3 = Fma.MultiplyAdd(s, q, y3);
            }
            if (TRows.Count > 4)
            {
                s = Vector256.Create(a[4 * RowStride]);
                x4 = Fma.MultiplyAdd(s, p, x4);
                y4 = Fma.MultiplyAdd(s, q, y4);
            }
            if (TRows.Count > 5)
            {
                s = Vector256.Create(a[5 * RowStride]);
                x5 = Fma.MultiplyAdd(s, p, x5);
                y5 = Fma.MultiplyAdd(s, q, y5);
            }
        }

        Vector256<float> scale = Vector256.Create(TWeights.OutputScale);
        Store(x0, y0, scale, c + 0 * stride, addend, 0 * addendStride);
        if (TRows.Count > 1)
        {
            Store(x1, y1, scale, c + 1 * stride, addend, 1 * addendStride);
        }
        if (TRows.Count > 2)
        {
            Store(x2, y2, scale, c + 2 * stride, addend, 2 * addendStride);
        }
        if (TRows.Count > 3)
        {
            Store(x3, y3, scale, c + 3 * stride, addend, 3 * addendStride);
        }
        if (TRows.Count > 4)
        {
            Store(x4, y4, scale, c + 4 * stride, addend, 4 * addendStride);
        }
        if (TRows.Count > 5)
        {
            Store(x5, y5, scale, c + 5 * stride, addend, 5 * addendStride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(
        Vector256<float> x,
        Vector256<float> y,
        Vector256<float> scale,
        float* c,
        float* addend,
        nint offset
    )
    {
        int n = Vector256<float>.Count;
        if (addend == null)
        {
            (x * scale).Store(c);
            (y * scale).Store(c + n);
        }
        else
        {
            Fma.MultiplyAdd(x, scale, Vector256.Load(addend + offset)).Store(c);
            Fma.MultiplyAdd(y, scale, Vector256.Load(addend + offset + n)).Store(c + n);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply128<TRows, TWeights>(
        int depth,
        float* a,
        byte* w,
        float* c,
        nint stride,
        float* addend,
        nint addendStride
    )
        where TRows : struct, IRows
        where TWeights : struct, IStoredWeights
    {
        Vector128<float> x0 = default,
            y0 = default;
        Vector128<float> x1 = default,
            y1 = default;
        Vector128<float> x2 = default,
            y2 = default;
        Vector128<float> x3 = default,
            y3 = default;
        int step = 2 * Vector128<float>.Count * TWeights.Size;
        for (byte* end = w + (nint)depth * step; w < end; a++, w += step)
        {
            TWeights.Widen(w, out Vector128<float> p, out Vector128<float> q);
            Vector128<float> s = Vector128.Create(a[0 * RowStride]);
            x0 = Vector128.FusedMultiplyAdd(s, p, x0);
            y0 = Vector128.FusedMultiplyAdd(s, q, y0);
            if (TRows.Count > 1)
            {
                s = Vector128.Create(a[1 * RowStride]);
                x1 = Vector128.FusedMultiplyAdd(s, p, x1);
                y1 = Vector128.FusedMultiplyAdd(s, q, y1);
            }
            if (TRows.Count > 2)
            {
                s = Vector128.Create(a[2 * RowStride]);
                x2 = Vector128.FusedMultiplyAdd(s, p, x2);
                y2 = Vector128.FusedMultiplyAdd(s, q, y2);
            }
            if (TRows.Count > 3)
            {
                s = Vector128.Create(a[3 * RowStride]);
                x3 = Vector128.FusedMultiplyAdd(s, p, x3);
                y3 = Vector128.FusedMultiplyAdd(s, q, y3);
            }
        }

        Vector128<float> scale = Vector128.Create(TWeights.OutputScale);
        Store(x0, y0, scale, c + 0 * stride, addend, 0 * addendStride);
        if (TRows.Count > 1)
        {
            Store(x1, y1, scale, c + 1 * stride, addend, 1 * addendStride);
        }
        if (TRows.Count > 2)
        {
            Store(x2, y2, scale, c + 2 * stride, addend, 2 * addendStride);
        }
        if (TRows.Count > 3)
        {
            Store(x3, y3, scale, c + 3 * stride, addend, 3 * addendStride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(
        Vector128<float> x,
        Vector128<float> y,
        Vector128<float> scale,
        float* c,
        float* addend,
        nint offset
    )
    {
        int n = Vector128<float>.Count;
        if (addend == null)
        {
            (x * scale).Store(c);
            (y * scale).Store(c + n);
        }
        else
        {
            Vector128.FusedMultiplyAdd(x, scale, Vector128.Load(addend + offset)).Store(c);
            Vector128.FusedMultiplyAdd(y, scale, Vector128.Load(addend + offset + n)).Store(c + n);
        }
    }

    private static class Table<TWeights>
        where TWeights : struct, IStoredWeights
    {
        private static readonly delegate*<int, float*, byte*, float*, nint, float*, nint, void>[] Of512 =
        [
            &Multiply512<R1, TWeights>,
            &Multiply512<R2, TWeights>,
            &Multiply512<R3, TWeights>,
            &Multiply512<R4, TWeights>,
            &Multiply512<R5, TWeights>,
            &Multiply512<R6, TWeights>,
            &Multiply512<R7, TWeights>,
            &Multiply512<R8, TWeights>,
            &Multiply512<R9, TWeights>,
            &Multiply512<R10, TWeights>,
            &Multiply512<R11, TWeights>,
            &Multiply512<R12, TWeights>,
            &Multiply512<R13, TWeights>,
            &Multiply512<R14, TWeights>,
        ];

        private static readonly delegate*<int, float*, byte*, float*, nint, float*, nint, void>[] Of256 =
        [
            &Multiply256<R1, TWeights>,
            &Multiply256<R2, TWeights>,
            &Multiply256<R3, TWeights>,
            &Multiply256<R4, TWeights>,
            &Multiply256<R5, TWeights>,
            &Multiply256<R6, TWeights>,
        ];

        private static readonly delegate*<int, float*, byte*, float*, nint, float*, nint, void>[] Of128 =
        [
            &Multiply128<R1, TWeights>,
            &Multiply128<R2, TWeights>,
            &Multiply128<R3, TWeights>,
            &Multiply128<R4, TWeights>,
        ];

        public static delegate*<int, float*, byte*, float*, nint, float*, nint, void>[] Of(PackedTile tile) =>
            tile switch
            {
                PackedTile.Avx512 => Of512,
                PackedTile.Avx2 => Of256,
                _ => Of128,
            };
    }

    private interface IRows
    {
        static abstract int Count { get; }
    }

    private readonly struct R1 : IRows
    {
        public static int Count => 1;
    }

    private readonly struct R2 : IRows
    {
        public static int Count => 2;
    }

    private readonly struct R3 : IRows
    {
        public static int Count => 3;
    }

    private readonly struct R4 : IRows
    {
        public static int Count => 4;
    }

    private readonly struct R5 : IRows
    {
        public static int Count => 5;
    }

    private readonly struct R6 : IRows
    {
        public static int Count => 6;
    }

    private readonly struct R7 : IRows
    {
        public static int Count => 7;
    }

    private readonly struct R8 : IRows
    {
        public static int Count => 8;
    }

    private readonly struct R9 : IRows
    {
        public static int Count => 9;
    }

    private readonly struct R10 : IRows
    {
        public static int Count => 10;
    }

    private readonly struct R11 : IRows
    {
        public static int Count => 11;
    }

    private readonly struct R12 : IRows
    {
        public static int Count => 12;
    }

    private readonly struct R13 : IRows
    {
        public static int Count => 13;
    }

    private readonly struct R14 : IRows
    {
        public static int Count => 14;
    }
}
