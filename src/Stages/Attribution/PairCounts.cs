using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Pipelines.Stages.Attribution;

/// <summary>In how many rows a column is one together with each of eight columns, exact.</summary>
/// <param name="panel">Eight columns of <see cref="MaskColumns"/>, [W, 8].</param>
/// <param name="other">The panel of the column, [W, 8].</param>
/// <param name="lane">Its place there.</param>
/// <param name="counts">[8].</param>
internal delegate void PairCounter(
    ReadOnlySpan<ulong> panel,
    ReadOnlySpan<ulong> other,
    int lane,
    Span<ulong> counts
);

/// <summary>
/// AND and popcount of bit columns. Sixteen words are added up bit by bit (a carry-save adder; Harley and Seal) before
/// one of them is counted, since counting is the dear part: .NET 10 has no VPOPCNTDQ, and POPCNT takes one word an
/// instruction. Lanes are columns, so that nothing is summed across a vector.
/// </summary>
internal static class PairCounts
{
    private const int Block = 16; // words

    /// <summary>For this machine.</summary>
    public static PairCounter Best { get; } = Supported[^1].Counter;

    /// <summary>All that this machine can do, the fastest last.</summary>
    public static IReadOnlyList<(string Name, PairCounter Counter)> Supported =>
        [
            ("words", Count<WordBits, ulong>),
            .. Avx2.IsSupported ? [("AVX2", Count<Avx2Bits, Vector256<ulong>>)] : Array.Empty<(string, PairCounter)>(),
            .. Avx512BW.IsSupported
                ? [("AVX-512", Count<Avx512Bits, Vector512<ulong>>)]
                : Array.Empty<(string, PairCounter)>(),
        ];

    /// <summary>Words that so many take in whole blocks.</summary>
    public static int Padded(int words) => (words + Block - 1) / Block * Block;

    private static void Count<TBits, TVector>(
        ReadOnlySpan<ulong> panel,
        ReadOnlySpan<ulong> other,
        int lane,
        Span<ulong> counts
    )
        where TBits : IBits<TVector>
        where TVector : struct
    {
        ref ulong column = ref Unsafe.Add(ref MemoryMarshal.GetReference(other), lane);
        for (int at = 0; at < MaskColumns.PanelColumns; at += TBits.Lanes)
        {
            ref ulong columns = ref Unsafe.Add(ref MemoryMarshal.GetReference(panel), at);
            TVector sums = Count<TBits, TVector>(ref columns, ref column, panel.Length);
            TBits.Store(sums, ref counts[at]);
        }
    }

    private static TVector Count<TBits, TVector>(ref ulong columns, ref ulong column, int length)
        where TBits : IBits<TVector>
        where TVector : struct
    {
        TVector ones = default,
            twos = default,
            fours = default,
            eights = default,
            counted = default; // sixteens
        TVector table = TBits.NibbleOnes;
        const int step = MaskColumns.PanelColumns;
        for (int at = 0; at < length; at += Block * step)
        {
            ref ulong a = ref Unsafe.Add(ref columns, at),
                b = ref Unsafe.Add(ref column, at);
            TVector eightsA = AddEight<TBits, TVector>(ref a, ref b, ref ones, ref twos, ref fours);
            TVector eightsB = AddEight<TBits, TVector>(
                ref Unsafe.Add(ref a, 8 * step),
                ref Unsafe.Add(ref b, 8 * step),
                ref ones,
                ref twos,
                ref fours
            );
            counted = TBits.Plus(counted, TBits.PopCount(TBits.Add(ref eights, eightsA, eightsB), table));
        }

        TVector total = TBits.Plus(TBits.Twice(counted), TBits.PopCount(eights, table));
        total = TBits.Plus(TBits.Twice(total), TBits.PopCount(fours, table));
        total = TBits.Plus(TBits.Twice(total), TBits.PopCount(twos, table));
        return TBits.Plus(TBits.Twice(total), TBits.PopCount(ones, table));
    }

    /// <summary>Adds eight words.</summary>
    /// <returns>The carry into the eights.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector AddEight<TBits, TVector>(
        ref ulong a,
        ref ulong b,
        ref TVector ones,
        ref TVector twos,
        ref TVector fours
    )
        where TBits : IBits<TVector>
        where TVector : struct
    {
        TVector foursA = AddFour<TBits, TVector>(ref a, ref b, ref ones, ref twos);
        const int half = 4 * MaskColumns.PanelColumns;
        TVector foursB = AddFour<TBits, TVector>(
            ref Unsafe.Add(ref a, half),
            ref Unsafe.Add(ref b, half),
            ref ones,
            ref twos
        );
        return TBits.Add(ref fours, foursA, foursB);
    }

    /// <summary>Adds four words.</summary>
    /// <returns>The carry into the fours.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector AddFour<TBits, TVector>(ref ulong a, ref ulong b, ref TVector ones, ref TVector twos)
        where TBits : IBits<TVector>
        where TVector : struct
    {
        const int step = MaskColumns.PanelColumns;
        TVector twosA = TBits.Add(
            ref ones,
            TBits.Both(ref a, b),
            TBits.Both(ref Unsafe.Add(ref a, step), Unsafe.Add(ref b, step))
        );
        TVector twosB = TBits.Add(
            ref ones,
            TBits.Both(ref Unsafe.Add(ref a, 2 * step), Unsafe.Add(ref b, 2 * step)),
            TBits.Both(ref Unsafe.Add(ref a, 3 * step), Unsafe.Add(ref b, 3 * step))
        );
        return TBits.Add(ref twos, twosA, twosB);
    }

    /// <summary>Words of some columns side by side.</summary>
    private interface IBits<TVector>
    {
        /// <summary>Columns.</summary>
        static abstract int Lanes { get; }

        /// <summary>A word of each column, AND one word.</summary>
        static abstract TVector Both(ref ulong words, ulong word);

        /// <summary>Adds two more bits to a bit of each place.</summary>
        /// <param name="sum">The bit, before and after.</param>
        /// <param name="a">To add.</param>
        /// <param name="b">To add.</param>
        /// <returns>The carry.</returns>
        static abstract TVector Add(ref TVector sum, TVector a, TVector b);

        /// <summary>Ones of each nibble, a byte a nibble, again every 16 bytes: what a shuffle looks up.</summary>
        static abstract TVector NibbleOnes { get; }

        /// <summary>Ones of each word.</summary>
        /// <param name="words">Words.</param>
        /// <param name="table"><see cref="NibbleOnes"/>, which stays in a register.</param>
        static abstract TVector PopCount(TVector words, TVector table);

        /// <summary>a + b, word by word.</summary>
        static abstract TVector Plus(TVector a, TVector b);

        /// <summary>2a, word by word.</summary>
        static abstract TVector Twice(TVector a);

        /// <summary>Writes the words.</summary>
        static abstract void Store(TVector words, ref ulong to);
    }

    /// <summary>Eight columns. Adding is two instructions here, sum and majority of three bits.</summary>
    private readonly struct Avx512Bits : IBits<Vector512<ulong>>
    {
        private const byte Sum = 0x96,
            Majority = 0xE8;

        public static int Lanes => Vector512<ulong>.Count;

        public static Vector512<ulong> NibbleOnes => Vector512.Create(Avx2Bits.NibbleOnes, Avx2Bits.NibbleOnes);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Both(ref ulong words, ulong word) =>
            Vector512.LoadUnsafe(ref words) & Vector512.Create(word);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Add(ref Vector512<ulong> sum, Vector512<ulong> a, Vector512<ulong> b)
        {
            Vector512<ulong> carry = Avx512F.TernaryLogic(sum, a, b, Majority);
            sum = Avx512F.TernaryLogic(sum, a, b, Sum);
            return carry;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> PopCount(Vector512<ulong> words, Vector512<ulong> table)
        {
            var nibble = Vector512.Create((byte)0xF);
            Vector512<byte> ones =
                Avx512BW.Shuffle(table.AsByte(), words.AsByte() & nibble)
                + Avx512BW.Shuffle(table.AsByte(), (words >>> 4).AsByte() & nibble);
            return Avx512BW.SumAbsoluteDifferences(ones, Vector512<byte>.Zero).AsUInt64();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Plus(Vector512<ulong> a, Vector512<ulong> b) => a + b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<ulong> Twice(Vector512<ulong> a) => a + a;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(Vector512<ulong> words, ref ulong to) => words.StoreUnsafe(ref to);
    }

    /// <summary>Four columns.</summary>
    private readonly struct Avx2Bits : IBits<Vector256<ulong>>
    {
        public static int Lanes => Vector256<ulong>.Count;

        public static Vector256<ulong> NibbleOnes =>
            Vector256
                .Create(
                    (ReadOnlySpan<byte>)
                        [0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4]
                )
                .AsUInt64();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<ulong> Both(ref ulong words, ulong word) =>
            Vector256.LoadUnsafe(ref words) & Vector256.Create(word);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<ulong> Add(ref Vector256<ulong> sum, Vector256<ulong> a, Vector256<ulong> b)
        {
            Vector256<ulong> one = a ^ b,
                carry = (a & b) | (sum & one);
            sum ^= one;
            return carry;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<ulong> PopCount(Vector256<ulong> words, Vector256<ulong> table)
        {
            var nibble = Vector256.Create((byte)0xF);
            Vector256<byte> ones =
                Avx2.Shuffle(table.AsByte(), words.AsByte() & nibble)
                + Avx2.Shuffle(table.AsByte(), (words >>> 4).AsByte() & nibble);
            return Avx2.SumAbsoluteDifferences(ones, Vector256<byte>.Zero).AsUInt64();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<ulong> Plus(Vector256<ulong> a, Vector256<ulong> b) => a + b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<ulong> Twice(Vector256<ulong> a) => a + a;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(Vector256<ulong> words, ref ulong to) => words.StoreUnsafe(ref to);
    }

    /// <summary>One column, on any machine.</summary>
    private readonly struct WordBits : IBits<ulong>
    {
        public static int Lanes => 1;

        public static ulong Both(ref ulong words, ulong word) => words & word;

        public static ulong Add(ref ulong sum, ulong a, ulong b)
        {
            ulong one = a ^ b,
                carry = (a & b) | (sum & one);
            sum ^= one;
            return carry;
        }

        public static ulong NibbleOnes => 0;

        public static ulong PopCount(ulong words, ulong table) => (ulong)BitOperations.PopCount(words);

        public static ulong Plus(ulong a, ulong b) => a + b;

        public static ulong Twice(ulong a) => a + a;

        public static void Store(ulong words, ref ulong to) => to = words;
    }
}
