using Pipelines.Stages.Reporting;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Comparison;

/// <summary>The comparison as one self-contained page. Its bytes depend on the comparison only.</summary>
public static class ComparisonPage
{
    /// <summary>Name of the page.</summary>
    public const string PageName = "diff.html";

    private const int RowsShown = 500;

    /// <summary>The page.</summary>
    public static string Html(RunComparison runs)
    {
        var fits = runs.Fits.Select(f => (Fit: f, Stage: Suffix(runs.Fits.Count, f.A.Stage, f.B.Stage))).ToList();
        var scans = runs.Scans.Select(s => (Scan: s, Stage: Suffix(runs.Scans.Count, s.A.Stage, s.B.Stage))).ToList();
        var traces = runs
            .Traces.Select(t => (Trace: t, Stage: Suffix(runs.Traces.Count, t.A.Stage, t.B.Stage)))
            .ToList();
        PageSection[] sections =
        [
            new("summary", "Summary", Summary(runs), []),
            .. fits.Select(f =>
                Section(
                    $"heads{f.Stage.Id}",
                    $"Which heads{f.Stage.Title}",
                    Figures.Of(new ComparedFits(runs, f.Fit), f.Stage.Id),
                    f.Fit.Beta is null ? Paragraph(ComparisonSentences.Beta(runs, f.Fit)) : "",
                    Table(ComparisonTable.Beta(f.Fit))
                )
            ),
            .. scans.Select(s =>
                Section(
                    $"validation{s.Stage.Id}",
                    $"How many heads it takes{s.Stage.Title}",
                    Figures.Of(new ComparedScans(runs, s.Scan), s.Stage.Id),
                    Criteria(s.Scan),
                    Table(ComparisonTable.Needed(s.Scan))
                )
            ),
            .. fits.Select(f =>
                Section(
                    $"fit{f.Stage.Id}",
                    $"How well the regression fits{f.Stage.Title}",
                    [],
                    Paragraph(ComparisonSentences.Fit(f.Fit)) + Table(ComparisonTable.Fit(f.Fit)),
                    ""
                )
            ),
            .. traces.Select(t =>
                Section(
                    $"tokens{t.Stage.Id}",
                    $"Which tokens{t.Stage.Title}",
                    [],
                    Paragraph(ComparisonSentences.Traces(t.Trace, runs.MeasureLogits))
                        + string.Concat(ComparisonTable.Traces(t.Trace, runs.MeasureLogits).Select(Table)),
                    ""
                )
            ),
            new(
                "samples",
                "Samples",
                runs.Overlap is { } overlap
                    ? Paragraph(ComparisonSentences.Samples(overlap, runs.MeasureLogits))
                        + Table(ComparisonTable.Samples(overlap))
                        + string.Concat(fits.Select(f => Each(f.Fit, f.Stage.Title)))
                    : "",
                []
            ),
            new(
                "tables",
                "Tables",
                runs.Tables.Count > 0
                    ? Paragraph(ComparisonSentences.Tables(runs))
                        + (ComparisonTable.Tables(runs) is { } differ ? Table(differ) : "")
                    : "",
                []
            ),
            new("words", "Words", Words(runs), []),
        ];
        return HtmlPage.Of(
            $"{runs.A.Name} – {runs.B.Name}",
            "Two runs side by side",
            $"{runs.A.Name} – {runs.B.Name}",
            $"A is {runs.A.Name}, B is {runs.B.Name}",
            sections,
            "A difference is B − A, paired: over the samples that both runs have. Intervals: 95 %, bootstrap over "
                + "samples. Level: the interval of the difference holds 0."
        );
    }

    private static string Words(RunComparison runs)
    {
        string a = runs.A.Measures,
            b = runs.B.Measures;
        return PageSections.Words(a == b ? a : $"in A: {a}; in B: {b}", runs.MeasureLogits);
    }

    private static string Summary(RunComparison runs)
    {
        string settings = ComparisonTable.Settings(runs) is { } differ
            ? $"<h3>Settings that differ</h3>\n{Settings(differ)}"
            : "";
        string stages = ComparisonTable.Stages(runs) is { } only
            ? $"<h3>Stages that only one run has</h3>\n{Table(only)}"
            : "";
        return $"<p class=\"headline\">{Escape(ComparisonSentences.Headline(runs))}</p>\n"
            + "<div class=\"scroll\"><table><thead><tr><th></th><th>run</th><th>model</th><th>folder</th></tr></thead>"
            + $"<tbody>\n{Card("A", ComparisonInks.A, runs.A)}{Card("B", ComparisonInks.B, runs.B)}</tbody>"
            + "</table></div>\n"
            + settings
            + stages
            + string.Concat(runs.Unpaired.Select(Paragraph));
    }

    private static string Card(string letter, Ink ink, RunCard run) =>
        $"<tr><td style=\"white-space:nowrap\"><span class=\"swatch\" "
        + $"style=\"background:var(--{ink.Name})\"></span>{letter}</td><td>{Breakable(run.Name)}</td>"
        + $"<td>{Escape(run.Model)}</td><td>{Breakable(run.Folder)}</td></tr>\n";

    private static PageSection Section(
        string id,
        string title,
        IReadOnlyList<Figure> figures,
        string before,
        string after
    ) => new(id, title, before + string.Concat(figures.Select(PageSections.LoneFigureBlock)) + after, figures);

    /// <summary>Criteria that only one run has.</summary>
    private static string Criteria(ScanComparison scan)
    {
        string Only(string run, IReadOnlyList<string> criteria) =>
            criteria.Count == 0
                ? ""
                : Paragraph(
                    $"Only {run} ranks heads by {string.Join(", ", criteria.Select(Reporting.Criteria.Title))}."
                );
        return Only("A", scan.OnlyA) + Only("B", scan.OnlyB);
    }

    /// <summary>Sample by sample.</summary>
    private static string Each(FitComparison fit, string title)
    {
        if (fit.Overlap.Common.Count == 0)
        {
            return "";
        }

        var agreement = fit.Beta?.Samples.ToDictionary(s => s.Sample.Id, StringComparer.Ordinal) ?? [];
        // Several questions may be asked about a picture
        bool onePicture = fit.Overlap.Common.DistinctBy(s => s.A.File).Count() == fit.Overlap.Common.Count;
        IEnumerable<object?[]> rows = fit
            .Overlap.Common.Take(RowsShown)
            .Select(s =>
                (object?[])
                    [
                        onePicture ? s.A.File : $"{s.A.File}: {Cut(s.A.Question, 60)}",
                        s.SameAnswer ? s.A.Answer : $"{s.A.Answer} / {s.B.Answer}",
                        Fixed(fit.A.R2.GetValueOrDefault(s.Id, double.NaN), 3),
                        Fixed(fit.B.R2.GetValueOrDefault(s.Id, double.NaN), 3),
                        Fixed(agreement.GetValueOrDefault(s.Id)?.Pearson ?? double.NaN, 3),
                        Fixed(agreement.GetValueOrDefault(s.Id)?.Cosine ?? double.NaN, 3),
                    ]
            );
        string more =
            fit.Overlap.Common.Count > RowsShown
                ? Paragraph($"The first {Count(RowsShown)} of {Count(fit.Overlap.Common.Count)}.")
                : "";
        (string, bool)[] columns =
        [
            ("picture", false),
            ("answer", false),
            ("R², A", true),
            ("R², B", true),
            ("β: ρ", true),
            ("β: cosine", true),
        ];
        string table = PageSections.Table(columns, rows);
        return $"<details open><summary>sample by sample{Escape(title)}</summary>{table}{more}</details>\n";
    }

    private static string Table(ComparisonTable? table) =>
        table is null ? "" : PageSections.Table(table.Columns, table.Rows);

    /// <summary>Settings in the type of the report's settings; long values may break.</summary>
    private static string Settings(ComparisonTable table) =>
        $"<div class=\"scroll\"><table><thead><tr><th>setting</th><th>A</th><th>B</th></tr></thead><tbody>\n"
        + string.Concat(
            table.Rows.Select(r =>
                $"<tr><td class=\"path\">{Breakable(r[0])}</td><td class=\"value\">{Breakable(r[1])}</td><td "
                + $"class=\"value\">{Breakable(r[2])}</td></tr>\n"
            )
        )
        + "</tbody></table></div>\n";

    private static string Breakable(string text) =>
        Escape(text)
            .Replace(".", ".<wbr>", StringComparison.Ordinal)
            .Replace("/", "/<wbr>", StringComparison.Ordinal)
            .Replace("_", "_<wbr>", StringComparison.Ordinal);

    private static string Paragraph(string text) => $"<p>{Escape(text)}</p>\n";

    /// <summary>What tells stages of a kind apart where there are several.</summary>
    private static (string Id, string Title) Suffix(int stages, string a, string b) =>
        stages == 1 ? ("", "") : ($"-{a}{(a == b ? "" : $"-{b}")}", $": {ComparisonSentences.StageTitle(a, b)}");
}
