using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Pipelines.Models.Tensors;

/// <summary>
/// A panel of 16-bit weights laid out by whole vectors: rows j and j + half of the stored matrix are woven into words,
/// and blocks of words transposed. Four rows of words at a time meet in the lanes of a vector. It is as fast as memory,
/// where a loop over words is not: a large model is packed as fast as it is read.
/// </summary>
internal static unsafe class PanelPacking
{
    private const ushort Magnitude = 0x7FFF;
    private const ushort Exponent = 0x7C00;
    private const ushort Sign = 0x8000;
    private const int CodeBias = 10 << 10; // what a code's exponent is above the stored one
    private const int Float32Bias = 126 << 10; // float32's exponent of 2^(top-24) * 2^24, above the code's; moved down
    private const int FractionBits = 13; // float32 has so many more

    /// <summary>Lays out as many input features of a whole panel as fill vectors.</summary>
    /// <param name="tile">Kernel to pack for.</param>
    /// <param name="source">[columns, in], the panel's rows as stored.</param>
    /// <param name="inFeatures">Columns of the stored matrix.</param>
    /// <param name="encode">Stored as float16, to become codes: see <see cref="Float16Weights"/>.</param>
    /// <param name="target">The panel.</param>
    /// <returns>Input features done, from the first on.</returns>
    public static int Pack(PackedTile tile, ushort* source, int inFeatures, bool encode, uint* target) =>
        tile switch
        {
            PackedTile.Avx512 when Avx512BW.IsSupported => Pack512(source, inFeatures, encode, target),
            PackedTile.Avx2 => Pack256(source, inFeatures, encode, target),
            _ => 0,
        };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Pack512(ushort* source, int inFeatures, bool encode, uint* target)
    {
        const int half = 16,
            depth = 32,
            inLane = 8; // input features of a lane of 16 bytes
        Vector512<ushort>* low = stackalloc Vector512<ushort>[4];
        Vector512<ushort>* high = stackalloc Vector512<ushort>[4];
        int first = 0;
        for (; first + depth <= inFeatures; first += depth)
        {
            for (int j = 0; j < half; j += 4)
            {
                for (int k = 0; k < 4; k++)
                {
                    ushort* from = source + ((nint)(j + k) * inFeatures) + first;
                    low[k] = Vector512.Load(from);
                    high[k] = Vector512.Load(from + ((nint)half * inFeatures));
                    if (encode)
                    {
                        (low[k], high[k]) = (Encode(low[k]), Encode(high[k]));
                    }
                }

                uint* to = target + ((nint)first * half) + j;
                TransposedPanels.Transpose512(
                    Avx512BW.UnpackLow(low[0], high[0]).AsUInt32(),
                    Avx512BW.UnpackLow(low[1], high[1]).AsUInt32(),
                    Avx512BW.UnpackLow(low[2], high[2]).AsUInt32(),
                    Avx512BW.UnpackLow(low[3], high[3]).AsUInt32(),
                    to,
                    half,
                    inLane * half
                );
                TransposedPanels.Transpose512(
                    Avx512BW.UnpackHigh(low[0], high[0]).AsUInt32(),
                    Avx512BW.UnpackHigh(low[1], high[1]).AsUInt32(),
                    Avx512BW.UnpackHigh(low[2], high[2]).AsUInt32(),
                    Avx512BW.UnpackHigh(low[3], high[3]).AsUInt32(),
                    to + (inLane / 2 * half),
                    half,
                    inLane * half
                );
            }
        }

        return first;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Pack256(ushort* source, int inFeatures, bool encode, uint* target)
    {
        const int half = 8,
            depth = 16,
            inLane = 8;
        Vector256<ushort>* low = stackalloc Vector256<ushort>[4];
        Vector256<ushort>* high = stackalloc Vector256<ushort>[4];
        int first = 0;
        for (; first + depth <= inFeatures; first += depth)
        {
            for (int j = 0; j < half; j += 4)
            {
                for (int k = 0; k < 4; k++)
                {
                    ushort* from = source + ((nint)(j + k) * inFeatures) + first;
                    low[k] = Vector256.Load(from);
                    high[k] = Vector256.Load(from + ((nint)half * inFeatures));
                    if (encode)
                    {
                        (low[k], high[k]) = (Encode(low[k]), Encode(high[k]));
                    }
                }

                uint* to = target + ((nint)first * half) + j;
                TransposedPanels.Transpose256(
                    Avx2.UnpackLow(low[0], high[0]).AsUInt32(),
                    Avx2.UnpackLow(low[1], high[1]).AsUInt32(),
                    Avx2.UnpackLow(low[2], high[2]).AsUInt32(),
                    Avx2.UnpackLow(low[3], high[3]).AsUInt32(),
                    to,
                    half,
                    inLane * half
                );
                TransposedPanels.Transpose256(
                    Avx2.UnpackHigh(low[0], high[0]).AsUInt32(),
                    Avx2.UnpackHigh(low[1], high[1]).AsUInt32(),
                    Avx2.UnpackHigh(low[2], high[2]).AsUInt32(),
                    Avx2.UnpackHigh(low[3], high[3]).AsUInt32(),
                    to + (inLane / 2 * half),
                    half,
                    inLane * half
                );
            }
        }

        return first;
    }

    /// <summary>
    /// <see cref="Float16Weights.Encode"/> of 32. Subnormals, a quarter of a percent of usual weights, become normal
    /// by way of an integer's float32, which has their exponent and fraction.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ushort> Encode(Vector512<ushort> halves)
    {
        Vector512<ushort> zero = Vector512.Equals(halves & Vector512.Create(Magnitude), Vector512<ushort>.Zero),
            small = Vector512.AndNot(
                Vector512.Equals(halves & Vector512.Create(Exponent), Vector512<ushort>.Zero),
                zero
            );
        Vector512<ushort> codes = halves + Vector512.AndNot(Vector512.Create((ushort)CodeBias), zero);
        return Vector512.EqualsAll(small, Vector512<ushort>.Zero)
            ? codes
            : Vector512.ConditionalSelect(small, EncodeSubnormal(halves), codes);
    }

    private static Vector512<ushort> EncodeSubnormal(Vector512<ushort> halves)
    {
        Vector512<ushort> magnitude = halves & Vector512.Create(Magnitude);
        return (halves & Vector512.Create(Sign))
            | Vector512.Narrow(Code(Vector512.WidenLower(magnitude)), Code(Vector512.WidenUpper(magnitude)));

        static Vector512<uint> Code(Vector512<uint> fraction) =>
            (Vector512.ConvertToSingle(fraction.AsInt32()).AsUInt32() >>> FractionBits)
            - Vector512.Create((uint)Float32Bias);
    }

    /// <inheritdoc cref="Encode(Vector512{ushort})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ushort> Encode(Vector256<ushort> halves)
    {
        Vector256<ushort> zero = Vector256.Equals(halves & Vector256.Create(Magnitude), Vector256<ushort>.Zero),
            small = Vector256.AndNot(
                Vector256.Equals(halves & Vector256.Create(Exponent), Vector256<ushort>.Zero),
                zero
            );
        Vector256<ushort> codes = halves + Vector256.AndNot(Vector256.Create((ushort)CodeBias), zero);
        return Vector256.EqualsAll(small, Vector256<ushort>.Zero)
            ? codes
            : Vector256.ConditionalSelect(small, EncodeSubnormal(halves), codes);
    }

    private static Vector256<ushort> EncodeSubnormal(Vector256<ushort> halves)
    {
        Vector256<ushort> magnitude = halves & Vector256.Create(Magnitude);
        return (halves & Vector256.Create(Sign))
            | Vector256.Narrow(Code(Vector256.WidenLower(magnitude)), Code(Vector256.WidenUpper(magnitude)));

        static Vector256<uint> Code(Vector256<uint> fraction) =>
            (Vector256.ConvertToSingle(fraction.AsInt32()).AsUInt32() >>> FractionBits)
            - Vector256.Create((uint)Float32Bias);
    }
}
