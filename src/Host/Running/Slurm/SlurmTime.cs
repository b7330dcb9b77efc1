using System.Globalization;
using System.Text.RegularExpressions;

namespace Pipelines.Host.Running.Slurm;

/// <summary>Spans of time as Slurm writes them.</summary>
internal static class SlurmTime
{
    /// <summary>What a whole text matches.</summary>
    public const string Form = @"^([0-9]{1,6}(:[0-5]?[0-9]){0,2}|[0-9]{1,4}-[0-9]{1,2}(:[0-5]?[0-9]){0,2})$";

    /// <summary>The same in words.</summary>
    public const string Allowed =
        "minutes, hours:minutes:seconds, or days-hours:minutes:seconds: 90, 4:00:00, 1-12:00:00";

    /// <summary>More than any text of that form means.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(1_000_000);

    /// <summary>
    /// The span that a text means: minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes or
    /// days-hours:minutes:seconds. null where it is none of them, or no time at all.
    /// </summary>
    public static TimeSpan? Parse(string text)
    {
        if (!Regex.IsMatch(text, Form))
        {
            return null;
        }

        string[] days = text.Split('-');
        string[] parts = days[^1].Split(':');
        if (days.Length > 2 || parts.Length > 3)
        {
            return null;
        }

        var numbers = new List<int>();
        foreach (string part in days[..^1].Concat(parts))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                return null;
            }

            numbers.Add(number);
        }

        TimeSpan span = (days.Length, parts.Length) switch
        {
            (1, 1) => TimeSpan.FromMinutes(numbers[0]),
            (1, 2) => TimeSpan.FromMinutes(numbers[0]) + TimeSpan.FromSeconds(numbers[1]),
            (1, _) => Of(0, numbers),
            _ => Of(numbers[0], numbers[1..]),
        };
        return span > TimeSpan.Zero ? span : null;
    }

    /// <summary>A span of days and of hours, minutes and seconds, of which the last may be left out.</summary>
    private static TimeSpan Of(int days, List<int> parts) =>
        TimeSpan.FromDays(days)
        + TimeSpan.FromHours(parts[0])
        + TimeSpan.FromMinutes(parts.ElementAtOrDefault(1))
        + TimeSpan.FromSeconds(parts.ElementAtOrDefault(2));
}
