using Pipelines.Stages.Reporting;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Comparison;

/// <summary>Several runs as one self-contained page. Its bytes depend on the comparison only.</summary>
public static class ManyRunsPage
{
    /// <summary>The page.</summary>
    public static string Html(ManyRuns runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        IReadOnlyList<Figure> figures = Figures.Of(runs);
        string names = string.Join(", ", runs.Runs.Select((r, i) => $"{ManyRuns.Letter(i)} is {r.Name}"));
        string settings = ManyRunsTable.Settings(runs) is { } differ
            ? $"<h3>Settings that differ</h3>\n{Table(differ)}"
            : "<p>All settings are the same.</p>\n";
        return HtmlPage.Of(
            $"{Many(runs.Runs.Count, "run")} side by side",
            "Runs side by side",
            $"{runs.First.Name} and {Many(runs.Others.Count, "other run")}",
            names,
            [
                new("summary", "Summary", Table(ManyRunsTable.Results(runs)) + settings, []),
                new(
                    "heads",
                    "Which heads",
                    string.Concat(figures.Select(PageSections.LoneFigureBlock))
                        + (ManyRunsTable.Cosines(runs) is { } cosines ? Table(cosines) : ""),
                    figures
                ),
            ],
            "A difference is that of a run less A, paired: over the samples that are also A's. Intervals: 95 %, "
                + "bootstrap over samples. Two runs alone are compared in full: curves, tokens, sample by sample."
        );
    }

    private static string Table(ComparisonTable table) => PageSections.Table(table.Columns, table.Rows);
}
