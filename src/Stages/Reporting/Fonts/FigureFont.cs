using System.Globalization;
using System.Text;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// The font of every drawing, shipped with the program (DejaVu Sans Condensed: narrow, and with the letters of most
/// scripts, which tokens need). What is measured here is what page, SVG, PNG and PDF show, on any machine.
/// </summary>
internal static class FigureFont
{
    /// <summary>Its name.</summary>
    public const string Family = "DejaVu Sans Condensed";

    /// <summary>Where a character is missing: no font that a machine falls back to is wider.</summary>
    private const double Missing = 1;

    private const string Ellipsis = "…";

    /// <summary>For text.</summary>
    public static FontFace Regular { get; } = Read("DejaVuSansCondensed.ttf");

    /// <summary>For headings.</summary>
    public static FontFace Bold { get; } = Read("DejaVuSansCondensed-Bold.ttf");

    /// <summary>Width of a line of text, in the unit of <paramref name="size"/>.</summary>
    public static double Width(string text, double size = 12, bool bold = false)
    {
        FontFace face = bold ? Bold : Regular;
        double width = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            width +=
                face.Has(rune.Value) ? (double)face.MetricsOf(face.GlyphOf(rune.Value)).Advance / face.UnitsPerEm
                : IsMark(rune) ? 0
                : Missing;
        }

        return size * width;
    }

    /// <summary>The text in pieces: what the font has, and each character alone that it lacks.</summary>
    public static IEnumerable<(string Text, bool IsMissing)> Pieces(string text, bool bold)
    {
        FontFace face = bold ? Bold : Regular;
        var known = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (face.Has(rune.Value))
            {
                known.Append(rune.ToString());
            }
            else if (!IsMark(rune))
            {
                if (known.Length > 0)
                {
                    yield return (known.ToString(), false);
                }

                known.Clear();
                yield return (rune.ToString(), true);
            }
        }

        if (known.Length > 0)
        {
            yield return (known.ToString(), false);
        }
    }

    /// <summary>The text, cut with an ellipsis where it is wider than its room; a character always stays.</summary>
    public static string Fit(string text, double room, double size = 12, bool bold = false)
    {
        if (Width(text, size, bold) <= room)
        {
            return text;
        }

        double left = room - Width(Ellipsis, size, bold);
        var kept = new StringBuilder();
        foreach (string letter in Letters(text)) // never half a letter with its accents
        {
            left -= Width(letter, size, bold);
            if (left < 0 && kept.Length > 0)
            {
                break;
            }

            kept.Append(letter);
        }

        return kept.ToString().TrimEnd() + Ellipsis;
    }

    /// <summary>The rules of a style sheet that carry the font, with the characters of some texts alone.</summary>
    public static string Rules(IEnumerable<(string Text, bool IsBold)> texts)
    {
        var shown = texts.ToLookup(t => t.IsBold, t => t.Text);
        return Rule(Regular, "100 500", shown[false]) + Rule(Bold, "600 900", shown[true]);
    }

    /// <summary>The characters of texts, in order.</summary>
    public static IReadOnlyList<int> Characters(IEnumerable<string> texts) =>
        [.. texts.SelectMany(t => t.EnumerateRunes()).Select(r => r.Value).Distinct().Order()];

    private static string Rule(FontFace face, string weights, IEnumerable<string> texts)
    {
        IReadOnlyList<int> characters = Characters(texts);
        return characters.Count == 0
            ? ""
            : $"@font-face{{font-family:\"{Family}\";font-weight:{weights};src:url(data:font/ttf;base64,"
                + $"{Convert.ToBase64String(FontSubset.Of(face, characters))})}}\n";
    }

    private static bool IsMark(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.Format;

    private static IEnumerable<string> Letters(string text)
    {
        TextElementEnumerator letters = StringInfo.GetTextElementEnumerator(text);
        while (letters.MoveNext())
        {
            yield return letters.GetTextElement();
        }
    }

    private static FontFace Read(string name) => new(PageFile.Bytes("Fonts/" + name));
}
