using System.Text;

namespace Pipelines.Models.Text.Templates;

/// <summary>
/// Methods of Python's str, list and dict that a template may call. Those that change a value are out of reach, as in
/// the immutable sandbox of transformers.
/// </summary>
internal static class PythonMethods
{
    private static readonly HashSet<string> OtherTextMethods = new(StringComparer.Ordinal)
    {
        "casefold",
        "encode",
        "expandtabs",
        "format",
        "format_map",
        "isascii",
        "isdecimal",
        "isidentifier",
        "isnumeric",
        "isprintable",
        "istitle",
        "maketrans",
        "translate",
    };

    private static readonly HashSet<string> NumberMembers = new(StringComparer.Ordinal)
    {
        "real",
        "imag",
        "numerator",
        "denominator",
        "conjugate",
        "bit_length",
        "bit_count",
        "is_integer",
        "as_integer_ratio",
        "hex",
        "to_bytes",
    };

    /// <summary>The method of a value, or null where it has none of this name.</summary>
    public static Callable? Of(object value, string name) =>
        value switch
        {
            string text when Text(text, name) is { } method => Checked(name, method),
            string when OtherTextMethods.Contains(name) => throw new PythonException(
                $"the method '{name}' of a text is not supported",
                unsupported: true
            ),
            bool or long or double when NumberMembers.Contains(name) => throw new PythonException(
                $"'{name}' of a number is not supported",
                unsupported: true
            ),
            PythonDict dict when Dictionary(dict, name) is { } method => Checked(name, method),
            PythonList or PythonTuple when Sequence((PythonSequence)value, name) is { } method => Checked(name, method),
            _ => null,
        };

    /// <summary>A method that refuses arguments which it does not take.</summary>
    private static Callable Checked(string name, Func<CallArguments, object> method) =>
        new(
            name,
            arguments =>
            {
                object result = method(arguments);
                arguments.RequireAllTaken();
                return result;
            }
        );

    private static Func<CallArguments, object>? Dictionary(PythonDict dict, string name) =>
        name switch
        {
            "get" => a =>
                a.Find(1, "default") is var otherwise && dict.Find(a.Required(0, "key")) is { } found
                    ? found
                    : otherwise ?? PythonNone.Value,
            "keys" => _ => new PythonView([.. dict.Keys]),
            "values" => _ => new PythonView([.. dict.Entries.Select(e => e.Value)]),
            "items" => _ => new PythonView([.. dict.Entries.Select(e => new PythonTuple([e.Key, e.Value]))]),
            "copy" => _ => dict,
            _ => null,
        };

    private static Func<CallArguments, object>? Sequence(PythonSequence sequence, string name) =>
        name switch
        {
            "count" => a =>
                a.Required(0, "value") is var value
                    ? (long)sequence.Items.Count(i => PythonObjects.AreEqual(i, value))
                    : 0L,
            "index" => a =>
                a.Required(0, "value") is var value
                && sequence.Items.ToList().FindIndex(i => PythonObjects.AreEqual(i, value)) is >= 0 and var place
                    ? (long)place
                    : throw new PythonException("the value is not in the list"),
            "copy" when sequence is PythonList => _ => sequence,
            _ => null,
        };

    private static Func<CallArguments, object>? Text(string text, string name) =>
        name switch
        {
            "upper" => _ => PythonText.Upper(text),
            "lower" => _ => PythonText.Lower(text),
            "capitalize" => _ => PythonText.Capitalize(text),
            "title" => _ => PythonText.Title(text),
            "swapcase" => _ =>
                string.Concat(
                    PythonText
                        .Characters(text)
                        .Cast<string>()
                        .Select(c => PythonText.Upper(c) == c ? PythonText.Lower(c) : PythonText.Upper(c))
                ),
            "strip" => a => PythonText.Strip(text, Characters(a)),
            "lstrip" => a => PythonText.Strip(text, Characters(a), end: false),
            "rstrip" => a => PythonText.Strip(text, Characters(a), start: false),
            "split" => a => Split(text, a, fromEnd: false),
            "rsplit" => a => Split(text, a, fromEnd: true),
            "splitlines" => a => Lines(text, a.Flag(0, "keepends")),
            "partition" => a => Partition(text, a.Text(0, "sep"), last: false),
            "rpartition" => a => Partition(text, a.Text(0, "sep"), last: true),
            "join" => a => Join(text, PythonObjects.Iterate(a.Required(0, "iterable"))),
            "replace" => a => Replace(text, a.Text(0, "old"), a.Text(1, "new"), a.Whole(2, "count", -1)),
            "startswith" => a => Affixes(a).Any(p => Part(text, a).StartsWith(p, StringComparison.Ordinal)),
            "endswith" => a => Affixes(a).Any(p => Part(text, a).EndsWith(p, StringComparison.Ordinal)),
            "removeprefix" => a =>
                text.StartsWith(a.Text(0, "prefix"), StringComparison.Ordinal)
                    ? text[a.Text(0, "prefix").Length..]
                    : text,
            "removesuffix" => a =>
                text.EndsWith(a.Text(0, "suffix"), StringComparison.Ordinal)
                    ? text[..^a.Text(0, "suffix").Length]
                    : text,
            "find" => a => Place(text, Part(text, a).IndexOf(a.Text(0, "sub"), StringComparison.Ordinal), a),
            "rfind" => a => Place(text, Part(text, a).LastIndexOf(a.Text(0, "sub"), StringComparison.Ordinal), a),
            "index" or "rindex" => a =>
                Place(
                    text,
                    name == "index"
                        ? Part(text, a).IndexOf(a.Text(0, "sub"), StringComparison.Ordinal)
                        : Part(text, a).LastIndexOf(a.Text(0, "sub"), StringComparison.Ordinal),
                    a
                )
                    is >= 0
                        and var place
                    ? place
                    : throw new PythonException("the part is not in the text"),
            "count" => a => Count(Part(text, a), a.Text(0, "sub")),
            "isalpha" => _ => All(text, Rune.IsLetter),
            "isalnum" => _ => All(text, r => Rune.IsLetterOrDigit(r) || Rune.IsNumber(r)),
            "isdigit" => _ => All(text, Rune.IsDigit),
            "isspace" => _ => text.Length > 0 && text.All(PythonText.IsSpace),
            "isupper" => _ => PythonText.Upper(text) == text && PythonText.Lower(text) != text,
            "islower" => _ => PythonText.Lower(text) == text && PythonText.Upper(text) != text,
            "center" or "ljust" or "rjust" => a =>
                Padded(text, name, a.Whole(0, "width", 0), a.Text(1, "fillchar", " ")),
            "zfill" => a =>
                text is ['+' or '-', ..]
                    ? text[0] + text[1..].PadLeft(Math.Max(1, Bounded(a.Whole(0, "width", 0))) - 1, '0')
                    : text.PadLeft(Bounded(a.Whole(0, "width", 0)), '0'),
            _ => null,
        };

    /// <summary>A text in which a part stands replaced.</summary>
    /// <param name="text">The text.</param>
    /// <param name="part">What is replaced; empty = every place between two characters.</param>
    /// <param name="by">What stands there afterwards.</param>
    /// <param name="most">How often; below 0 = always.</param>
    public static string Replace(string text, string part, string by, int most)
    {
        var replaced = new StringBuilder(text.Length);
        int at = 0;
        for (int done = 0; most < 0 || done < most; done++)
        {
            int found =
                part.Length == 0
                    ? (done <= PythonText.Length(text) ? at : -1)
                    : text.IndexOf(part, at, StringComparison.Ordinal);
            if (found < 0)
            {
                break;
            }

            replaced.Append(text, at, found - at).Append(by);
            RequireShort(replaced.Length);
            at = found + part.Length;
            if (part.Length > 0)
            {
                continue;
            }

            if (at >= text.Length)
            {
                break;
            }

            int step = PythonText.Step(text, at);
            replaced.Append(text, at, step);
            at += step;
        }

        return replaced.Append(text, at, text.Length - at).ToString();
    }

    /// <summary>Padding on both sides as str.center does it.</summary>
    public static string Padded(string text, string how, int width, string fill)
    {
        if (fill.Length != 1)
        {
            throw new PythonException("a text is padded with one character");
        }

        int missing = Bounded(width) - PythonText.Length(text);
        if (missing <= 0)
        {
            return text;
        }

        int left = how switch
        {
            "ljust" => 0,
            "rjust" => missing,
            _ => (missing / 2) + (missing & Bounded(width) & 1),
        };
        return new string(fill[0], left) + text + new string(fill[0], missing - left);
    }

    /// <summary>Items joined to one text.</summary>
    public static string Join(string separator, IEnumerable<object> items)
    {
        var joined = new StringBuilder();
        bool first = true;
        foreach (object item in items)
        {
            if (!first)
            {
                joined.Append(separator);
            }

            joined.Append(
                item as string
                    ?? throw new PythonException($"a {PythonObjects.TypeOf(item)} cannot be joined to a text")
            );
            RequireShort(joined.Length);
            first = false;
        }

        return joined.ToString();
    }

    private static int Bounded(int width) =>
        width <= JinjaBudget.MostCharacters
            ? Math.Max(0, width)
            : throw new PythonException("a text grows too long", unsupported: true);

    private static void RequireShort(int length)
    {
        if (length > JinjaBudget.MostCharacters)
        {
            throw new PythonException("a text grows too long", unsupported: true);
        }
    }

    private static string? Characters(CallArguments arguments) =>
        arguments.Find(0, "chars") is null or PythonNone ? null : arguments.Text(0, "chars");

    private static string[] Affixes(CallArguments arguments) =>
        arguments.Required(0, "prefix") switch
        {
            string one => [one],
            PythonTuple several =>
            [
                .. several.Items.Select(i => i as string ?? throw new PythonException($"'{arguments.Of}' wants texts")),
            ],
            _ => throw new PythonException($"'{arguments.Of}' wants a text"),
        };

    /// <summary>The text from the place that the second argument names; a third one is not supported.</summary>
    private static string Part(string text, CallArguments arguments)
    {
        if (arguments.Find(2, "end") is not null)
        {
            throw new PythonException($"'{arguments.Of}' with an end is not supported", unsupported: true);
        }

        return arguments.Find(1, "start") is null or PythonNone ? text : text[Start(text, arguments)..];
    }

    private static int Start(string text, CallArguments arguments)
    {
        int length = PythonText.Length(text),
            from = arguments.Whole(1, "start", 0);
        int characters = Math.Clamp(from < 0 ? from + length : from, 0, length),
            at = 0;
        while (characters-- > 0)
        {
            at += PythonText.Step(text, at);
        }

        return at;
    }

    private static long Place(string text, int found, CallArguments arguments)
    {
        if (found < 0)
        {
            return -1;
        }

        int start = arguments.Find(1, "start") is null or PythonNone ? 0 : Start(text, arguments);
        return PythonText.Length(text[..(start + found)]);
    }

    private static long Count(string text, string part)
    {
        if (part.Length == 0)
        {
            return PythonText.Length(text) + 1;
        }

        long count = 0;
        for (
            int at = text.IndexOf(part, StringComparison.Ordinal);
            at >= 0;
            at = text.IndexOf(part, at + part.Length, StringComparison.Ordinal)
        )
        {
            count++;
        }

        return count;
    }

    private static bool All(string text, Func<Rune, bool> has) => text.Length > 0 && text.EnumerateRunes().All(has);

    private static PythonTuple Partition(string text, string separator, bool last)
    {
        if (separator.Length == 0)
        {
            throw new PythonException("the separator is empty");
        }

        int at = last
            ? text.LastIndexOf(separator, StringComparison.Ordinal)
            : text.IndexOf(separator, StringComparison.Ordinal);
        if (at < 0)
        {
            return last ? new PythonTuple(["", "", text]) : new PythonTuple([text, "", ""]);
        }

        return new PythonTuple([text[..at], separator, text[(at + separator.Length)..]]);
    }

    private static PythonList Split(string text, CallArguments arguments, bool fromEnd)
    {
        string? separator = arguments.Find(0, "sep") is null or PythonNone ? null : arguments.Text(0, "sep");
        int most = arguments.Whole(1, "maxsplit", -1);
        if (separator is { Length: 0 })
        {
            throw new PythonException("the separator is empty");
        }

        List<string> parts = fromEnd ? FromEnd(text, separator, most) : FromStart(text, separator, most);
        return new PythonList([.. parts]);
    }

    private static List<string> FromStart(string text, string? separator, int most)
    {
        var parts = new List<string>();
        int at = 0;
        if (separator is not null)
        {
            for (
                int found;
                (most < 0 || parts.Count < most)
                    && (found = text.IndexOf(separator, at, StringComparison.Ordinal)) >= 0;
                at = found + separator.Length
            )
            {
                parts.Add(text[at..found]);
            }

            parts.Add(text[at..]);
            return parts;
        }

        while (true)
        {
            while (at < text.Length && PythonText.IsSpace(text[at]))
            {
                at++;
            }

            if (at == text.Length)
            {
                return parts;
            }

            if (most >= 0 && parts.Count == most)
            {
                parts.Add(text[at..]);
                return parts;
            }

            int start = at;
            while (at < text.Length && !PythonText.IsSpace(text[at]))
            {
                at++;
            }

            parts.Add(text[start..at]);
        }
    }

    private static List<string> FromEnd(string text, string? separator, int most)
    {
        var parts = new List<string>();
        int end = text.Length;
        if (separator is not null)
        {
            for (
                int found;
                (most < 0 || parts.Count < most)
                    && (found = text[..end].LastIndexOf(separator, StringComparison.Ordinal)) >= 0;
                end = found
            )
            {
                parts.Add(text[(found + separator.Length)..end]);
            }

            parts.Add(text[..end]);
            parts.Reverse();
            return parts;
        }

        while (true)
        {
            while (end > 0 && PythonText.IsSpace(text[end - 1]))
            {
                end--;
            }

            if (end == 0)
            {
                break;
            }

            if (most >= 0 && parts.Count == most)
            {
                parts.Add(text[..end]);
                break;
            }

            int last = end;
            while (end > 0 && !PythonText.IsSpace(text[end - 1]))
            {
                end--;
            }

            parts.Add(text[end..last]);
        }

        parts.Reverse();
        return parts;
    }

    /// <summary>str.splitlines.</summary>
    public static PythonList Lines(string text, bool keepEnds)
    {
        var lines = new List<object>();
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (
                text[i]
                is not ('\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029')
            )
            {
                continue;
            }

            int end = text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? i + 2 : i + 1;
            lines.Add(text[start..(keepEnds ? end : i)]);
            start = end;
            i = end - 1;
        }

        if (start < text.Length)
        {
            lines.Add(text[start..]);
        }

        return new PythonList(lines);
    }
}
