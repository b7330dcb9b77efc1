using System.CommandLine.Parsing;
using System.Globalization;
using Pipelines.Domain.Errors;

namespace Pipelines.Host.Commands;

/// <summary>A time as people write it on a command line: <c>90s</c>, <c>10min</c>, <c>2h</c>.</summary>
internal static class Duration
{
    /// <summary>No process that lives is silent for so long: its counter is raised four times a minute.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(2),
        Longest = TimeSpan.FromDays(7);

    private static readonly (string Unit, TimeSpan Length)[] Units =
    [
        ("min", TimeSpan.FromMinutes(1)),
        ("s", TimeSpan.FromSeconds(1)),
        ("m", TimeSpan.FromMinutes(1)),
        ("h", TimeSpan.FromHours(1)),
    ];

    /// <summary>Reads an option's value; what is none, or out of bounds, is an error of the command line.</summary>
    /// <param name="option">The option.</param>
    /// <param name="result">Its value.</param>
    public static TimeSpan? Parse(string option, ArgumentResult result)
    {
        string text = string.Concat(result.Tokens.Select(t => t.Value));
        if (Of(text) is not { } time)
        {
            result.AddError($"{option}: '{text}' is no time: write 150s, 10min or 2h.");
            return null;
        }

        if (time < Shortest || time > Longest)
        {
            result.AddError($"{option}: {text} is out of bounds: at least 2min, at most 168h.");
        }

        return time;
    }

    /// <summary>A time as <see cref="Parse"/> reads it, in whole seconds.</summary>
    public static string Words(TimeSpan time) => Invariant.Text($"{time.TotalSeconds:0}s");

    /// <summary>A number with its unit; null where it is something else.</summary>
    internal static TimeSpan? Of(string text)
    {
        var (unit, length) = Array.Find(Units, u => text.EndsWith(u.Unit, StringComparison.Ordinal));
        return
            unit is not null
            && double.TryParse(
                text.AsSpan(0, text.Length - unit.Length).Trim(),
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out double number
            )
            && number < Longest.TotalSeconds
            ? number * length
            : null;
    }
}
