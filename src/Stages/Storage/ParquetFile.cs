using System.Buffers.Binary;
using System.IO.Compression;
using Parquet;
using Parquet.Schema;
using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>
/// Reads and writes Parquet files of flat columns, one row group after the other. Writing is atomic (temporary file
/// beside the target, flush, rename) and gives the same bytes in every run; whatever is wrong with a file that is read
/// comes out as <see cref="InputException"/> naming path and column.
/// </summary>
internal static class ParquetFile
{
    /// <summary>Rows of a row group at most, when writing.</summary>
    public const int RowGroupRows = 1 << 16;

    /// <summary>
    /// A row group that is read may announce so many rows, or as many as the file has bytes: our own row groups are
    /// smaller, and a damaged footer must not make us allocate.
    /// </summary>
    private const long MostRowsPerGroup = 1 << 20;

    /// <summary>Writes a file.</summary>
    /// <param name="path">Target; replaced only when the new file is whole.</param>
    /// <param name="schema">Columns in order.</param>
    /// <param name="rows">Rows in all.</param>
    /// <param name="writeGroup">Writes every column of one row group in schema order: rows first .. first +
    /// count.</param>
    public static void Write(string path, ParquetSchema schema, int rows, Action<RowGroupTarget> writeGroup) =>
        AtomicFile.Write(path, stream =>
        {
            var options = new ParquetOptions
            {
                CompressionMethod = CompressionMethod.Snappy,
                CompressionLevel = CompressionLevel.Optimal,
            };
            var writer = Wait(ParquetWriter.CreateAsync(schema, stream, options));
            try
            {
                // A table without rows keeps one empty group, so that every reader finds its columns.
                for (int first = 0; first == 0 || first < rows; first += RowGroupRows)
                {
                    using var group = writer.CreateRowGroup();
                    writeGroup(new RowGroupTarget(group, first, Math.Min(RowGroupRows, rows - first)));
                    group.CompleteValidate();
                }
            }
            finally
            {
                writer.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }
        });

    /// <summary>Row groups that hold rows, in file order; each is valid until the next is asked for.</summary>
    /// <param name="path">A Parquet file.</param>
    /// <exception cref="InputException">The file is missing or no sound Parquet file.</exception>
    public static IEnumerable<RowGroupSource> Groups(string path)
    {
        using var stream = OpenChecked(path);
        var reader = Guard(path, null, () => Wait(ParquetReader.CreateAsync(stream)));
        try
        {
            var schema = Guard(path, null, () => reader.Schema);
            int groups = Guard(path, null, () => reader.RowGroupCount);
            for (int i = 0; i < groups; i++)
            {
                using var group = Guard(path, null, () => reader.OpenRowGroupReader(i));
                int rows = Guard(path, null, () => Rows(group, stream));
                if (rows > 0)
                {
                    yield return new RowGroupSource(path, stream, schema, group, rows);
                }
            }
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>Names and types of the columns.</summary>
    /// <param name="path">A Parquet file.</param>
    public static IReadOnlyList<DataField> Columns(string path) =>
        Footer(path, (reader, _) => reader.Schema.DataFields);

    /// <summary>Rows of a file, as its footer says.</summary>
    /// <param name="path">A Parquet file.</param>
    public static int RowCount(string path) =>
        Footer(path, (reader, stream) => reader.RowGroups.Sum(g => Rows(g, stream)));

    /// <summary>Part files of a folder, in name order (shards number their parts with leading zeros).</summary>
    /// <param name="folder">Folder with <c>*.parquet</c>.</param>
    public static IReadOnlyList<string> Parts(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new InputException(
                folder,
                "The folder does not exist.",
                "It should hold the part files of a table (*.parquet)."
            );
        }

        return [.. Directory.EnumerateFiles(folder, "*.parquet").Order(StringComparer.Ordinal)];
    }

    /// <summary>
    /// Runs <paramref name="read"/>; any failure but one of our own becomes an error that names path and column. The
    /// library throws what it happens to meet (null references, overflows, out of memory).
    /// </summary>
    internal static T Guard<T>(string path, string? column, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is not InputException)
        {
            throw Damaged(path, column, e.Message, e);
        }
    }

    internal static InputException Damaged(string path, string? column, string why, Exception? inner)
    {
        string what = column is null ? "is not a sound Parquet file" : $"column '{column}' cannot be read";
        string reason = why.ReplaceLineEndings(" ").TrimEnd('.', ' ');
        return new InputException(
            path,
            $"{what} ({reason}).",
            "Delete the file and run again: it is computed anew.",
            inner
        );
    }

    internal static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    internal static T Wait<T>(ValueTask<T> task) => task.AsTask().GetAwaiter().GetResult();

    internal static int Rows(ParquetRowGroupReader group, Stream stream) =>
        group.RowCount >= 0 && group.RowCount <= Math.Max(MostRowsPerGroup, stream.Length)
            ? (int)group.RowCount
            : throw new InvalidDataException(
                $"a row group announces {group.RowCount} rows in a file of {stream.Length} bytes"
            );

    private static T Footer<T>(string path, Func<ParquetReader, Stream, T> read)
    {
        using var stream = OpenChecked(path);
        return Guard(path, null, () =>
        {
            var reader = Wait(ParquetReader.CreateAsync(stream));
            try
            {
                return read(reader, stream);
            }
            finally
            {
                reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }
        });
    }

    internal static FileStream OpenChecked(string path)
    {
        FileStream stream;
        try
        {
            stream = RegularFile.Open(path, FileShare.Read | FileShare.Delete, 1 << 16);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(
                path,
                $"cannot be opened ({e.Message.TrimEnd('.')}).",
                "A Parquet file is expected here.",
                e
            );
        }

        if (FrameError(stream) is { } error)
        {
            stream.Dispose();
            throw Damaged(path, null, error, null);
        }

        return stream;
    }

    /// <summary>
    /// What is wrong with the frame, PAR1 ... footer, footer length, PAR1, or null: the library would allocate whatever
    /// length stands there, and may never come back from a damaged footer.
    /// </summary>
    private static string? FrameError(FileStream stream)
    {
        if (stream.Length < 12)
        {
            return $"it has {stream.Length} bytes";
        }

        Span<byte> head = stackalloc byte[4],
            tail = stackalloc byte[8];
        stream.ReadExactly(head);
        stream.Position = stream.Length - 8;
        stream.ReadExactly(tail);
        uint footer = BinaryPrimitives.ReadUInt32LittleEndian(tail);
        if (tail[4..].SequenceEqual("PARE"u8))
        {
            return "its footer is encrypted, which is not supported";
        }

        if (!head.SequenceEqual("PAR1"u8) || !tail[4..].SequenceEqual("PAR1"u8))
        {
            return "it does not begin and end with PAR1: it was cut short, or is another kind of file";
        }

        if (footer == 0 || footer > stream.Length - 12)
        {
            return $"its footer is said to have {footer} bytes";
        }

        var bytes = new byte[footer];
        stream.Position = stream.Length - 8 - footer;
        stream.ReadExactly(bytes);
        stream.Position = 0;
        return ThriftCompact.Conforms(bytes, ThriftShape.Footer) ? null : "its footer is damaged";
    }
}
