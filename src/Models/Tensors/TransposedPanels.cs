using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Pipelines.Models.Tensors;

/// <summary>
/// Panels of packed weights transposed: what was summed over becomes the width of a panel, and the other way round, in
/// the same format. With them the kernels of <see cref="PackedKernels"/> multiply by W where the panels are laid out
/// for W^T. Weights keep their codes; only their places change.
/// </summary>
internal static unsafe class TransposedPanels
{
    private const uint LowHalf = 0x0000FFFF;
    private const int Together = 4; // rows that meet in the lanes of a vector

    /// <summary>Output features of one panel, as a panel of input features.</summary>
    /// <param name="w">The weights.</param>
    /// <param name="panel">Panel of output features.</param>
    /// <param name="inFeature">First of <see cref="PackedWeights.Columns"/> input features; those beyond the last are
    /// zero.</param>
    /// <param name="target">[columns, columns], packed: a row for each output feature of the panel.</param>
    public static void Transpose(PackedWeights w, int panel, int inFeature, byte* target)
    {
        byte* source = w.At(panel, inFeature);
        int rows = Math.Min(w.Columns, w.InFeatures - inFeature),
            bytes = w.Columns * w.Size;
        byte* whole = stackalloc byte[rows < w.Columns ? w.Columns * bytes : 1];
        if (rows < w.Columns)
        {
            new ReadOnlySpan<byte>(source, rows * bytes).CopyTo(new Span<byte>(whole, rows * bytes));
            new Span<byte>(whole + (rows * bytes), (w.Columns - rows) * bytes).Clear();
            source = whole;
        }

        if (w.Format == PackedFormat.Float32)
        {
            TransposeWords((uint*)source, w.Columns, w.Columns, w.Tile, (uint*)target);
        }
        else
        {
            TransposeHalves((uint*)source, w.Columns / 2, w.Tile, (uint*)target);
        }
    }

    /// <summary>[rows, columns] words -> [columns, rows].</summary>
    private static void TransposeWords(uint* source, int rows, int columns, PackedTile tile, uint* target)
    {
        int lanes = tile switch
        {
            PackedTile.Avx512 => Vector512<uint>.Count,
            PackedTile.Avx2 => Vector256<uint>.Count,
            _ => 1,
        };
        for (int column = 0; column < columns; column += lanes)
        {
            for (int row = 0; row < rows; row += Together)
            {
                uint* from = source + (row * columns) + column;
                uint* to = target + (column * rows) + row;
                switch (tile)
                {
                    case PackedTile.Avx512:
                        Transpose512(
                            Vector512.Load(from),
                            Vector512.Load(from + columns),
                            Vector512.Load(from + (2 * columns)),
                            Vector512.Load(from + (3 * columns)),
                            to,
                            rows,
                            Together * rows
                        );
                        break;
                    case PackedTile.Avx2:
                        Transpose256(
                            Vector256.Load(from),
                            Vector256.Load(from + columns),
                            Vector256.Load(from + (2 * columns)),
                            Vector256.Load(from + (3 * columns)),
                            to,
                            rows,
                            Together * rows
                        );
                        break;
                    default:
                        for (int r = 0; r < Together; r++)
                        {
                            to[r] = from[r * columns];
                        }

                        break;
                }
            }
        }
    }

    /// <summary>
    /// Words of two codes, columns j and j + half in the word j of a row: transposed, it holds rows i and i + half of a
    /// column.
    /// </summary>
    private static void TransposeHalves(uint* source, int half, PackedTile tile, uint* target)
    {
        for (int row = 0; row < half; row += Together)
        {
            uint* low = source + (row * half);
            uint* high = low + (half * half);
            switch (tile)
            {
                case PackedTile.Avx512:
                    TransposeHalves512(low, high, target + row);
                    break;
                case PackedTile.Avx2:
                    TransposeHalves256(low, high, target + row);
                    break;
                default:
                    TransposeHalvesPlain(low, high, half, target + row);
                    break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransposeHalves512(uint* low, uint* high, uint* target)
    {
        const int half = 16;
        Vector512<uint> mask = Vector512.Create(LowHalf);
        Vector512<uint> a0 = Vector512.Load(low),
            a1 = Vector512.Load(low + half),
            a2 = Vector512.Load(low + (2 * half)),
            a3 = Vector512.Load(low + (3 * half)),
            b0 = Vector512.Load(high),
            b1 = Vector512.Load(high + half),
            b2 = Vector512.Load(high + (2 * half)),
            b3 = Vector512.Load(high + (3 * half));
        Transpose512(
            (a0 & mask) | (b0 << 16),
            (a1 & mask) | (b1 << 16),
            (a2 & mask) | (b2 << 16),
            (a3 & mask) | (b3 << 16),
            target,
            half,
            Together * half
        );
        Transpose512(
            (a0 >>> 16) | Vector512.AndNot(b0, mask),
            (a1 >>> 16) | Vector512.AndNot(b1, mask),
            (a2 >>> 16) | Vector512.AndNot(b2, mask),
            (a3 >>> 16) | Vector512.AndNot(b3, mask),
            target + (half * half),
            half,
            Together * half
        );
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransposeHalves256(uint* low, uint* high, uint* target)
    {
        const int half = 8;
        Vector256<uint> mask = Vector256.Create(LowHalf);
        Vector256<uint> a0 = Vector256.Load(low),
            a1 = Vector256.Load(low + half),
            a2 = Vector256.Load(low + (2 * half)),
            a3 = Vector256.Load(low + (3 * half)),
            b0 = Vector256.Load(high),
            b1 = Vector256.Load(high + half),
            b2 = Vector256.Load(high + (2 * half)),
            b3 = Vector256.Load(high + (3 * half));
        Transpose256(
            (a0 & mask) | (b0 << 16),
            (a1 & mask) | (b1 << 16),
            (a2 & mask) | (b2 << 16),
            (a3 & mask) | (b3 << 16),
            target,
            half,
            Together * half
        );
        Transpose256(
            (a0 >>> 16) | Vector256.AndNot(b0, mask),
            (a1 >>> 16) | Vector256.AndNot(b1, mask),
            (a2 >>> 16) | Vector256.AndNot(b2, mask),
            (a3 >>> 16) | Vector256.AndNot(b3, mask),
            target + (half * half),
            half,
            Together * half
        );
    }

    private static void TransposeHalvesPlain(uint* low, uint* high, int half, uint* target)
    {
        for (int i = 0; i < Together; i++)
        {
            for (int j = 0; j < half; j++)
            {
                uint a = low[(i * half) + j],
                    b = high[(i * half) + j];
                target[(j * half) + i] = (a & LowHalf) | (b << 16);
                target[((j + half) * half) + i] = (a >> 16) | (b & ~LowHalf);
            }
        }
    }

    /// <summary>Four rows of 16 words become 16 rows of four.</summary>
    /// <param name="a">First row.</param>
    /// <param name="b">Second row.</param>
    /// <param name="c">Third row.</param>
    /// <param name="d">Fourth row.</param>
    /// <param name="target">First row of the result.</param>
    /// <param name="stride">Words between the rows of words that stand side by side in a lane.</param>
    /// <param name="lanes">Words between the rows of the first words of two lanes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Transpose512(
        Vector512<uint> a,
        Vector512<uint> b,
        Vector512<uint> c,
        Vector512<uint> d,
        uint* target,
        nint stride,
        nint lanes
    )
    {
        Vector512<ulong> ab = Avx512F.UnpackLow(a, b).AsUInt64(),
            abHigh = Avx512F.UnpackHigh(a, b).AsUInt64(),
            cd = Avx512F.UnpackLow(c, d).AsUInt64(),
            cdHigh = Avx512F.UnpackHigh(c, d).AsUInt64();
        Lanes512(Avx512F.UnpackLow(ab, cd).AsUInt32(), target, lanes);
        Lanes512(Avx512F.UnpackHigh(ab, cd).AsUInt32(), target + stride, lanes);
        Lanes512(Avx512F.UnpackLow(abHigh, cdHigh).AsUInt32(), target + (2 * stride), lanes);
        Lanes512(Avx512F.UnpackHigh(abHigh, cdHigh).AsUInt32(), target + (3 * stride), lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Lanes512(Vector512<uint> x, uint* target, nint lanes)
    {
        Avx512F.ExtractVector128(x, 0).Store(target);
        Avx512F.ExtractVector128(x, 1).Store(target + lanes);
        Avx512F.ExtractVector128(x, 2).Store(target + (2 * lanes));
        Avx512F.ExtractVector128(x, 3).Store(target + (3 * lanes));
    }

    /// <summary>Four rows of eight words become eight rows of four.</summary>
    /// <inheritdoc cref="Transpose512"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Transpose256(
        Vector256<uint> a,
        Vector256<uint> b,
        Vector256<uint> c,
        Vector256<uint> d,
        uint* target,
        nint stride,
        nint lanes
    )
    {
        Vector256<ulong> ab = Avx2.UnpackLow(a, b).AsUInt64(),
            abHigh = Avx2.UnpackHigh(a, b).AsUInt64(),
            cd = Avx2.UnpackLow(c, d).AsUInt64(),
            cdHigh = Avx2.UnpackHigh(c, d).AsUInt64();
        Lanes256(Avx2.UnpackLow(ab, cd).AsUInt32(), target, lanes);
        Lanes256(Avx2.UnpackHigh(ab, cd).AsUInt32(), target + stride, lanes);
        Lanes256(Avx2.UnpackLow(abHigh, cdHigh).AsUInt32(), target + (2 * stride), lanes);
        Lanes256(Avx2.UnpackHigh(abHigh, cdHigh).AsUInt32(), target + (3 * stride), lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Lanes256(Vector256<uint> x, uint* target, nint lanes)
    {
        x.GetLower().Store(target);
        x.GetUpper().Store(target + lanes);
    }
}
