using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Pipelines.Models.Tensors;

/// <summary>
/// How packed weights are stored, and how a kernel widens them to float32, exactly. A packed row of 2n weights (one
/// input feature, 2n output features) is widened to two vectors: output features 0..n-1 and n..2n-1. In the 16-bit
/// formats feature j and feature j+n share a 32-bit word (j in its low half), so that two or three integer operations
/// widen both.
/// </summary>
internal unsafe interface IStoredWeights
{
    /// <summary>Bytes a weight.</summary>
    static abstract int Size { get; }

    /// <summary>Factor on the activations before they meet the weights: a power of two, exact.</summary>
    static abstract float InputScale { get; }

    /// <summary>Factor on the sums; a power of two.</summary>
    static abstract float OutputScale { get; }

    /// <summary>Whether widening takes so many operations that AVX2's narrow tiles feel it.</summary>
    static abstract bool IsDear { get; }

    /// <summary>Widens 32 weights.</summary>
    static abstract void Widen(byte* row, out Vector512<float> first, out Vector512<float> second);

    /// <summary>Widens 16 weights.</summary>
    static abstract void Widen(byte* row, out Vector256<float> first, out Vector256<float> second);

    /// <summary>Widens 8 weights.</summary>
    static abstract void Widen(byte* row, out Vector128<float> first, out Vector128<float> second);
}

/// <summary>Weights as float32.</summary>
internal readonly unsafe struct Float32Weights : IStoredWeights
{
    /// <inheritdoc/>
    public static int Size => 4;

    /// <inheritdoc/>
    public static float InputScale => 1;

    /// <inheritdoc/>
    public static float OutputScale => 1;

    /// <inheritdoc/>
    public static bool IsDear => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* row, out Vector512<float> first, out Vector512<float> second)
    {
        first = Vector512.Load((float*)row);
        second = Vector512.Load((float*)row + 16);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* row, out Vector256<float> first, out Vector256<float> second)
    {
        first = Vector256.Load((float*)row);
        second = Vector256.Load((float*)row + 8);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* row, out Vector128<float> first, out Vector128<float> second)
    {
        first = Vector128.Load((float*)row);
        second = Vector128.Load((float*)row + 4);
    }
}

/// <summary>Weights as bfloat16: the high half of a float32.</summary>
internal readonly unsafe struct BFloat16Weights : IStoredWeights
{
    private const uint HighHalf = 0xFFFF0000;

    /// <inheritdoc/>
    public static int Size => 2;

    /// <inheritdoc/>
    public static float InputScale => 1;

    /// <inheritdoc/>
    public static float OutputScale => 1;

    /// <inheritdoc/>
    public static bool IsDear => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* row, out Vector512<float> first, out Vector512<float> second)
    {
        Vector512<uint> pairs = Vector512.Load((uint*)row);
        first = (pairs << 16).AsSingle();
        second = (pairs & Vector512.Create(HighHalf)).AsSingle();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* row, out Vector256<float> first, out Vector256<float> second)
    {
        Vector256<uint> pairs = Vector256.Load((uint*)row);
        first = (pairs << 16).AsSingle();
        second = (pairs & Vector256.Create(HighHalf)).AsSingle();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* row, out Vector128<float> first, out Vector128<float> second)
    {
        Vector128<uint> pairs = Vector128.Load((uint*)row);
        first = (pairs << 16).AsSingle();
        second = (pairs & Vector128.Create(HighHalf)).AsSingle();
    }
}

/// <summary>
/// Weights of float16 below 128, as a code of the same size without subnormals: sign, five bits of exponent with bias
/// 25 instead of 15, ten of fraction. Every float16 from the smallest subnormal 2^-24 up to (excluding) 2^7 has such a
/// code. Moved three bits down, the code is the float32 of weight * 2^-102, zero included, so widening costs no
/// multiplication and meets no denormal numbers; the powers of two are made good in the activations (2^80, so their
/// magnitude must stay below 2^47) and in the sums (2^22).
/// </summary>
internal readonly unsafe struct Float16Weights : IStoredWeights
{
    private const uint SignExponentFraction = 0x8FFFE000;
    private const int BiasDifference = 10;
    private const int FirstTooLarge = (7 + 15) << 10; // the bits of 2^7

    /// <inheritdoc/>
    public static int Size => 2;

    /// <inheritdoc/>
    public static float InputScale => 1.2089258196146292e24f; // 2^80

    /// <inheritdoc/>
    public static float OutputScale => 4194304; // 2^22 = 2^(102-80)

    /// <inheritdoc/>
    public static bool IsDear => true;

    /// <summary>Whether every float16, given by its bits, has a code.</summary>
    public static bool HaveCodes(ReadOnlySpan<ushort> halves)
    {
        Vector<ushort> magnitude = new(0x7FFF),
            largest = Vector<ushort>.Zero;
        ReadOnlySpan<Vector<ushort>> vectors = MemoryMarshal.Cast<ushort, Vector<ushort>>(halves);
        foreach (Vector<ushort> vector in vectors)
        {
            largest = Vector.Max(largest, vector & magnitude);
        }

        bool all = Vector.LessThanAll(largest, new Vector<ushort>(FirstTooLarge));
        foreach (ushort half in halves[(vectors.Length * Vector<ushort>.Count)..])
        {
            all &= (half & 0x7FFF) < FirstTooLarge;
        }

        return all;
    }

    /// <summary>The code of a float16 that has one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Encode(ushort half)
    {
        if ((half & 0x7C00) != 0)
        {
            return (ushort)(half + (BiasDifference << 10));
        }

        int fraction = half & 0x3FF;
        if (fraction == 0)
        {
            return half; // +0, -0
        }

        int top = 31 - BitOperations.LeadingZeroCount((uint)fraction); // value = 2^(top-24) * 1.xxx
        return (ushort)((half & 0x8000) | ((top + 1) << 10) | ((fraction << (10 - top)) & 0x3FF));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* row, out Vector512<float> first, out Vector512<float> second)
    {
        Vector512<int> pairs = Vector512.Load((int*)row);
        Vector512<int> mask = Vector512.Create(unchecked((int)SignExponentFraction));
        first = (((pairs << 16) >> 3) & mask).AsSingle();
        second = ((pairs >> 3) & mask).AsSingle();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* row, out Vector256<float> first, out Vector256<float> second)
    {
        Vector256<int> pairs = Vector256.Load((int*)row);
        Vector256<int> mask = Vector256.Create(unchecked((int)SignExponentFraction));
        first = (((pairs << 16) >> 3) & mask).AsSingle();
        second = ((pairs >> 3) & mask).AsSingle();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* row, out Vector128<float> first, out Vector128<float> second)
    {
        Vector128<int> pairs = Vector128.Load((int*)row);
        Vector128<int> mask = Vector128.Create(unchecked((int)SignExponentFraction));
        first = (((pairs << 16) >> 3) & mask).AsSingle();
        second = ((pairs >> 3) & mask).AsSingle();
    }
}

/// <summary>
/// Weights that were widened before the kernel reads them, once for all rows of a block, scales and bits as they would
/// have in the kernel. A tile of AVX2 has six rows only, so that widening in the kernel is repeated often.
/// </summary>
/// <typeparam name="TWeights">How they are stored.</typeparam>
internal readonly unsafe struct WidenedWeights<TWeights> : IStoredWeights
    where TWeights : struct, IStoredWeights
{
    /// <inheritdoc/>
    public static int Size => Float32Weights.Size;

    /// <inheritdoc/>
    public static float InputScale => TWeights.InputScale;

    /// <inheritdoc/>
    public static float OutputScale => TWeights.OutputScale;

    /// <inheritdoc/>
    public static bool IsDear => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* row, out Vector512<float> first, out Vector512<float> second) =>
        Float32Weights.Widen(row, out first, out second);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* row, out Vector256<float> first, out Vector256<float> second) =>
        Float32Weights.Widen(row, out first, out second);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* row, out Vector128<float> first, out Vector128<float> second) =>
        Float32Weights.Widen(row, out first, out second);
}
