using System.Globalization;
using System.Text.RegularExpressions;
using Pipelines.Spec.Shapes;

namespace Pipelines.Spec.Reading;

/// <summary>
/// Reads single values: numbers, choices, texts. Null where the value is wrong, which is then in the errors.
/// </summary>
internal sealed class Scalars(ErrorList errors)
{
    /// <summary>true or false.</summary>
    public object? Flag(YamlText text, string path)
    {
        if (!text.Quoted && text.Text is "true" or "True" or "TRUE")
        {
            return true;
        }

        if (!text.Quoted && text.Text is "false" or "False" or "FALSE")
        {
            return false;
        }

        string? near = text.Text.ToUpperInvariant() switch
        {
            "YES" or "ON" or "Y" or "1" or "TRUE" => "true",
            "NO" or "OFF" or "N" or "0" or "FALSE" => "false",
            _ => Nearest.To(text.Text, ["true", "false"]),
        };
        errors.Add(text.At, path, $"{Shown(text)} is not true or false", "true, false", near);
        return null;
    }

    /// <summary>An int within its bounds.</summary>
    /// <param name="text">Its text.</param>
    /// <param name="path">The field.</param>
    /// <param name="bounds">Null = any.</param>
    /// <param name="words">Words that might have stood there instead: for messages.</param>
    public object? Whole(
        YamlText text,
        string path,
        BetweenAttribute? bounds,
        IReadOnlyCollection<string>? words = null
    )
    {
        double least = bounds?.Least ?? int.MinValue,
            most = bounds?.Most ?? int.MaxValue;
        string allowed = string.Join(", ", [$"{Invariant(least)} to {Invariant(most)}", .. words ?? []]);
        bool isWhole = long.TryParse(
            text.Text,
            NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture,
            out long value
        );
        if (isWhole && !text.Quoted && value >= least && value <= most)
        {
            return (int)value;
        }

        if ((isWhole || IsWholeBeyondLong(text.Text)) && !text.Quoted)
        {
            errors.Add(text.At, path, $"{ErrorList.Quote(text.Text)} is out of range", allowed);
        }
        else
        {
            errors.Add(
                text.At,
                path,
                $"{Shown(text)} is not {string.Join(" or ", ["a whole number", .. words ?? []])}",
                allowed,
                NearNumber(text.Text, least, most, whole: true) ?? Nearest.To(text.Text, words ?? [])
            );
        }

        return null;
    }

    /// <summary>A finite double within its bounds.</summary>
    public object? Number(YamlText text, string path, BetweenAttribute? bounds)
    {
        double least = bounds?.Least ?? double.MinValue,
            most = bounds?.Most ?? double.MaxValue;
        string allowed = bounds is null ? "a finite number" : $"{Invariant(least)} to {Invariant(most)}";
        bool isNumber = TryNumber(text.Text, out double value);
        if (isNumber && !text.Quoted && value >= least && value <= most)
        {
            return value;
        }

        if (isNumber && !text.Quoted)
        {
            errors.Add(text.At, path, $"{ErrorList.Quote(text.Text)} is out of range", allowed);
        }
        else
        {
            errors.Add(
                text.At,
                path,
                $"{Shown(text)} is not a number",
                allowed,
                NearNumber(text.Text, least, most, whole: false)
            );
        }

        return null;
    }

    /// <summary>A member of an enum.</summary>
    /// <param name="choice">The words.</param>
    /// <param name="text">What stands there.</param>
    /// <param name="path">The field.</param>
    /// <param name="others">What may stand in a word's place, for the error.</param>
    public object? Choice(Shape.Choice choice, YamlText text, string path, params IEnumerable<string> others)
    {
        if (choice.Values.TryGetValue(text.Text, out Enum? value))
        {
            return value;
        }

        errors.Add(
            text.At,
            path,
            $"{ErrorList.Quote(text.Text)} is not a valid {path[(path.LastIndexOf('.') + 1)..]}",
            string.Join(", ", choice.Values.Keys.Concat(others)),
            Nearest.To(text.Text, choice.Values.Keys)
        );
        return null;
    }

    /// <summary>A text of the field's form.</summary>
    public string? Text(YamlText text, string path, FormAttribute? form)
    {
        if (!IsWellFormed(text.Text))
        {
            errors.Add(text.At, path, $"{ErrorList.Quote(text.Text)} holds half of a surrogate pair or a NUL");
            return null;
        }
        // In .NET '$' also matches before a last line break, which a block scalar leaves: the whole text must match.
        if (
            form is null
            || Regex.Match(text.Text, form.Regex, RegexOptions.CultureInvariant)
                is { Success: true, Length: var length }
                && length == text.Text.Length
        )
        {
            return text.Text;
        }

        errors.Add(
            text.At,
            path,
            $"{ErrorList.Quote(text.Text)} is not a valid {path[(path.LastIndexOf('.') + 1)..]}",
            form.Allowed,
            Nearest.To(text.Text, form.Words)
        );
        return null;
    }

    /// <summary>
    /// Whether a text can be written as UTF-8 and passed to the system: no half of a surrogate pair, no NUL.
    /// </summary>
    internal static bool IsWellFormed(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0')
            {
                return false;
            }

            if (!char.IsSurrogate(text[i]))
            {
                continue;
            }

            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
            {
                return false;
            }

            i++;
        }
        return true;
    }

    /// <summary>Decimal with a point, as JSON and YAML 1.2 write it; no infinities.</summary>
    private static bool TryNumber(string text, out double value) =>
        double.TryParse(
            text,
            NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture,
            out value
        ) && double.IsFinite(value);

    private static bool IsWholeBeyondLong(string text) =>
        text.Length > 1 && text.Skip(text[0] is '-' or '+' ? 1 : 0).All(char.IsAsciiDigit);

    /// <summary>
    /// The number that was probably meant: <c>10_000</c>, <c>1e4</c>, <c>"10"</c>, <c>75%</c>, <c>0,5</c>.
    /// </summary>
    private static string? NearNumber(string text, double least, double most, bool whole)
    {
        string plain = text.Trim()
            .Replace("_", "", StringComparison.Ordinal)
            .Replace(" ", "", StringComparison.Ordinal);
        bool percent = plain.EndsWith('%');
        if (percent)
        {
            plain = plain[..^1];
        }

        plain = whole ? plain.Replace(",", "", StringComparison.Ordinal) : plain.Replace(',', '.');
        if (!TryNumber(plain, out double value))
        {
            return null;
        }

        if (percent)
        {
            value /= 100;
        }

        bool fits = value >= least && value <= most && (!whole || value == Math.Floor(value));
        return fits ? Invariant(value) : null;
    }

    private static string Shown(YamlText text) =>
        text.Quoted ? $"the quoted text {ErrorList.Quote(text.Text)}" : ErrorList.Quote(text.Text);

    private static string Invariant(double value) =>
        value == Math.Floor(value) && Math.Abs(value) < 1e15
            ? value.ToString("F0", CultureInfo.InvariantCulture)
            : value.ToString(CultureInfo.InvariantCulture);
}
