using Pipelines.Domain.Errors;
using Spectre.Console;

namespace Pipelines.Host.Commands;

/// <summary>A table for a person: with borders on a terminal, with blanks where output goes to a file.</summary>
internal static class PlainTable
{
    /// <summary>Prints rows under their column names.</summary>
    public static void Print(IReadOnlyList<string> columns, IReadOnlyList<string[]> rows)
    {
        rows = [.. rows.Select(row => row.Select(Shown.Name).ToArray())];
        if (Console.IsOutputRedirected)
        {
            int[] widths = [.. columns.Select((c, i) => Math.Max(c.Length, rows.Max(r => r[i].Length)))];
            foreach (IReadOnlyList<string> row in rows.Prepend([.. columns]))
            {
                Console.WriteLine(
                    "  " + string.Join("  ", row.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd()
                );
            }

            Console.WriteLine();
            return;
        }

        var table = new Table().Border(TableBorder.Rounded);
        foreach (string column in columns)
        {
            table.AddColumn(Markup.Escape(column));
        }

        foreach (string[] row in rows)
        {
            table.AddRow([.. row.Select(cell => cell == "FAILED" ? "[red bold]FAILED[/]" : Markup.Escape(cell))]);
        }

        AnsiConsole.Write(table);
    }
}
