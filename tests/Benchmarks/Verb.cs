using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Pipelines.Models.Tensors;

namespace Pipelines.Benchmarks;

/// <summary>What every verb is told.</summary>
/// <param name="Threads">Threads of ours and of its peers.</param>
/// <param name="Rounds">Rounds that count; the least of each way is shown.</param>
internal sealed record Setting(int Threads, int Rounds);

/// <summary>What a verb found.</summary>
/// <param name="Title">What was measured, on which sizes.</param>
/// <param name="Rows">The results.</param>
/// <param name="Notes">What the reader must know of them.</param>
internal sealed record Finding(string Title, IReadOnlyList<Row> Rows, params string[] Notes);

/// <summary>A verb that measures, with the options that all have, and how it shows what it found.</summary>
internal static class Verb
{
    private static readonly JsonSerializerOptions Layout = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The command.</summary>
    /// <param name="name">What it is called by.</param>
    /// <param name="description">What it measures, and beside what.</param>
    /// <param name="options">Its own.</param>
    /// <param name="measure">Does it.</param>
    /// <param name="once">It is too long to be repeated: no rounds.</param>
    public static Command Of(
        string name,
        string description,
        IEnumerable<Option> options,
        Func<ParseResult, Setting, Finding> measure,
        bool once = false
    )
    {
        Option<int> threads = Number("--threads", "Threads of ours and its peers.", Processors.Read().Threads),
            rounds = Number("--rounds", "Rounds; each way's least is shown.", 3);
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var markdown = new Option<bool>("--markdown") { Description = "Print a table of docs/benchmarks.md." };
        var command = new Command(name, description);
        Option[] shared = once ? [threads, json, markdown] : [threads, rounds, json, markdown];
        foreach (Option option in options.Concat(shared))
        {
            command.Add(option);
        }

        command.SetAction(parsed =>
        {
            var setting = new Setting(parsed.GetValue(threads), once ? 1 : parsed.GetValue(rounds));
            Machine machine = Machine.Now(setting.Threads);
            Finding found = measure(parsed, setting);
            Console.WriteLine(
                parsed.GetValue(json) ? Json(name, machine, setting, found)
                : parsed.GetValue(markdown) ? Markdown(machine, found)
                : Text(machine, found)
            );
        });
        return command;
    }

    /// <summary><c>table</c>: other verbs with their defaults, each in a process of its own, one after the
    /// other.</summary>
    public static Command Table(IEnumerable<Command> verbs)
    {
        string[] names = [.. verbs.Select(v => v.Name)];
        var command = new Command("table", $"The tables of docs/benchmarks.md: {string.Join(", ", names)}.");
        command.SetAction(_ =>
        {
            foreach (string name in names)
            {
                using Process process = Process.Start(
                    "dotnet",
                    [typeof(Verb).Assembly.Location, name, "--markdown"]
                );
                process.WaitForExit();
                if (process.ExitCode != 0)
                {
                    return process.ExitCode;
                }

                Console.WriteLine();
            }

            return 0;
        });
        return command;
    }

    /// <summary>A whole number above 0.</summary>
    public static Option<int> Number(string name, string description, int otherwise)
    {
        var option = new Option<int>(name)
        {
            Description = description,
            HelpName = "N",
            DefaultValueFactory = _ => otherwise,
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && (!int.TryParse(token.Value, out int value) || value < 1))
            {
                result.AddError($"{name} takes a whole number above 0, not '{token.Value}'.");
            }
        });
        return option;
    }

    private static string Json(string name, Machine machine, Setting setting, Finding found) =>
        JsonSerializer.Serialize(
            new
            {
                Verb = name,
                found.Title,
                machine,
                setting.Rounds,
                found.Rows,
                found.Notes,
            },
            Layout
        );

    private static string Markdown(Machine machine, Finding found)
    {
        static string Cell(double? value, string format) =>
            value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
        return string.Join(
            '\n',
            [
                $"**{found.Title}** ({machine})",
                "",
                "| what | way | ms | processor ms | rate | times ours | % of limit |",
                "|---|---|---|---|---|---|---|",
                .. found.Rows.Select(r =>
                    $"| {r.What} | {r.Way} | {Cell(r.Milliseconds, "0.00")} | {Cell(r.CpuMilliseconds, "0.00")} "
                    + $"| {Cell(r.Rate, "0.0")} {r.Unit} | {Cell(r.TimesOurs, "0.00")} "
                    + $"| {Cell(r.PercentOfLimit, "0")} |"
                ),
                .. found.Notes.Select(note => $"\n{note}"),
            ]
        );
    }

    /// <summary>A table for people.</summary>
    private static string Text(Machine machine, Finding found)
    {
        int what = found.Rows.Max(r => r.What.Length),
            way = found.Rows.Max(r => r.Way.Length);
        string Line(Row r) =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{r.What.PadRight(what)}  {r.Way.PadRight(way)}  {r.Milliseconds,10:0.000} "
                    + $"{r.CpuMilliseconds,10:0.000} {r.Rate,9:0.0} {r.Unit,-8} {r.TimesOurs,8:0.00} "
                    + $"{r.PercentOfLimit,8:0.0}"
            );
        return string.Join(
            '\n',
            [
                found.Title,
                machine.ToString(),
                $"{"".PadRight(what)}  {"".PadRight(way)}  {"ms",10} {"CPU ms",10} {"rate",9} {"",-8} {"of ours",8} "
                    + $"{"% limit",8}",
                .. found.Rows.Select(Line),
                .. found.Notes,
            ]
        );
    }
}
