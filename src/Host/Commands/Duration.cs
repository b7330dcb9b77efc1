using System.CommandLine.Parsing;
using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Host.Running.Slurm;

namespace Pipelines.Host.Commands;

/// <summary>
/// A time as people write it on a command line: <c>90s</c>, <c>10min</c>, <c>2h</c>, or as for Slurm, <c>4:00:00</c>,
/// where a number alone is minutes.
/// </summary>
internal static class Duration
{
    private static readonly (string Unit, TimeSpan Length)[] Units =
    [
        ("min", TimeSpan.FromMinutes(1)),
        ("s", TimeSpan.FromSeconds(1)),
        ("m", TimeSpan.FromMinutes(1)),
        ("h", TimeSpan.FromHours(1)),
        ("d", TimeSpan.FromDays(1)),
    ];

    /// <summary>Reads an option's value; what is none, or out of bounds, is an error of the command line.</summary>
    /// <param name="option">The option.</param>
    /// <param name="result">Its value.</param>
    /// <param name="least">The least that is allowed.</param>
    /// <param name="most">The most; null = whatever can be written.</param>
    public static TimeSpan? Parse(string option, ArgumentResult result, TimeSpan least, TimeSpan? most = null)
    {
        string text = string.Concat(result.Tokens.Select(t => t.Value));
        if (Of(text) is not { } time)
        {
            result.AddError($"{option}: '{text}' is no time: write 150s, 10min or 2h, or {SlurmTime.Allowed}.");
            return null;
        }

        if (time < least || time > most)
        {
            string bound = time < least ? $"at least {ForPeople(least)}" : $"at most {ForPeople(most!.Value)}";
            result.AddError($"{option}: {text} is out of bounds: {bound}.");
        }

        return time;
    }

    /// <summary>A time as <see cref="Parse"/> reads it, in whole seconds.</summary>
    public static string Words(TimeSpan time) => Invariant.Text($"{time.TotalSeconds:0}s");

    /// <summary>A time in the largest unit that it is a whole number of.</summary>
    private static string ForPeople(TimeSpan time)
    {
        var (unit, length) = Units.OrderByDescending(u => u.Length).First(u => time.Ticks % u.Length.Ticks == 0);
        return Invariant.Text($"{time / length:0}{unit}");
    }

    /// <summary>The time that a text means; null where it is something else.</summary>
    internal static TimeSpan? Of(string text)
    {
        var (unit, length) = Array.Find(Units, u => text.EndsWith(u.Unit, StringComparison.Ordinal));
        if (unit is null)
        {
            return SlurmTime.Parse(text);
        }

        return
            double.TryParse(
                text.AsSpan(0, text.Length - unit.Length).Trim(),
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out double number
            )
            && number <= SlurmTime.Longest / length
            ? number * length
            : null;
    }
}
