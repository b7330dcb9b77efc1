using Parquet.Meta;

namespace Pipelines.Stages.Storage;

/// <summary>
/// What must hold of a column chunk before the library decodes it: its pages lie in the file, their counts add up,
/// their announced sizes are possible, and checksums (CRC-32, where the writer gave them) are right. The library checks
/// none of this, and allocates what a damaged header announces.
/// </summary>
internal static class ParquetPages
{
    /// <summary>Uncompressed bytes that a page may announce whatever its compressed size.</summary>
    private const int HarmlessPage = 16 << 20;

    /// <summary>Values of lists that a column chunk may announce whatever the file's size.</summary>
    private const long MostListValues = 1 << 20;

    /// <summary>
    /// Beyond <see cref="HarmlessPage"/>: deflate, the densest of the codecs we meet, does not pass 1032.
    /// </summary>
    private const long MostRatio = 1100;

    private static readonly uint[] CrcTable =
    [
        .. Enumerable
            .Range(0, 256)
            .Select(i =>
                Enumerable.Range(0, 8).Aggregate((uint)i, (c, _) => (c & 1) != 0 ? (c >> 1) ^ 0xEDB88320 : c >> 1)
            ),
    ];

    /// <summary>Checks a chunk; throws <see cref="InvalidDataException"/> with the reason.</summary>
    /// <param name="stream">The file; its position is kept.</param>
    /// <param name="chunk">What the footer says of the chunk.</param>
    /// <param name="rows">Rows of the row group: the values a flat column must have.</param>
    /// <param name="isList">Whether a row may have several values; one that has none counts as one.</param>
    /// <returns>The chunk's values, nulls included.</returns>
    public static int Check(Stream stream, ColumnChunk chunk, int rows, bool isList = false)
    {
        var meta = chunk.MetaData ?? throw new InvalidDataException("the footer does not describe it");
        long start = meta.DictionaryPageOffset is > 0 and var dictionary
            ? Math.Min(dictionary, meta.DataPageOffset)
            : meta.DataPageOffset;
        if (start < 4 || meta.TotalCompressedSize < 0 || meta.TotalCompressedSize > stream.Length - 8 - start)
        {
            throw new InvalidDataException("its pages lie outside the file");
        }

        if (isList ? !MayHave(meta.NumValues, rows, stream.Length) : meta.NumValues != rows)
        {
            throw new InvalidDataException($"the footer says {meta.NumValues} values for {rows} rows");
        }

        long position = stream.Position;
        stream.Position = start;
        var bytes = new byte[meta.TotalCompressedSize];
        stream.ReadExactly(bytes);
        stream.Position = position;
        CheckPages(bytes, meta, (int)meta.NumValues, isList);
        return (int)meta.NumValues;
    }

    /// <summary>Levels are packed, so that few bytes may be many values: within reason.</summary>
    private static bool MayHave(long values, int rows, long fileBytes) =>
        values >= rows && values <= Math.Min(Math.Max(MostListValues, 4 * fileBytes), int.MaxValue / 8);

    private static void CheckPages(ReadOnlySpan<byte> chunk, ColumnMetaData meta, int rows, bool isList)
    {
        long values = 0;
        while (values < rows)
        {
            var header = PageHeader.Read(ref chunk);
            if (header.Version2 && isList)
            {
                throw new InvalidDataException("lists in data pages of version 2 are not supported");
            }

            if (header.CompressedSize < 0 || header.CompressedSize > chunk.Length)
            {
                throw new InvalidDataException("a page reaches beyond its column");
            }

            if (
                header.UncompressedSize < 0
                || (
                    header.UncompressedSize > HarmlessPage
                    && header.UncompressedSize > MostRatio * header.CompressedSize
                )
            )
            {
                throw new InvalidDataException(
                    $"a page of {header.CompressedSize} bytes announces {header.UncompressedSize} uncompressed ones"
                );
            }

            if (header.Crc is { } crc && Crc32(chunk[..header.CompressedSize]) != (uint)crc)
            {
                throw new InvalidDataException("the checksum of a page is wrong");
            }

            if (
                header.DictionaryValues < 0
                || header.DictionaryValues > header.UncompressedSize
                || header.DataValues < 0
                || header.DataValues > rows - values
            )
            {
                throw new InvalidDataException("a page announces more values than it can hold");
            }

            if (
                meta.Codec == CompressionCodec.SNAPPY
                && !header.Version2
                && header.UncompressedSize > 0
                && new ThriftCompact(chunk).VarInt() != (ulong)header.UncompressedSize
            )
            {
                throw new InvalidDataException("a page announces two different sizes");
            }

            if (!CanHold(header.Encoding, meta.Type))
            {
                throw new InvalidDataException(
                    $"a page of {meta.Type} values is said to be encoded as {header.Encoding}"
                );
            }

            if (header.Version2 && meta.Type == Parquet.Meta.Type.BOOLEAN)
            {
                throw new InvalidDataException("booleans in data pages of version 2 are not supported");
            }

            values += header.DataValues;
            chunk = chunk[header.CompressedSize..];
        }
    }

    /// <summary>
    /// Whether values of a type can be so encoded (parquet.thrift, Encoding). The library does not ask: it takes the
    /// numbers of an integer encoding for addresses of texts, and the process ends.
    /// </summary>
    private static bool CanHold(Encoding encoding, Parquet.Meta.Type type) =>
        encoding switch
        {
            Encoding.PLAIN or Encoding.PLAIN_DICTIONARY or Encoding.RLE_DICTIONARY => true,
            Encoding.RLE => type == Parquet.Meta.Type.BOOLEAN,
            Encoding.DELTA_BINARY_PACKED => type is Parquet.Meta.Type.INT32 or Parquet.Meta.Type.INT64,
            Encoding.DELTA_LENGTH_BYTE_ARRAY => type == Parquet.Meta.Type.BYTE_ARRAY,
            Encoding.DELTA_BYTE_ARRAY => type is Parquet.Meta.Type.BYTE_ARRAY or Parquet.Meta.Type.FIXED_LEN_BYTE_ARRAY,
            Encoding.BYTE_STREAM_SPLIT => type
                is not (Parquet.Meta.Type.BOOLEAN or Parquet.Meta.Type.INT96 or Parquet.Meta.Type.BYTE_ARRAY),
            _ => false,
        };

    /// <summary>CRC-32 as in gzip.</summary>
    private static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        uint crc = ~0u;
        foreach (byte b in bytes)
        {
            crc = CrcTable[(byte)crc ^ b] ^ (crc >> 8);
        }

        return ~crc;
    }

    /// <summary>
    /// The fields of a page header that are checked (parquet.thrift, PageHeader; Thrift's compact protocol).
    /// </summary>
    private record struct PageHeader(
        int UncompressedSize,
        int CompressedSize,
        int? Crc,
        int DataValues,
        int DictionaryValues,
        Encoding Encoding,
        bool Version2
    )
    {
        /// <summary>Reads a header and moves <paramref name="bytes"/> behind it.</summary>
        public static PageHeader Read(ref ReadOnlySpan<byte> bytes)
        {
            var chunk = new ThriftCompact(bytes);
            var thrift = new ThriftCompact(chunk.TakeStruct(ThriftShape.PageHeader));
            bytes = chunk.Rest;
            var header = default(PageHeader);
            for (int field = 0; thrift.Next(ref field, out var type);)
            {
                switch (field)
                {
                    case 2:
                        header.UncompressedSize = thrift.Int();
                        break;
                    case 3:
                        header.CompressedSize = thrift.Int();
                        break;
                    case 4:
                        header.Crc = thrift.Int();
                        break;
                    case 5 or 8: // data page, data page v2
                        header.Version2 = field == 8;
                        (header.DataValues, header.Encoding) = ValuesAndEncoding(
                            ref thrift,
                            encodingField: header.Version2 ? 4 : 2
                        );
                        break;
                    case 7: // dictionary page
                        (header.DictionaryValues, header.Encoding) = ValuesAndEncoding(ref thrift, encodingField: 2);
                        break;
                    default:
                        thrift.Skip(type);
                        break;
                }
            }

            return header;
        }

        /// <summary>num_values, field 1 of each kind of page, and encoding.</summary>
        private static (int Values, Encoding Encoding) ValuesAndEncoding(ref ThriftCompact thrift, int encodingField)
        {
            int values = 0,
                encoding = 0;
            for (int field = 0; thrift.Next(ref field, out var type);)
            {
                if (field == 1)
                {
                    values = thrift.Int();
                }
                else if (field == encodingField)
                {
                    encoding = thrift.Int();
                }
                else
                {
                    thrift.Skip(type);
                }
            }

            return (values, (Encoding)encoding);
        }
    }
}
