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
            "A difference is that of a run less A, paired: over the samples that are also A's. Intervals: 95 %, bootstrap "
                + "over samples. Two runs alone are compared in full: curves, tokens, sample by sample."
        );
    }

    private static string Table(ComparisonTable table) => PageSections.Table(table.Columns, table.Rows);
}

/// <summary>Where beta of each run lies above that of the first.</summary>
[Figure("beta-differences", Section.Heads, Paper = "Fig. 2", Order = 1)]
internal sealed class ManyBetaFigure : IFigure<ManyRuns>
{
    /// <summary>The figure; null where no run's beta can be compared with the first's.</summary>
    public static Drawing? Of(ManyRuns runs)
    {
        (string Name, BetaComparison Beta)[] compared =
        [
            .. runs
                .Others.Select((other, i) => ($"{ManyRuns.Letter(i + 1)} − A", other.FirstFit?.Beta))
                .Where(c => c.Item2 is not null)
                .Select(c => (c.Item1, c.Item2!)),
        ];
        if (compared.Length == 0)
        {
            return null;
        }

        var (layers, heads) = (compared[0].Beta.Layers, compared[0].Beta.Heads);
        (string Name, double[] Difference)[] panels = [.. compared.Select(c => (c.Name, c.Beta.Difference))];
        var farthest = panels.MaxBy(p => p.Difference.Max(Math.Abs));
        int n = Array.FindIndex(farthest.Difference, d => Math.Abs(d) == farthest.Difference.Max(Math.Abs));
        return new Drawing(
            "β of each run less β of A",
            $"The largest difference is {Signed(farthest.Difference[n], 3)}, in {farthest.Name} at layer "
                + $"{Count(n / heads)} head {Count(n % heads)}.",
            $"Mean β of a run less that of A. Orange: the head carries more than in A. The scale is common and runs up "
                + $"to {Beta(BetaDifferences.Most(panels.Select(p => p.Difference)))}, {BetaDifferences.Clipped}.",
            new FigureTable(
                ["runs", "layer", "head", "difference"],
                [
                    .. panels.SelectMany(p =>
                        p.Difference.Select((d, i) => (IReadOnlyList<object?>)[p.Name, i / heads, i % heads, d])
                    ),
                ]
            ),
            canvas => BetaDifferences.Draw(canvas, layers, heads, panels)
        );
    }
}
