using System.Globalization;
using System.Text;

namespace Pipelines.Models.Text.Templates;

/// <summary>Python's text: characters are code points; blanks, cases and quotes as its own str has them.</summary>
internal static class PythonText
{
    /// <summary>str.isspace of a character: also U+001C to U+001F, which .NET does not count.</summary>
    public static bool IsSpace(char c) =>
        c
            is (>= '\t' and <= '\r')
                or (>= '\x1c' and <= ' ')
                or '\x85'
                or '\xa0'
                or '\u1680'
                or (>= '\u2000' and <= '\u200a')
                or '\u2028'
                or '\u2029'
                or '\u202f'
                or '\u205f'
                or '\u3000';

    /// <summary>Number of code points.</summary>
    public static int Length(string text)
    {
        int length = 0;
        for (int i = 0; i < text.Length; i += Step(text, i))
        {
            length++;
        }

        return length;
    }

    /// <summary>The code points, each as a text.</summary>
    public static IEnumerable<object> Characters(string text)
    {
        for (int i = 0; i < text.Length; i += Step(text, i))
        {
            yield return text.Substring(i, Step(text, i));
        }
    }

    /// <summary>Order by code points.</summary>
    public static int Compare(string left, string right)
    {
        int i = 0,
            j = 0;
        while (i < left.Length && j < right.Length)
        {
            int a = Step(left, i) == 2 ? char.ConvertToUtf32(left, i) : left[i],
                b = Step(right, j) == 2 ? char.ConvertToUtf32(right, j) : right[j];
            if (a != b)
            {
                return a.CompareTo(b);
            }

            i += Step(left, i);
            j += Step(right, j);
        }

        return (left.Length - i).CompareTo(right.Length - j);
    }

    /// <summary>str.strip, lstrip, rstrip.</summary>
    /// <param name="text">The text.</param>
    /// <param name="characters">Which characters go; null = blanks.</param>
    /// <param name="start">At the start.</param>
    /// <param name="end">At the end.</param>
    public static string Strip(string text, string? characters, bool start = true, bool end = true)
    {
        if (characters is not null && characters.Any(char.IsSurrogate))
        {
            throw new PythonException("characters beyond the basic plane cannot be stripped", unsupported: true);
        }

        bool Goes(char c) => characters is null ? IsSpace(c) : characters.Contains(c, StringComparison.Ordinal);
        int from = 0,
            to = text.Length;
        while (start && from < to && Goes(text[from]))
        {
            from++;
        }

        while (end && to > from && Goes(text[to - 1]))
        {
            to--;
        }

        return text[from..to];
    }

    /// <summary>str.upper: ß and ligatures become several letters.</summary>
    public static string Upper(string text) =>
        Map(text, rune => Special(rune.Value) ?? Rune.ToUpperInvariant(rune).ToString());

    /// <summary>str.lower: a Σ at the end of a word becomes ς.</summary>
    public static string Lower(string text)
    {
        var lower = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i += Step(text, i))
        {
            if (text[i] == 'Σ')
            {
                lower.Append(EndsWord(text, i) ? 'ς' : 'σ');
            }
            else if (text[i] == 'İ')
            {
                lower.Append("i\u0307");
            }
            else if (Rune.TryGetRuneAt(text, i, out Rune rune))
            {
                lower.Append(Rune.ToLowerInvariant(rune).ToString());
            }
            else
            {
                lower.Append(text[i]);
            }
        }

        return lower.ToString();
    }

    /// <summary>str.capitalize: the first letter large, all others small.</summary>
    public static string Capitalize(string text)
    {
        if (text.Length == 0)
        {
            return text;
        }

        int first = Step(text, 0);
        string head = Upper(text[..first]),
            tail = Lower(text);
        return (head.Length > first ? head[..1] + Lower(head[1..]) : head)
            + tail[Math.Min(tail.Length, Lower(text[..first]).Length)..];
    }

    /// <summary>str.title: the first letter of every run of letters large, all others small.</summary>
    public static string Title(string text)
    {
        var title = new StringBuilder(text.Length);
        bool inside = false;
        foreach (string character in Characters(text).Cast<string>())
        {
            bool cased =
                Rune.TryGetRuneAt(character, 0, out Rune rune)
                && Rune.IsLetter(rune)
                && (Upper(character) != character || Lower(character) != character);
            title.Append(inside ? Lower(character) : Capitalize(character));
            inside = cased;
        }

        return title.ToString();
    }

    /// <summary>repr of a text, appended.</summary>
    public static void AppendQuoted(StringBuilder target, string text)
    {
        char quote =
            text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        target.Append(quote);
        for (int i = 0; i < text.Length; i += Step(text, i))
        {
            char c = text[i];
            if (c == quote || c == '\\')
            {
                target.Append('\\').Append(c);
            }
            else if (c is '\n')
            {
                target.Append("\\n");
            }
            else if (c is '\r')
            {
                target.Append("\\r");
            }
            else if (c is '\t')
            {
                target.Append("\\t");
            }
            else if (c is >= ' ' and < '\x7f')
            {
                target.Append(c);
            }
            else
            {
                AppendOther(target, text, i);
            }
        }

        target.Append(quote);
    }

    /// <summary>Length in UTF-16 of the code point at a place.</summary>
    public static int Step(string text, int at) =>
        char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;

    private static void AppendOther(StringBuilder target, string text, int at)
    {
        int code = Step(text, at) == 2 ? char.ConvertToUtf32(text, at) : text[at];
        bool prints =
            CharUnicodeInfo.GetUnicodeCategory(code)
            is not (
                UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.Surrogate
                or UnicodeCategory.PrivateUse
                or UnicodeCategory.OtherNotAssigned
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.SpaceSeparator
            );
        if (prints)
        {
            target.Append(text, at, Step(text, at));
        }
        else if (code <= 0xff)
        {
            target.Append(CultureInfo.InvariantCulture, $"\\x{code:x2}");
        }
        else if (code <= 0xffff)
        {
            target.Append(CultureInfo.InvariantCulture, $"\\u{code:x4}");
        }
        else
        {
            target.Append(CultureInfo.InvariantCulture, $"\\U{code:x8}");
        }
    }

    private static string Map(string text, Func<Rune, string> map)
    {
        if (text.All(char.IsAscii))
        {
            return text.ToUpperInvariant();
        }

        var mapped = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i += Step(text, i))
        {
            mapped.Append(Rune.TryGetRuneAt(text, i, out Rune rune) ? map(rune) : text[i].ToString());
        }

        return mapped.ToString();
    }

    /// <summary>Letters whose large form is several letters; those of Greek and Armenian are not known here.</summary>
    private static string? Special(int code) =>
        code switch
        {
            'ß' => "SS",
            0x149 => "\u02BCN",
            0x1F0 => "J\u030C",
            0xFB00 => "FF",
            0xFB01 => "FI",
            0xFB02 => "FL",
            0xFB03 => "FFI",
            0xFB04 => "FFL",
            0xFB05 or 0xFB06 => "ST",
            0x390
            or 0x3B0
            or 0x587
            or (>= 0x1E96 and <= 0x1E9A)
            or (>= 0x1F50 and <= 0x1FFC)
            or (>= 0xFB13 and <= 0xFB17) => throw new PythonException(
                $"the large form of '{char.ConvertFromUtf32(code)}' is not known here",
                unsupported: true
            ),
            _ => null,
        };

    private static bool EndsWord(string text, int at) =>
        at > 0 && char.IsLetter(text[at - 1]) && (at + 1 == text.Length || !char.IsLetter(text[at + 1]));
}
