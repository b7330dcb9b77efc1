using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>
/// A matrix as <c>numpy.load</c> reads it: format 1.0, float64, little-endian, rows one after the other.
/// </summary>
public static class NpyFile
{
    /// <summary>The data begin at a multiple of it, so that the file can be mapped into memory.</summary>
    private const int Alignment = 64;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0];

    /// <summary>Writes a matrix.</summary>
    /// <param name="path">Target, replaced at once.</param>
    /// <param name="rows">Of the same length each.</param>
    /// <param name="columns">Length of a row.</param>
    public static void Write(string path, IReadOnlyList<double[]> rows, int columns)
    {
        ArgumentNullException.ThrowIfNull(rows);
        byte[] header = Header(rows.Count, columns);
        byte[] line = new byte[columns * sizeof(double)];
        AtomicFile.Write(
            path,
            stream =>
            {
                stream.Write(header);
                foreach (double[] row in rows)
                {
                    if (row.Length != columns)
                    {
                        throw new ArgumentException($"a row has {row.Length} numbers, not {columns}", nameof(rows));
                    }

                    for (int i = 0; i < columns; i++)
                    {
                        BinaryPrimitives.WriteDoubleLittleEndian(line.AsSpan(i * sizeof(double)), row[i]);
                    }

                    stream.Write(line);
                }
            },
            flush: false
        );
    }

    /// <summary>Magic, version, length of the dictionary and the dictionary, a Python literal filled up with blanks.
    /// </summary>
    private static byte[] Header(int rows, int columns)
    {
        string shape = string.Create(CultureInfo.InvariantCulture, $"({rows}, {columns})"),
            dictionary = $"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}";
        int before = Magic.Length + sizeof(ushort),
            whole = (before + dictionary.Length + 1 + Alignment - 1) / Alignment * Alignment;
        byte[] header = new byte[whole];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(Magic.Length), (ushort)(whole - before));
        Encoding.ASCII.GetBytes(dictionary.PadRight(whole - before - 1) + "\n").CopyTo(header, before);
        return header;
    }
}
