using System.Globalization;
using System.Text;

namespace Pipelines.Spec.Reading;

/// <summary>A text that a value comes from: the file, or an override of the command line.</summary>
/// <param name="Name">As errors show it.</param>
/// <param name="Text">Its text; excerpts are taken from it.</param>
/// <param name="HasLines">False for an override: its errors carry no line and column.</param>
internal sealed record SpecSource(string Name, string Text, bool HasLines = true)
{
    private const int Widest = 120;

    /// <summary>What an empty file lacks.</summary>
    public string WhenEmpty { get; init; } = "a spec begins with 'name:', 'model:', 'data:' and 'stages:'";

    private readonly Lazy<string[]> lines = new(() => Text.ReplaceLineEndings("\n").Split('\n'));

    /// <summary>The lines without their ends.</summary>
    public IReadOnlyList<string> Lines => lines.Value;

    /// <summary>
    /// The line that <paramref name="line"/> and <paramref name="column"/> point at with a caret below; cut around the
    /// caret where it is long.
    /// </summary>
    public string Excerpt(int line, int column)
    {
        if (!HasLines || line < 1 || line > Lines.Count || string.IsNullOrWhiteSpace(Lines[line - 1]))
        {
            return "";
        }

        string all = Lines[line - 1];
        int caret = Math.Clamp(column - 1, 0, all.Length);
        int start = all.Length <= Widest ? 0 : Math.Clamp(caret - (Widest / 2), 0, all.Length - Widest);
        string shown = Printable(all.Substring(start, Math.Min(Widest, all.Length - start)).TrimEnd());
        string margin = $"{line,5} | ";
        return $"{margin}{shown}\n{new string(' ', margin.Length - 2)}| {new string(' ', caret - start)}^";
    }

    /// <summary>Nothing that is shown may steer a terminal or break a line.</summary>
    public static string Printable(string text)
    {
        var shown = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool hidden =
                Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.Control
                    or UnicodeCategory.Format
                    or UnicodeCategory.LineSeparator
                    or UnicodeCategory.ParagraphSeparator;
            shown.Append(
                rune.Value == '\t' ? " "
                : hidden ? "\u00B7"
                : rune.ToString()
            );
        }
        return shown.ToString();
    }
}

/// <summary>Where a value stands.</summary>
internal readonly record struct SourceMark(SpecSource Source, int Line, int Column);
