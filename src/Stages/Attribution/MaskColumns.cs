using System.Numerics;
using Pipelines.Domain;

namespace Pipelines.Stages.Attribution;

/// <summary>
/// The design matrix X in {0,1}^(n x N), held by columns as bit vectors: row i of column j is bit i%64 of word i/64.
/// </summary>
internal sealed class MaskColumns
{
    private readonly ulong[] words; // [N, W]

    private MaskColumns(ulong[] words, int[] ones, int rows)
    {
        this.words = words;
        Ones = ones;
        Rows = rows;
    }

    /// <summary>n.</summary>
    public int Rows { get; }

    /// <summary>N.</summary>
    public int Columns => Ones.Length;

    /// <summary>Number of ones in each column, [N].</summary>
    public int[] Ones { get; }

    private int Width => (Rows + 63) / 64; // W

    /// <summary>Turns rows of bits (bit j%8, least significant first, of byte j/8) into columns.</summary>
    /// <param name="rows">Masks of ceil(N/8) bytes, no bit set beyond N.</param>
    /// <param name="columns">N.</param>
    public static MaskColumns Of(IEnumerable<byte[]> rows, int columns)
    {
        // 64 rows at a time: [block][N], then turned so that a column is contiguous.
        var blocks = new List<ulong[]>();
        int count = 0;
        foreach (var row in rows)
        {
            if (row.Length != HeadMasks.Bytes(columns))
            {
                throw new ArgumentException(
                    $"Row {count} has {row.Length} bytes; {columns} columns take {HeadMasks.Bytes(columns)}.",
                    nameof(rows)
                );
            }

            if (count % 64 == 0)
            {
                blocks.Add(new ulong[columns]);
            }

            var block = blocks[^1];
            ulong bit = 1UL << (count % 64);
            for (int b = 0; b < row.Length; b++)
            {
                for (uint left = row[b]; left != 0; left &= left - 1)
                {
                    block[(b * 8) + BitOperations.TrailingZeroCount(left)] |= bit;
                }
            }

            count++;
        }

        var words = new ulong[(long)columns * blocks.Count];
        var ones = new int[columns];
        for (int w = 0; w < blocks.Count; w++)
        {
            for (int j = 0; j < columns; j++)
            {
                words[((long)j * blocks.Count) + w] = blocks[w][j];
                ones[j] += BitOperations.PopCount(blocks[w][j]);
            }
        }

        return new MaskColumns(words, ones, count);
    }

    /// <summary>Rows in which both columns are one: x_i . x_j, exact.</summary>
    public int Both(int i, int j)
    {
        var a = Column(i);
        var b = Column(j);
        int count = 0;
        for (int w = 0; w < a.Length; w++)
        {
            count += BitOperations.PopCount(a[w] & b[w]);
        }

        return count;
    }

    /// <summary>
    /// Sum of <paramref name="values"/> over the rows in which column <paramref name="j"/> is one, in row order.
    /// </summary>
    /// <param name="j">Column.</param>
    /// <param name="values">[n].</param>
    public double Sum(int j, ReadOnlySpan<double> values)
    {
        double sum = 0;
        var column = Column(j);
        for (int w = 0; w < column.Length; w++)
        {
            for (ulong left = column[w]; left != 0; left &= left - 1)
            {
                sum += values[(w * 64) + BitOperations.TrailingZeroCount(left)];
            }
        }

        return sum;
    }

    private ReadOnlySpan<ulong> Column(int j) => words.AsSpan(j * Width, Width);
}
