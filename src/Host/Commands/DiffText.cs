using Pipelines.Domain.Errors;
using Pipelines.Stages.Comparison;

namespace Pipelines.Host.Commands;

/// <summary>A comparison as text.</summary>
internal static class DiffText
{
    /// <summary>Prints it.</summary>
    public static void Print(RunComparison runs)
    {
        Console.WriteLine(Shown.Name(ComparisonSentences.Headline(runs)));
        Console.WriteLine();
        Show(
            new ComparisonTable(
                [("", false), ("run", false), ("model", false), ("folder", false)],
                [
                    ["A", runs.A.Name, runs.A.Model, runs.A.Folder],
                    ["B", runs.B.Name, runs.B.Model, runs.B.Folder],
                ]
            )
        );
        Show(ComparisonTable.Settings(runs));
        Show(ComparisonTable.Stages(runs));
        if (runs.Overlap is { } overlap)
        {
            Say(ComparisonSentences.Samples(overlap, runs.MeasureLogits), ComparisonTable.Samples(overlap));
        }

        foreach (FitComparison fit in runs.Fits)
        {
            Title(runs.Fits.Count, fit.A.Stage, fit.B.Stage);
            Say(ComparisonSentences.Fit(fit), ComparisonTable.Fit(fit));
            Say(ComparisonSentences.Beta(runs, fit), ComparisonTable.Beta(fit));
        }

        foreach (ScanComparison scan in runs.Scans)
        {
            Title(runs.Scans.Count, scan.A.Stage, scan.B.Stage);
            Say(ComparisonSentences.Needed(scan), ComparisonTable.Needed(scan));
            Say(ComparisonSentences.Curves(scan), ComparisonTable.Curves(scan));
        }

        foreach (TraceComparison trace in runs.Traces)
        {
            Title(runs.Traces.Count, trace.A.Stage, trace.B.Stage);
            Say(
                ComparisonSentences.Traces(trace, runs.MeasureLogits),
                [.. ComparisonTable.Traces(trace, runs.MeasureLogits)]
            );
        }

        if (runs.Tables.Count > 0)
        {
            Say(ComparisonSentences.Tables(runs), ComparisonTable.Tables(runs));
        }

        foreach (string sentence in runs.Unpaired)
        {
            Console.WriteLine(Shown.Name(sentence));
        }
    }

    /// <summary>Prints several runs against the first.</summary>
    public static void Print(ManyRuns runs)
    {
        Show(ManyRunsTable.Results(runs));
        Show(ManyRunsTable.Settings(runs));
        Show(ManyRunsTable.Cosines(runs));
        Console.WriteLine("diff A B compares two of them in full.");
    }

    private static void Title(int stages, string a, string b)
    {
        if (stages > 1)
        {
            Console.WriteLine($"== {ComparisonSentences.StageTitle(a, b)}");
        }
    }

    private static void Say(string sentence, params ComparisonTable?[] tables)
    {
        Console.WriteLine(Shown.Name(sentence));
        Array.ForEach(tables, Show);
    }

    private static void Show(ComparisonTable? table)
    {
        if (table is { Rows.Count: > 0 })
        {
            PlainTable.Print([.. table.Columns.Select(c => c.Title)], [.. table.Rows.Select(r => r.ToArray())]);
        }
        else if (table is null)
        {
            return;
        }

        if (!Console.IsOutputRedirected)
        {
            Console.WriteLine();
        }
    }
}
