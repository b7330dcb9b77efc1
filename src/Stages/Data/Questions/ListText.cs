using System.Globalization;
using System.Text;

namespace Pipelines.Stages.Data.Questions;

/// <summary>
/// Reads a list that is written as text, as Python prints it (<c>['red', "it's"]</c>) or JSON: texts in either kind of
/// quotes, numbers as they are written, None and null as nothing. Anything else is no list.
/// </summary>
internal static class ListText
{
    private const int MostItems = 100_000;

    /// <summary>Whether a text looks like a list: it is in brackets.</summary>
    public static bool Looks(string text)
    {
        ReadOnlySpan<char> trimmed = text.AsSpan().Trim();
        return trimmed.Length >= 2 && trimmed[0] == '[' && trimmed[^1] == ']';
    }

    /// <summary>The list's items, or null where the text is no list.</summary>
    public static IReadOnlyList<string?>? Read(string text)
    {
        if (!Looks(text))
        {
            return null;
        }

        ReadOnlySpan<char> rest = text.AsSpan().Trim()[1..^1].Trim();
        var items = new List<string?>();
        while (!rest.IsEmpty && items.Count < MostItems)
        {
            if (!Item(ref rest, out string? item))
            {
                return null;
            }

            items.Add(item);
            rest = rest.TrimStart();
            if (rest.IsEmpty)
            {
                return items;
            }

            if (rest[0] != ',')
            {
                return null; // ['a' 'b'], as numpy prints it, is one text to Python and two to a person
            }

            rest = rest[1..].TrimStart(); // a comma may end a list
        }

        return rest.IsEmpty ? items : null;
    }

    private static bool Item(ref ReadOnlySpan<char> rest, out string? item)
    {
        if (rest[0] is '\'' or '"')
        {
            return Quoted(ref rest, out item);
        }

        int end = rest.IndexOf(',') is >= 0 and var comma ? comma : rest.Length;
        string bare = rest[..end].TrimEnd().ToString();
        rest = rest[end..];
        item = bare is "None" or "null" ? null : bare;
        return item is null
            || bare is "True" or "False" or "true" or "false"
            || double.TryParse(bare, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
    }

    private static bool Quoted(ref ReadOnlySpan<char> rest, out string? item)
    {
        item = null;
        char quote = rest[0];
        var text = new StringBuilder();
        int at = 1;
        while (at < rest.Length && rest[at] != quote)
        {
            int plain = rest[at..].IndexOfAny(quote, '\\');
            if (plain != 0)
            {
                plain = plain < 0 ? rest.Length - at : plain;
                text.Append(rest.Slice(at, plain));
                at += plain;
            }
            else if (Escape(rest[at..], text) is > 0 and var length)
            {
                at += length;
            }
            else
            {
                return false;
            }
        }

        if (at >= rest.Length)
        {
            return false;
        }

        rest = rest[(at + 1)..];
        item = text.ToString();
        return true;
    }

    /// <summary>Reads an escape; its length, or 0 where it is none.</summary>
    private static int Escape(ReadOnlySpan<char> text, StringBuilder into)
    {
        if (text.Length < 2)
        {
            return 0;
        }

        int digits = text[1] switch
        {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if (digits > 0)
        {
            bool isNumber = uint.TryParse(
                text.Length >= 2 + digits ? text.Slice(2, digits) : default,
                NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture,
                out uint value
            );
            if (!isNumber || (value > 0xFFFF && !Rune.IsValid(value)))
            {
                return 0;
            }

            into.Append(value <= 0xFFFF ? ((char)value).ToString() : new Rune(value).ToString());
            return 2 + digits;
        }

        char? plain = text[1] switch
        {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\b',
            'f' => '\f',
            '\\' or '\'' or '"' or '/' => text[1],
            _ => null,
        };
        into.Append(plain);
        return plain is null ? 0 : 2;
    }
}
