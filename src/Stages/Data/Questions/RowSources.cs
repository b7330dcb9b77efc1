using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Questions;

/// <summary>Opens a file by what it holds; where that is not plain, by its name.</summary>
internal static class RowSources
{
    private const int Looked = 512;

    /// <summary>The file's rows.</summary>
    /// <exception cref="InputException">It is missing, or of no kind that is read.</exception>
    public static RowSource Open(string file, TextPool pool)
    {
        byte[] start = Start(file);
        if (start.AsSpan().StartsWith("PAR1"u8))
        {
            return new ParquetRows(file, pool);
        }

        string ending = Path.GetExtension(file).ToLowerInvariant();
        switch (ending)
        {
            case ".parquet":
                OtherFormats.Refuse(start, file, "Parquet");
                return new ParquetRows(file, pool);
            case ".csv" or ".tsv":
                return new DelimitedRows(file, pool);
            case ".json" or ".jsonl" or ".ndjson":
                return new JsonRows(file, pool);
        }

        OtherFormats.Refuse(start, file, "JSON, JSONL, CSV, TSV or Parquet");
        var text = start.AsSpan().StartsWith("\uFEFF"u8) ? start.AsSpan(3) : start.AsSpan();
        return text.TrimStart(" \t\r\n"u8) is [(byte)'{' or (byte)'[', ..]
            ? new JsonRows(file, pool)
            : new DelimitedRows(file, pool);
    }

    private static byte[] Start(string file)
    {
        using FileStream stream = QuestionFiles.Open(file);
        byte[] start = new byte[Looked];
        try
        {
            int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
            return start[..read];
        }
        catch (IOException e)
        {
            throw new InputException(file, $"cannot be read: {e.Message}", inner: e);
        }
    }
}
