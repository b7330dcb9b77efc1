using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Stages;
using Pipelines.Stages.Units;
using Spectre.Console;

namespace Pipelines.Host.Commands;

/// <summary>
/// What came out, in a few lines at the end of a run. A table breaks what is longer than its column; paths stand below
/// it, where nothing does.
/// </summary>
internal static class SummaryTable
{
    /// <summary>Prints the stages' summaries and where the report lies.</summary>
    public static void Print(Pipeline pipeline, Artifacts artifacts, string folder)
    {
        IReadOnlyList<SummaryRow> rows = [.. pipeline.Stages.SelectMany(s => s.Summary(artifacts))];
        SummaryRow[] paths =
        [
            .. pipeline
                .Stages.OfType<WriteReport>()
                .Select(r => new SummaryRow(r.Name, Path.Combine(folder, r.PublishedPage))),
            new SummaryRow("tables", Path.Combine(folder, "tables")),
        ];
        if (Console.IsOutputRedirected)
        {
            WriteLines([.. rows, .. paths]);
            return;
        }

        WriteTable(rows, AnsiConsole.Console);
        WriteLines(paths);
    }

    /// <summary>Rows as a table for a terminal.</summary>
    internal static void WriteTable(IReadOnlyList<SummaryRow> rows, IAnsiConsole console)
    {
        if (rows.Count == 0)
        {
            return;
        }

        var table = new Table().Border(TableBorder.Rounded).HideHeaders().AddColumn("").AddColumn("");
        foreach (SummaryRow row in rows)
        {
            table.AddRow(Markup.Escape(Shown.Name(row.What)), Markup.Escape(Shown.Name(row.Value)));
        }

        console.Write(table);
    }

    private static void WriteLines(IReadOnlyList<SummaryRow> rows)
    {
        int width = rows.Max(r => Shown.Name(r.What).Length);
        foreach (SummaryRow row in rows)
        {
            Console.WriteLine($"  {Shown.Name(row.What).PadRight(width)}  {Shown.Name(row.Value)}");
        }
    }
}
