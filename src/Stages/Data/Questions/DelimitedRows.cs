using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Questions;

/// <summary>A CSV or TSV with a header line: fields of any length, quoted line feeds, a blank line is none.</summary>
internal sealed class DelimitedRows : RowSource
{
    private readonly TextPool pool;
    private readonly string[] columns;
    private readonly char separator;

    /// <summary>Reads the header.</summary>
    /// <exception cref="InputException">The file is missing, or its header cannot be used.</exception>
    public DelimitedRows(string file, TextPool pool)
        : base(file)
    {
        this.pool = pool;
        using FileStream stream = OpenText();
        separator = SeparatorOf(stream);
        using var parser = Parser(new CountingReader(stream, file), separator, damaged: null);
        string[] header = Next(parser, 0) ? [.. parser.Record!.Select(name => name.Trim())] : [];
        columns = Checked(header);
    }

    /// <inheritdoc/>
    public override string Kind => separator == '\t' ? "TSV" : "CSV";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns => columns;

    /// <inheritdoc/>
    public override IEnumerable<RawRow> Rows(IReadOnlyList<WantedColumn> wanted)
    {
        int[] places = [.. wanted.Select(w => Array.IndexOf(columns, w.Name))];
        using FileStream stream = OpenText();
        var reader = new CountingReader(stream, File);
        var damaged = new List<string>();
        using var parser = Parser(reader, separator, damaged.Add);
        Next(parser, 0);
        long start = reader.ByteAt(parser.CharCount);
        for (long number = 1; Next(parser, number); number++)
        {
            long end = reader.ByteAt(parser.CharCount);
            yield return Row(parser, damaged, number, wanted, places, start, end - start);
            start = end;
        }
    }

    /// <summary>The field of one record.</summary>
    /// <param name="record">The record's bytes.</param>
    /// <param name="separator">Between fields.</param>
    /// <param name="place">Of the field, from 0.</param>
    public static string Field(byte[] record, char separator, int place)
    {
        using var parser = Parser(new StreamReader(new MemoryStream(record)), separator, damaged: null);
        return parser.Read() && place < parser.Count ? parser[place] : "";
    }

    private RawRow Row(
        CsvParser parser,
        List<string> damaged,
        long number,
        IReadOnlyList<WantedColumn> wanted,
        int[] places,
        long start,
        long length
    )
    {
        var cells = new Cell[wanted.Count];
        damaged.Clear();
        _ = parser[parser.Count - 1]; // a quote that is never closed takes all that follows into the last field
        RefuseOpenQuote(damaged, number);
        if (parser.Count != columns.Length)
        {
            return new RawRow(number, cells)
            {
                Unreadable = Invariant.Text($"it has {parser.Count} fields where the header has {columns.Length}"),
            };
        }

        for (int i = 0; i < places.Length; i++)
        {
            if (places[i] >= 0)
            {
                string text = parser[places[i]];
                cells[i] =
                    text.Length == 0 ? Cell.Missing
                    : wanted[i].IsPicture && EmbeddedText.IsLong(text.Length)
                        ? Cell.Of(
                            new DelimitedPicture(File, number, start, (int)length, separator, places[i])
                            {
                                Pictures = EmbeddedText.Count(text),
                            }
                        )
                    : Cell.Of(pool.Of(text));
            }
        }

        bool isDamaged = damaged.Exists(field => field.StartsWith('"'));
        return new RawRow(number, cells)
        {
            Unreadable = isDamaged ? "text follows a closing quote; one inside a quoted text is written twice" : null,
        };
    }

    /// <summary>A quote that is opened and never closed: what it has swallowed may be rows.</summary>
    private void RefuseOpenQuote(List<string> damaged, long number)
    {
        foreach (string field in damaged)
        {
            bool inQuotes = false;
            for (int i = 0; i < field.Length && field[0] == '"'; i++)
            {
                inQuotes ^= field[i] == '"';
            }

            if (inQuotes)
            {
                throw Error(number, "a quote is opened and never closed.", "Mend the file, or get it again.");
            }
        }
    }

    private bool Next(CsvParser parser, long number)
    {
        try
        {
            return parser.Read();
        }
        catch (CsvHelperException e)
        {
            string what =
                e is MaxFieldSizeException
                    ? "a field is too long, its quote is perhaps never closed."
                    : "cannot be read.";
            throw Error(number, what, "Mend the file, or get it again.", e);
        }
    }

    /// <summary>
    /// A parser. Quotes in the middle of a field that does not begin with one are characters like others, as pandas has
    /// it.
    /// </summary>
    /// <param name="reader">What it reads.</param>
    /// <param name="separator">Between fields.</param>
    /// <param name="damaged">Told of fields with quotes in wrong places, as they stand in the file.</param>
    private static CsvParser Parser(TextReader reader, char separator, Action<string>? damaged) =>
        new(
            reader,
            new CsvConfiguration(CultureInfo.InvariantCulture)
            {
                Delimiter = separator.ToString(),
                Mode = CsvMode.RFC4180,
                IgnoreBlankLines = true,
                DetectDelimiter = false,
                BadDataFound = bad => damaged?.Invoke(bad.Field),
                MaxFieldSize = JsonScanner.LongestRow,
                BufferSize = 1 << 15,
                ProcessFieldBufferSize = 1 << 12,
            }
        );

    private FileStream OpenText()
    {
        FileStream stream = QuestionFiles.Open(File);
        Span<byte> start = stackalloc byte[256];
        int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        try
        {
            OtherFormats.Refuse(start[..read], File, "CSV or TSV");
        }
        catch (InputException)
        {
            stream.Dispose();
            throw;
        }

        stream.Position = start.StartsWith("\uFEFF"u8) ? 3 : 0;
        return stream;
    }

    /// <summary>The tab where the first line has one, else the comma.</summary>
    private static char SeparatorOf(FileStream stream)
    {
        long before = stream.Position;
        byte[] start = new byte[1 << 14];
        int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        stream.Position = before;
        var line = start.AsSpan(0, read);
        line = line.IndexOfAny((byte)'\n', (byte)'\r') is > 0 and var end ? line[..end] : line;
        return line.Contains((byte)'\t') ? '\t' : ',';
    }

    private string[] Checked(string[] header)
    {
        string where = $"{File}:1";
        if (header is [var line] && line.Contains(';', StringComparison.Ordinal))
        {
            throw new InputException(where, "semicolons are found between names of columns, commas are expected.");
        }

        if (header.Length == 0)
        {
            throw new InputException(File, "has no line.", "The first line names the columns.");
        }

        return
            header.GroupBy(n => n, StringComparer.Ordinal).FirstOrDefault(g => g.Key.Length > 0 && g.Count() > 1)
                is { } twice
            ? throw new InputException(where, $"the column '{twice.Key}' stands there twice.", "Take one out.")
            : header;
    }
}

/// <summary>A text in base64 in a CSV or TSV.</summary>
/// <param name="File">The file.</param>
/// <param name="Row">Row in it.</param>
/// <param name="Offset">First byte of the record.</param>
/// <param name="Length">Bytes of the record.</param>
/// <param name="Separator">Between fields.</param>
/// <param name="Place">Of the field in the record, from 0.</param>
internal sealed record DelimitedPicture(string File, long Row, long Offset, int Length, char Separator, int Place)
    : EmbeddedPicture(File, Row)
{
    /// <inheritdoc/>
    public override byte[] Read()
    {
        byte[] record = Part(Offset, Length);
        try
        {
            return Decoded(DelimitedRows.Field(record, Separator, Place));
        }
        catch (CsvHelperException e)
        {
            throw Error("the row is not what it was when the file was read.", e);
        }
    }
}
