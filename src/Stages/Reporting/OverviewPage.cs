using System.Text;
using Pipelines.Files;
using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// The page over several experiments: Tables 2 and 3 over models, heads needed side by side (paper, Fig. 11), and the
/// way to each report.
/// </summary>
public static class OverviewPage
{
    /// <summary>Name of the page.</summary>
    public const string PageName = "index.html";

    private const string TableName = "table2-table3-experiments";

    private static readonly (Section Of, string Id, string Title)[] Sections =
    [
        (Section.Validation, "heads", "How many heads it takes"),
        (Section.Heads, "which-heads", "Which heads"),
        (Section.Alike, "alike", "What samples have in common"),
        (Section.Tokens, "tokens", "Which tokens"),
        (Section.Beyond, "beyond", "Beyond the paper"),
    ];

    /// <summary>Writes the page and its figures into a folder. The bytes depend on the data only.</summary>
    public static void Write(OverviewData data, string folder)
    {
        IReadOnlyList<Figure> figures = Figures.Of(data);
        Directory.CreateDirectory(Path.Combine(folder, "figures"));
        foreach (var (name, bytes) in figures.SelectMany(FigureFiles.Of))
        {
            AtomicFile.Write(Path.Combine(folder, name), bytes, flush: false);
        }

        Save(folder, $"figures/{TableName}.csv", Numbers(data).ToCsv());
        Save(folder, PageName, Page(data, figures));
    }

    private static void Save(string folder, string name, string text) =>
        AtomicFile.Write(Path.Combine(folder, name), text, flush: false);

    private static string Page(OverviewData data, IReadOnlyList<Figure> figures) =>
        HtmlPage.Of(
            $"{data.Name} – head attribution",
            "Head attribution for image-to-text information flow",
            data.Name,
            Many(data.Experiments.Count, "experiment"),
            [
                new PageSection(
                    "experiments",
                    "Experiments",
                    $"<p class=\"headline\">{Escape(Headline(data))}</p>\n{Missing(data)}{OverviewClaims.Of(data)}"
                        + Table(data),
                    []
                ),
                .. Sections
                    .Select(s => (s.Id, s.Title, Figures: figures.Where(f => f.Place.Section == s.Of).ToArray()))
                    .Where(s => s.Figures.Length > 0)
                    .Select(s => new PageSection(
                        s.Id,
                        s.Title,
                        string.Concat(s.Figures.Select(PageSections.FigureBlock)),
                        s.Figures
                    )),
                new PageSection("reproduce", "Reproduce", $"<pre>{EscapeLines(data.Command)}</pre>\n", []),
            ],
            "Method: Kim et al. 2025, “Interpreting Attention Heads for Image-to-Text Information Flow in Large "
                + "Vision-Language Models”. Intervals: 95 %, bootstrap over samples."
        );

    private static string Headline(OverviewData data)
    {
        (string Name, KeyNumber R2)[] fitted =
        [
            .. data
                .Experiments.Where(e => e.Number(KeyNumbers.R2) is not null)
                .Select(e => (e.Name, e.Number(KeyNumbers.R2)!.Value)),
        ];
        if (fitted.Length == 0)
        {
            return "No experiment has a regression.";
        }

        string[] measured = [.. data.Experiments.Select(e => e.Measured).Distinct(StringComparer.Ordinal)];
        string of = measured is [var same] ? same : "what f measures";
        var best = fitted.MaxBy(e => e.R2.Value.Mean);
        var worst = fitted.MinBy(e => e.R2.Value.Mean);
        string spread =
            fitted.Length == 1
                ? $"A sum of single heads explains {Verdicts.Share(best.R2.Value)} of the variance of "
                    + $"{of} in {best.Name}."
                : $"A sum of single heads explains {Verdicts.Share(worst.R2.Value)} ({worst.Name}) to "
                    + $"{Verdicts.Share(best.R2.Value)} ({best.Name}) of the variance of {of}.";
        int[] apart =
        [
            .. fitted
                .Where(e => double.IsFinite(e.R2.Paper))
                .Select(e => Math.Abs(e.R2.Value.Mean - e.R2.Paper) <= e.R2.PaperDeviation ? 1 : 0),
        ];
        return apart.Length == 0
            ? spread
            : $"{spread} {Count(apart.Sum())} of {Many(apart.Length, "experiment")} with a published R² "
                + $"{(apart.Sum() == 1 ? "lies" : "lie")} within one standard deviation of it.";
    }

    private static string Missing(OverviewData data) =>
        data.Missing.Count == 0
            ? ""
            : "<p class=\"warning\" role=\"note\">Not shown, since they did not come to their end: "
                + $"{Escape(string.Join(", ", data.Missing))}.</p>\n";

    private static string Kept(OverviewData data) =>
        data.Experiments.All(e => e.Measured == ReportData.AnswersLogit) ? "logit kept" : "φ(x*) kept";

    private static string Table(OverviewData data)
    {
        (string Title, string Quantity)[] shown =
        [
            .. new[] { ("R²", KeyNumbers.R2), ("ρ", KeyNumbers.Rho), (Kept(data), KeyNumbers.LogitKept) }.Where(c =>
                data.Experiments.Any(e => e.Number(c.Item2) is not null)
            ),
        ];
        var html = new StringBuilder(
            "<div class=\"scroll\"><table><thead><tr><th>experiment</th><th>model</th><th class=\"n\">heads</th><th "
                + "class=\"n\">samples</th>"
        );
        html.Append(string.Concat(shown.Select(c => $"<th class=\"n\">{c.Title}</th>")))
            .Append("</tr></thead><tbody>\n");
        foreach (OverviewExperiment experiment in data.Experiments)
        {
            IEnumerable<string> numbers = shown.Select(c =>
                $"<td class=\"n\" style=\"white-space:nowrap\">{Cell(experiment.Number(c.Quantity))}</td>"
            );
            html.Append("<tr><td><a href=\"")
                .Append(Escape(experiment.Address))
                .Append("\">")
                .Append(Escape(experiment.Name))
                .Append("</a></td><td>")
                .Append(Escape(experiment.Model))
                .Append("</td><td class=\"n\">")
                .Append(Count(experiment.Heads))
                .Append("</td><td class=\"n\">")
                .Append(Count(experiment.Samples))
                .Append("</td>")
                .Append(string.Concat(numbers))
                .Append("</tr>\n");
        }

        return html.Append("</tbody></table></div>\n")
            .Append(
                $"<p class=\"files\">Tables 2 and 3 of the paper: mean ± standard deviation over samples [95 % "
                    + $"interval of the mean], the paper's below where it has one · <a "
                    + $"href=\"figures/{TableName}.csv\">CSV</a></p>\n"
            )
            .ToString();
    }

    private static string Cell(KeyNumber? number)
    {
        if (number is not { } known)
        {
            return None;
        }

        var paper = new Estimate(known.Paper, known.PaperDeviation, double.NaN, double.NaN, 0);
        string below = double.IsFinite(known.Paper)
            ? $"<br><small>paper {Escape(Sentences.PlusMinus(paper))}</small>"
            : "";
        return Escape(Sentences.WithInterval(known.Value)) + below;
    }

    private static FigureTable Numbers(OverviewData data) =>
        new(
            [
                "experiment",
                "model",
                "heads",
                "quantity",
                "criterion",
                "value",
                "sd",
                "low",
                "high",
                "samples",
                "not_reached",
                "chance",
                "paper",
                "paper_sd",
                "verdict",
            ],
            [
                .. data.Experiments.SelectMany(e => e.Numbers.Select(n => Row(e.Name, e.Model, e.Heads, n))),
                .. Claims.NumbersOf(data).Select(n => Row("all", "", null, n)),
            ]
        );

    private static IReadOnlyList<object?> Row(string experiment, string model, int? heads, KeyNumber n) =>
        [
            experiment,
            model,
            heads,
            n.Quantity,
            n.Criterion,
            n.Value.Mean,
            n.Value.Deviation,
            n.Value.Low,
            n.Value.High,
            n.Value.Count,
            n.NotReached,
            n.Chance,
            n.Paper,
            n.PaperDeviation,
            n.Verdict?.Word(),
        ];
}
