using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Pipelines.Domain;

namespace Pipelines.Stages.Attribution;

/// <summary>
/// The design matrix X in {0,1}^(n x N), held by columns as bit vectors, eight columns side by side: row i of column j
/// is bit i%64 of word [j/8, i/64, j%8]. Words are padded with zeros to whole blocks of <see cref="PairCounts"/>.
/// </summary>
internal sealed class MaskColumns
{
    /// <summary>Columns of a panel.</summary>
    public const int PanelColumns = 8;

    private const int RowsOfWord = 64;

    private readonly ulong[] words; // [panels, W, 8]
    private readonly int width; // W

    private MaskColumns(ulong[] words, int width, int[] ones, int rows)
    {
        (this.words, this.width) = (words, width);
        Ones = ones;
        Rows = rows;
    }

    /// <summary>n.</summary>
    public int Rows { get; }

    /// <summary>N.</summary>
    public int Columns => Ones.Length;

    /// <summary>Number of ones in each column, [N].</summary>
    public int[] Ones { get; }

    /// <summary>Panels of eight columns; the last may be padded with columns of zeros.</summary>
    public int Panels => PanelsOf(Columns);

    /// <summary>Turns rows of bits (bit j%8, least significant first, of byte j/8) into columns.</summary>
    /// <param name="rows">Masks of ceil(N/8) bytes, no bit set beyond N.</param>
    /// <param name="columns">N.</param>
    public static MaskColumns Of(IEnumerable<byte[]> rows, int columns)
    {
        byte[][] all = [.. rows];
        int wrong = Array.FindIndex(all, row => row.Length != HeadMasks.Bytes(columns));
        if (wrong >= 0)
        {
            throw new ArgumentException(
                $"Row {wrong} has {all[wrong].Length} bytes; {columns} columns take {HeadMasks.Bytes(columns)}.",
                nameof(rows)
            );
        }

        int width = PairCounts.Padded((all.Length + RowsOfWord - 1) / RowsOfWord);
        var words = new ulong[(long)PanelsOf(columns) * width * PanelColumns];
        var ones = new int[columns];
        Span<ulong> square = stackalloc ulong[RowsOfWord];
        for (int w = 0; w * RowsOfWord < all.Length; w++)
        {
            for (int first = 0; first < columns; first += RowsOfWord)
            {
                for (int i = 0; i < RowsOfWord; i++)
                {
                    int row = (w * RowsOfWord) + i;
                    square[i] = row < all.Length ? Bits(all[row].AsSpan(first / 8)) : 0;
                }

                Transpose(square);
                for (int j = first; j < Math.Min(first + RowsOfWord, columns); j++)
                {
                    ulong word = square[j - first];
                    words[((((long)j / PanelColumns * width) + w) * PanelColumns) + (j % PanelColumns)] = word;
                    ones[j] += BitOperations.PopCount(word);
                }
            }
        }

        return new MaskColumns(words, width, ones, all.Length);
    }

    /// <summary>Eight columns, [W, 8].</summary>
    public ReadOnlySpan<ulong> Panel(int panel) => words.AsSpan(panel * width * PanelColumns, width * PanelColumns);

    /// <summary>For each column the sum of the values of the rows in which it is one, in row order.</summary>
    /// <param name="values">[n], finite.</param>
    /// <returns>[N].</returns>
    public double[] Sums(ReadOnlySpan<double> values)
    {
        var sums = new double[Panels * PanelColumns];
        for (int p = 0; p < Panels; p++)
        {
            var panel = Panel(p);
            // A zero is added where the bit is not set: sums start at +0, so this changes no bit of them.
            Vector256<double> low = Vector256<double>.Zero, // columns 0 to 3 of the panel
                high = Vector256<double>.Zero;
            int row = 0;
            while (row < values.Length)
            {
                var word = panel.Slice(row / RowsOfWord * PanelColumns, PanelColumns);
                Vector256<ulong> lowBits = Vector256.Create(word),
                    highBits = Vector256.Create(word[4..]);
                for (int end = Math.Min(row + RowsOfWord, values.Length); row < end; row++)
                {
                    var value = Vector256.Create(values[row]).AsUInt64();
                    low += (value & AllOrNone(lowBits)).AsDouble();
                    high += (value & AllOrNone(highBits)).AsDouble();
                    lowBits >>>= 1;
                    highBits >>>= 1;
                }
            }

            low.CopyTo(sums, p * PanelColumns);
            high.CopyTo(sums, (p * PanelColumns) + 4);
        }

        return sums[..Columns];
    }

    /// <summary>All ones where the lowest bit is set, else zero.</summary>
    private static Vector256<ulong> AllOrNone(Vector256<ulong> bits) =>
        Vector256<ulong>.Zero - (bits & Vector256<ulong>.One);

    private static int PanelsOf(int columns) => (columns + PanelColumns - 1) / PanelColumns;

    /// <summary>The first 64 bits of a row, zeros behind its end.</summary>
    private static ulong Bits(ReadOnlySpan<byte> row)
    {
        if (row.Length >= sizeof(ulong))
        {
            return MemoryMarshal.Read<ulong>(row);
        }

        ulong bits = 0;
        for (int b = 0; b < row.Length; b++)
        {
            bits |= (ulong)row[b] << (8 * b);
        }

        return bits;
    }

    /// <summary>
    /// Bit c of word r becomes bit r of word c: squares off the diagonal change places, ever smaller.
    /// </summary>
    /// <param name="square">[64].</param>
    private static void Transpose(Span<ulong> square)
    {
        ulong low = uint.MaxValue; // the lower half of each square of 2 * size
        for (int size = RowsOfWord / 2; size > 0; size /= 2, low ^= low << size)
        {
            for (int r = 0; r < RowsOfWord; r = (r + size + 1) & ~size) // rows of upper halves
            {
                ulong differ = ((square[r] >> size) ^ square[r + size]) & low;
                square[r] ^= differ << size;
                square[r + size] ^= differ;
            }
        }
    }
}
