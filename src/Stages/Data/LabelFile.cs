using System.Text;
using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Stages.Data;

/// <summary>What a picture shows.</summary>
/// <param name="Category">Category.</param>
/// <param name="SuperCategory">Super-category, or null.</param>
public sealed record Label(string Category, string? SuperCategory);

/// <summary>A line of a file of labels.</summary>
/// <param name="Line">Line in it, from 1, the header's.</param>
/// <param name="File">The picture, as the line names it.</param>
/// <param name="Label">What it shows.</param>
/// <param name="Question">What is asked about it, or null where all pictures are asked the same.</param>
internal sealed record LabelLine(int Line, string File, Label Label, string? Question);

/// <summary>
/// Reads labels from a CSV (RFC 4180, UTF-8) with a header line: columns <c>file</c> and <c>category</c>, optionally
/// <c>super_category</c> and <c>question</c>; no others. With a question a picture may have several lines, and its
/// category is the answer.
/// </summary>
internal static class LabelFile
{
    private const string FileColumn = "file",
        CategoryColumn = "category",
        SuperCategoryColumn = "super_category",
        QuestionColumn = "question";

    private static readonly string[] Columns = [FileColumn, CategoryColumn, SuperCategoryColumn, QuestionColumn];

    /// <summary>The labels in file order.</summary>
    /// <param name="path">The CSV.</param>
    /// <param name="nearest">Of some names the one that was probably meant by another, or null; proposed for a misspelt
    /// column.</param>
    /// <exception cref="InputException">The file is missing or damaged; names the line.</exception>
    public static IReadOnlyList<LabelLine> Read(string path, Func<string, IEnumerable<string>, string?>? nearest)
    {
        using IEnumerator<(int Line, string[] Fields)> rows = Rows(Text(path), path).GetEnumerator();
        string[] header = rows.MoveNext() ? [.. rows.Current.Fields.Select(f => f.Trim())] : [];
        RequireColumns(path, header, nearest);
        int file = Array.IndexOf(header, FileColumn),
            category = Array.IndexOf(header, CategoryColumn),
            super = Array.IndexOf(header, SuperCategoryColumn),
            question = Array.IndexOf(header, QuestionColumn);

        var labels = new List<LabelLine>();
        // Names as they are written, by the plain path and what is asked
        var named = new Dictionary<(string, string?), string>();
        while (rows.MoveNext())
        {
            (int line, string[] fields) = rows.Current;
            string where = Invariant.Text($"{path}:{line}");
            if (fields.Length != header.Length)
            {
                throw new InputException(
                    where,
                    Invariant.Text($"{header.Length} columns are expected, found {fields.Length}."),
                    OtherSeparator(fields) ?? "A text with a comma needs quotes."
                );
            }

            string name = fields[file].Trim();
            if (!PictureFolder.StaysBelow(name))
            {
                throw new InputException(where, $"'{name}' does not name a file below the picture folder.");
            }

            foreach (int column in ((int[])[category, super, question]).Where(c => c >= 0))
            {
                if (ControlCharacters.In(fields[column]) is { } control)
                {
                    throw new InputException(
                        where,
                        $"the {header[column]} of '{name}' holds {control}, which no answer has.",
                        "Take it out."
                    );
                }
            }

            if (string.IsNullOrWhiteSpace(fields[category]))
            {
                throw new InputException(
                    where,
                    $"'{name}' has no category.",
                    "Leave the line out where there is none."
                );
            }

            string? asked = question < 0 ? null : fields[question];
            if (asked is not null && string.IsNullOrWhiteSpace(asked))
            {
                throw new InputException(
                    where,
                    $"'{name}' has no question.",
                    "Every line has one where the file has the column."
                );
            }

            var once = (PictureFolder.Plain(name), asked);
            if (!named.TryAdd(once, name))
            {
                string first = named[once],
                    twice = asked is null ? "labelled" : "asked the same";
                throw new InputException(
                    where,
                    first == name ? $"'{name}' is {twice} twice." : $"'{name}' is {twice} twice: it is '{first}', too."
                );
            }

            string? wider = super >= 0 && fields[super].Trim() is { Length: > 0 } s ? s : null;
            labels.Add(new LabelLine(line, name, new Label(fields[category].Trim(), wider), asked));
        }

        return labels.Count > 0 ? labels : throw new InputException(path, "labels no picture.");
    }

    /// <summary>A column that nobody reads may be a misspelt one that somebody should have read.</summary>
    private static void RequireColumns(
        string path,
        string[] header,
        Func<string, IEnumerable<string>, string?>? nearest
    )
    {
        string where = $"{path}:1";
        string? unknown = Array.Find(header, name => !Columns.Contains(name));
        string hint =
            unknown is not null && nearest?.Invoke(unknown, Columns.Except(header)) is { } near
                ? $"Did you mean '{near}' in place of '{unknown}'?"
                : "";
        if (!header.Contains(FileColumn) || !header.Contains(CategoryColumn))
        {
            string expected =
                $"the columns '{FileColumn}' and '{CategoryColumn}' are expected in the first line, "
                + $"separated by commas.";
            string found = $"That line has {string.Join(" and ", header.Select(h => $"'{h}'"))}.";
            throw new InputException(where, expected, OtherSeparator(header) ?? (hint.Length > 0 ? hint : found));
        }

        if (unknown is not null)
        {
            string named =
                unknown.Length > 0
                    ? $"the column '{unknown}' is not known."
                    : $"column {Array.IndexOf(header, unknown) + 1} has no name.";
            string remedy =
                $"{hint} The columns are {FileColumn}, {CategoryColumn} and, where wanted, {SuperCategoryColumn} and "
                + $"{QuestionColumn}: take others out.";
            throw new InputException(where, named, remedy.TrimStart());
        }

        if (header.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new InputException(where, $"the column '{twice.Key}' stands there twice.", "Take one out.");
        }
    }

    /// <summary>
    /// That another character stands where commas are expected, as spreadsheets write it in many countries; null where
    /// the line is not in one piece.
    /// </summary>
    private static string? OtherSeparator(string[] fields) =>
        fields is not [var line] ? null
        : line.Contains(';', StringComparison.Ordinal) ? "Semicolons found, commas expected."
        : line.Contains('\t', StringComparison.Ordinal) ? "Tabs found, commas expected."
        : null;

    private static string Text(string path)
    {
        try
        {
            return RegularFile.ReadAllText(
                path,
                new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true)
            );
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException(path, "is not UTF-8 text.", "Save it as CSV in UTF-8.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(
                path,
                File.Exists(path) ? $"cannot be read: {e.Message}" : "this file of labels does not exist.",
                "Correct the path in the spec.",
                e
            );
        }
    }

    /// <summary>The records with the line each starts in; empty lines are passed over.</summary>
    private static IEnumerable<(int Line, string[] Fields)> Rows(string text, string path)
    {
        int at = 0,
            line = 1;
        while (at < text.Length)
        {
            int start = line;
            var fields = new List<string>();
            bool more = true;
            while (more)
            {
                fields.Add(Field(text, path, ref at, ref line));
                more = at < text.Length && text[at] == ',';
                if (more)
                {
                    at++;
                }
            }

            if (fields is not [""])
            {
                yield return (start, [.. fields]);
            }

            at += at + 1 < text.Length && text[at] == '\r' && text[at + 1] == '\n' ? 2 : 1;
            line++;
        }
    }

    /// <summary>One field; leaves <paramref name="at"/> on the comma or line end after it.</summary>
    private static string Field(string text, string path, ref int at, ref int line)
    {
        if (at >= text.Length || text[at] != '"')
        {
            int end = text.AsSpan(at).IndexOfAny(',', '\r', '\n') is >= 0 and int n ? at + n : text.Length;
            string plain = text[at..end];
            at = end;
            return plain;
        }

        int opened = line;
        var quoted = new StringBuilder();
        for (at++; at < text.Length; at++)
        {
            if (text[at] != '"')
            {
                line += text[at] == '\n' ? 1 : 0;
                quoted.Append(text[at]);
            }
            else if (at + 1 < text.Length && text[at + 1] == '"')
            {
                quoted.Append('"');
                at++;
            }
            else
            {
                at++;
                return at == text.Length || text[at] is ',' or '\r' or '\n'
                    ? quoted.ToString()
                    : throw new InputException(
                        Invariant.Text($"{path}:{line}"),
                        "text follows a closing quote.",
                        "A quote inside a quoted text is written twice."
                    );
            }
        }

        throw new InputException(Invariant.Text($"{path}:{opened}"), "a quote is opened and never closed.");
    }
}
