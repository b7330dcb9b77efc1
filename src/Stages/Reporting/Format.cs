using System.Globalization;
using System.Text;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Numbers and text as a person reads them, in terminal, page and comparison alike: invariant, with a true minus sign;
/// and escaping for XML and HTML. A kind of number has one function here, and all
/// of them round by one rule (<see cref="Fixed"/>), so that the same number never reads differently in two places.
/// </summary>
public static class Format
{
    /// <summary>What stands for a number that does not exist.</summary>
    public const string None = "–";

    private const int DigitsShown = 3,
        MostDecimals = 9,
        TickDigits = 4,
        MostTickDecimals = 12; // beyond these a tick is what a sum of steps leaves of zero

    private const double LongestSeconds = 1e10; // three centuries, which a TimeSpan holds

    private const double BeyondDigits = 1e15; // no digit behind the point is left of 15 significant ones

    /// <summary>A coordinate of a drawing: at most one decimal, never "-0".</summary>
    public static string Coordinate(double value)
    {
        string text = value.ToString("0.#", CultureInfo.InvariantCulture);
        return text == "-0" ? "0" : text;
    }

    /// <summary>A number with a fixed count of decimals, halves away from zero.</summary>
    /// <remarks>
    /// A half is one of the number that a table's cell shows (15 significant digits), not of the binary fraction
    /// behind it: a mean of 753 / 20 heads is 37.65 and reads 37.7. "N1" of the double gives 37.6,
    /// because its binary fraction lies just below, and "0.0" gives 37.7: the same number read differently in two
    /// places.
    /// </remarks>
    public static string Fixed(double value, int decimals) =>
        double.IsFinite(value) ? Minus(Rounded(value, decimals)) : None;

    /// <summary>
    /// A number among the values of a heat map, which ride in an attribute: rounded as <see cref="Fixed"/> does, but
    /// short, without closing zeros and with a plain "-", which the page's script writes as a minus sign.
    /// </summary>
    public static string CellValue(double value, int decimals)
    {
        if (!double.IsFinite(value))
        {
            return None;
        }

        string text = Rounded(value, decimals);
        return text.Contains('.', StringComparison.Ordinal) ? text.TrimEnd('0').TrimEnd('.') : text;
    }

    /// <summary>A sample's count of heads: one decimal where it has one (a mean over random orders).</summary>
    public static string Heads(double value) =>
        Math.Abs(value - Math.Round(value)) < 0.05 ? Fixed(value, 0) : Fixed(value, 1);

    /// <summary>
    /// Decimals of a column of numbers, so that all of them have one precision: three digits of the greatest, none of
    /// whole numbers.
    /// </summary>
    public static int DecimalsOf(IEnumerable<double> column)
    {
        double[] sizes = [.. column.Where(double.IsFinite).Select(Math.Abs)];
        double most = sizes.DefaultIfEmpty(0).Max();
        return most == 0 || Array.TrueForAll(sizes, v => v == Math.Round(v))
            ? 0
            : Math.Clamp(DigitsShown - 1 - (int)Math.Floor(Math.Log10(most)), 0, MostDecimals);
    }

    /// <summary>A mean count of heads over samples.</summary>
    public static string MeanHeads(double value) => Fixed(value, value < 100 ? 1 : 0);

    /// <summary>A number with its sign.</summary>
    public static string Signed(double value, int decimals)
    {
        string text = Fixed(value, decimals);
        return value > 0 && text.Any(c => c is > '0' and <= '9') ? "+" + text : text;
    }

    /// <summary>A quantity of a fit (R², ρ), a cosine, a correlation: as the paper's tables have it.</summary>
    public static string Score(double value) => Fixed(value, 2);

    /// <summary>
    /// What stands behind a number for the interval that it lies in, on one line with it; empty where there is none.
    /// </summary>
    /// <param name="low">Lower end.</param>
    /// <param name="high">Upper end.</param>
    /// <param name="number">How the number itself is written.</param>
    public static string Bracket(double low, double high, Func<double, string> number) =>
        double.IsFinite(low) && double.IsFinite(high) ? $"\u00a0[{number(low)},\u00a0{number(high)}]" : "";

    /// <summary>A coefficient: small ones keep a third decimal.</summary>
    public static string Beta(double value) => Fixed(value, Math.Abs(value) < 0.1 ? 3 : 2);

    /// <summary>A tick label: as short as it can be, to four digits or four decimals.</summary>
    public static string Tick(double value)
    {
        int decimals =
            value == 0 || !double.IsFinite(value)
                ? 0
                : Math.Clamp(
                    TickDigits - 1 - (int)Math.Floor(Math.Log10(Math.Abs(value))),
                    TickDigits,
                    MostTickDecimals
                );
        string text = value.ToString("0." + new string('#', decimals), CultureInfo.InvariantCulture);
        return Minus(text == "-0" ? "0" : text);
    }

    /// <summary>A rate a second: three digits, whole from a hundred on.</summary>
    public static string Rate(double perSecond) =>
        Fixed(
            perSecond,
            perSecond > 0 ? Math.Clamp(DigitsShown - 1 - (int)Math.Floor(Math.Log10(perSecond)), 0, MostDecimals) : 0
        );

    /// <summary>A time: 42 s, 3 min, 2 h 05 min, 3 d 4 h.</summary>
    public static string Duration(double seconds)
    {
        var time = TimeSpan.FromSeconds(double.IsNaN(seconds) ? 0 : Math.Clamp(seconds, 0, LongestSeconds));
        return time switch
        {
            { TotalSeconds: < 90 } => $"{Fixed(time.TotalSeconds, 0)} s",
            { TotalMinutes: < 90 } => $"{Fixed(time.TotalMinutes, 0)} min",
            { TotalDays: < 2 } => Invariant.Text($"{(int)time.TotalHours} h {time.Minutes:00} min"),
            _ => $"{Count((int)time.TotalDays)} d {Count(time.Hours)} h",
        };
    }

    /// <summary>A whole number with thin spaces between thousands.</summary>
    public static string Count(long value) => Fixed(value, 0);

    /// <summary>A share as a whole percentage.</summary>
    public static string Percent(double share) =>
        double.IsFinite(share) ? Fixed(100 * share, share is > 0 and < 0.01 ? 1 : 0) + "\u202f%" : None;

    /// <summary>A cell of a CSV file or of the data behind a figure: round-trip.</summary>
    public static string Exact(object? cell) =>
        cell switch
        {
            null => "",
            double value => value.ToString("R", CultureInfo.InvariantCulture),
            IFormattable value => value.ToString(null, CultureInfo.InvariantCulture),
            _ => cell.ToString() ?? "",
        };

    /// <summary>A noun with its count: "1 sample", "20 samples".</summary>
    public static string Many(int count, string noun) => $"{Count(count)} {noun}{(count == 1 ? "" : "s")}";

    /// <summary>What work is counted in, of one: "pass" of "passes".</summary>
    public static string One(string many) => many == "passes" ? "pass" : many.TrimEnd('s');

    /// <summary>
    /// A line of text for XML and HTML, in elements and in quoted attributes. What would turn, hide or break it is
    /// quoted (<see cref="Shown"/>).
    /// </summary>
    public static string Escape(string text) => Escaped(Shown.Name(text));

    /// <summary>Text of several lines, for tips; names in it are quoted where it is made.</summary>
    public static string EscapeLines(string text) => Escaped(Shown.Lines(text));

    private static string Escaped(string text)
    {
        var escaped = new StringBuilder(text.Length + 8);
        foreach (Rune rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '"' => escaped.Append("&quot;"),
                '\'' => escaped.Append("&#39;"),
                0xFFFE or 0xFFFF => escaped.Append('\uFFFD'), // XML 1.0 cannot hold them
                _ => escaped.Append(rune.ToString()),
            };
        }

        return escaped.ToString();
    }

    /// <summary>
    /// Text cut to a number of characters, with an ellipsis, for tables and terminals (drawings measure theirs). No
    /// letter is cut in two.
    /// </summary>
    public static string Cut(string text, int characters)
    {
        if (text.Length <= characters)
        {
            return text;
        }

        int kept = 0;
        for (
            int next = StringInfo.GetNextTextElementLength(text);
            kept == 0 || kept + next < characters;
            next = StringInfo.GetNextTextElementLength(text, kept)
        )
        {
            kept += next;
        }

        return kept == text.Length ? text : string.Concat(text.AsSpan(0, kept).TrimEnd(), "…"); // of one letter
    }

    /// <summary>A number that exists, with a plain "-"; zero has no sign.</summary>
    private static string Rounded(double value, int decimals)
    {
        string format = "N" + decimals.ToString(CultureInfo.InvariantCulture);
        string rounded =
            Math.Abs(value) < BeyondDigits
                ? Math.Round((decimal)value, decimals, MidpointRounding.AwayFromZero)
                    .ToString(format, CultureInfo.InvariantCulture)
                : value.ToString(format, CultureInfo.InvariantCulture);
        string text = rounded.Replace(",", "\u202f", StringComparison.Ordinal);
        return text.TrimStart('-').All(c => c is '0' or '.') ? text.TrimStart('-') : text;
    }

    private static string Minus(string text) => text.Replace('-', '\u2212');
}
