using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Stages;
using Pipelines.Stages.Units;
using Spectre.Console;

namespace Pipelines.Host.Commands;

/// <summary>What came out, in a few lines at the end of a run.</summary>
internal static class SummaryTable
{
    /// <summary>Prints the stages' summaries and where the report lies.</summary>
    public static void Print(Pipeline pipeline, Artifacts artifacts, string folder)
    {
        IReadOnlyList<SummaryRow> rows = [.. pipeline.Stages.SelectMany(s => s.Summary(artifacts))];
        string report = Path.Combine(folder, "report.html");
        if (File.Exists(report))
        {
            rows = [.. rows, new SummaryRow("report", report)];
        }

        rows = [.. rows, new SummaryRow("tables", Path.Combine(folder, "tables"))];
        rows = [.. rows.Select(r => new SummaryRow(Shown.Name(r.What), Shown.Name(r.Value)))];
        if (Console.IsOutputRedirected)
        {
            int width = rows.Max(r => r.What.Length);
            foreach (SummaryRow row in rows)
            {
                Console.WriteLine($"  {row.What.PadRight(width)}  {row.Value}");
            }

            return;
        }

        var table = new Table().Border(TableBorder.Rounded).HideHeaders().AddColumn("").AddColumn("");
        foreach (SummaryRow row in rows)
        {
            table.AddRow(Markup.Escape(row.What), Markup.Escape(row.Value));
        }

        AnsiConsole.Write(table);
    }
}
