using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Pipelines.Models.Tensors;

namespace Pipelines.Benchmarks;

/// <summary>
/// The limits of the machine, by loops that do nothing else: fused multiply-adds in registers in the width that our
/// products use, and reading memory from end to end.
/// </summary>
internal static unsafe class Peak
{
    private const int Steps = 1 << 22;
    private const int Chains = 12; // more than latency times ports, and they fit the registers of AVX2
    private const long Buffer = 1L << 30; // bytes; no cache holds it

    /// <summary>Operations of one thread's share of <see cref="Multiply"/>: a multiply-add is two.</summary>
    public static double Operations => 2.0 * Steps * Chains * Lanes;

    private static int Lanes =>
        PackedKernels.Best switch
        {
            PackedTile.Avx512 => Vector512<float>.Count,
            PackedTile.Avx2 => Vector256<float>.Count,
            _ => Vector128<float>.Count,
        };

    /// <summary>Multiplies and adds on some threads at once.</summary>
    public static void Multiply(int threads) =>
        OnThreads(
            threads,
            _ =>
                PackedKernels.Best switch
                {
                    PackedTile.Avx512 => Multiply<Fused512, Vector512<float>>(),
                    PackedTile.Avx2 => Multiply<Fused256, Vector256<float>>(),
                    _ => Multiply<Fused128, Vector128<float>>(),
                }
        );

    /// <summary>Operations that a thread can do in a second of processor time, all threads working.</summary>
    /// <param name="taken">What <see cref="Multiply"/> took.</param>
    /// <param name="threads">On so many threads.</param>
    public static double OfThread(Timing taken, int threads) => Operations * threads / taken.CpuSeconds;

    /// <summary>Memory that is read from end to end, each thread its part.</summary>
    public sealed class Memory : IDisposable
    {
        private readonly ulong* words = (ulong*)NativeMemory.AlignedAlloc((nuint)Buffer, 64);

        /// <summary>Writes it, so that it is there.</summary>
        public Memory() => new Span<byte>(words, 1 << 30).Fill(1);

        /// <summary>Bytes read.</summary>
        public static double Bytes => Buffer;

        /// <summary>Reads all of it once.</summary>
        public void Read(int threads)
        {
            long part = Buffer / sizeof(ulong) / threads / 64 * 64;
            OnThreads(threads, thread => Sum(words + (thread * part), part));
        }

        /// <inheritdoc/>
        public void Dispose() => NativeMemory.AlignedFree(words);
    }

    /// <summary>Bytes that a thread can read in a second of processor time, all threads reading.</summary>
    public static double BytesOfThread(Timing taken) => Memory.Bytes / taken.CpuSeconds;

    // At once as fast as it gets: a loop that is run a few times would stay half compiled
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Multiply<TFused, TVector>()
        where TFused : IFused<TVector>
    {
        TVector x = TFused.Of(0.999f),
            y = TFused.Of(0.001f);
        TVector a = y,
            b = y,
            c = y,
            d = y,
            e = y,
            f = y,
            g = y,
            h = y,
            i = y,
            j = y,
            k = y,
            l = y;
        for (int step = 0; step < Steps; step++)
        {
            a = TFused.MultiplyAdd(a, x, y);
            b = TFused.MultiplyAdd(b, x, y);
            c = TFused.MultiplyAdd(c, x, y);
            d = TFused.MultiplyAdd(d, x, y);
            e = TFused.MultiplyAdd(e, x, y);
            f = TFused.MultiplyAdd(f, x, y);
            g = TFused.MultiplyAdd(g, x, y);
            h = TFused.MultiplyAdd(h, x, y);
            i = TFused.MultiplyAdd(i, x, y);
            j = TFused.MultiplyAdd(j, x, y);
            k = TFused.MultiplyAdd(k, x, y);
            l = TFused.MultiplyAdd(l, x, y);
        }

        // No call while they live: it would send them through memory in every step
        TVector sum = TFused.MultiplyAdd(TFused.MultiplyAdd(TFused.MultiplyAdd(a, b, c), d, e), f, g);
        return TFused.First(TFused.MultiplyAdd(TFused.MultiplyAdd(sum, h, i), TFused.MultiplyAdd(j, k, l), y));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Sum(ulong* from, long count)
    {
        Vector256<ulong> a = default,
            b = default,
            c = default,
            d = default;
        for (ulong* end = from + count; from < end; from += 16)
        {
            a ^= Vector256.Load(from);
            b ^= Vector256.Load(from + 4);
            c ^= Vector256.Load(from + 8);
            d ^= Vector256.Load(from + 12);
        }

        return Vector256.Sum(a ^ b ^ c ^ d);
    }

    /// <summary>Does a thread's work on each of some threads; what it gives is kept so that the work is done.</summary>
    private static void OnThreads(int threads, Func<int, float> work)
    {
        float[] kept = new float[threads];
        Thread[] others =
        [
            .. Enumerable.Range(1, threads - 1).Select(t => new Thread(() => kept[t] = work(t))),
        ];
        Array.ForEach(others, t => t.Start());
        kept[0] = work(0);
        Array.ForEach(others, t => t.Join());
        GC.KeepAlive(kept);
    }

    /// <summary>Fused multiply-adds of a width.</summary>
    private interface IFused<TVector>
    {
        static abstract TVector Of(float value);

        static abstract TVector MultiplyAdd(TVector a, TVector x, TVector y);

        static abstract float First(TVector vector);
    }

    private readonly struct Fused512 : IFused<Vector512<float>>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Of(float value) => Vector512.Create(value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> x, Vector512<float> y) =>
            Vector512.FusedMultiplyAdd(a, x, y);

        public static float First(Vector512<float> vector) => vector[0];
    }

    private readonly struct Fused256 : IFused<Vector256<float>>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Of(float value) => Vector256.Create(value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> x, Vector256<float> y) =>
            Vector256.FusedMultiplyAdd(a, x, y);

        public static float First(Vector256<float> vector) => vector[0];
    }

    private readonly struct Fused128 : IFused<Vector128<float>>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<float> Of(float value) => Vector128.Create(value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> x, Vector128<float> y) =>
            Vector128.FusedMultiplyAdd(a, x, y);

        public static float First(Vector128<float> vector) => vector[0];
    }
}
