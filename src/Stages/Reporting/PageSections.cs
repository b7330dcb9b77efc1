using System.Text;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>A part of the page.</summary>
/// <param name="Id">Anchor.</param>
/// <param name="Title">Heading.</param>
/// <param name="Body">HTML; empty = left out.</param>
/// <param name="Figures">Figures in it, for the contents.</param>
internal sealed record PageSection(string Id, string Title, string Body, IReadOnlyList<Figure> Figures);

/// <summary>The parts of the page in reading order: first what was found, then how, then with which settings.</summary>
internal static class PageSections
{
    private const int RowsShown = 200;

    /// <summary>Height of a drawing, by its width, from which on paper its words stand beside it.</summary>
    private const double Tall = 0.5;

    /// <summary>Anchors and headings of the parts that hold figures.</summary>
    private static readonly (Section Section, string Id, string Title)[] WithFigures =
    [
        (Section.Validation, "validation", "How many heads it takes"),
        (Section.Heads, "heads", "Which heads"),
        (Section.Alike, "alike", "What samples have in common"),
        (Section.Fit, "fit", "How well the regression fits"),
        (Section.Tokens, "tokens", "Which tokens"),
        (Section.Lens, "lens", "What heads say"),
        (Section.Beyond, "beyond", "Beyond the paper"),
    ];

    /// <summary>All parts; those without data have an empty body.</summary>
    /// <param name="findings">What is shown.</param>
    /// <param name="figures">Figures of it.</param>
    /// <param name="hasExplorer">Whether the page has an explorer.</param>
    public static IEnumerable<PageSection> Of(Findings findings, IReadOnlyList<Figure> figures, bool hasExplorer)
    {
        var tables = Figures.TablesOf(findings);
        PageSection Shown(Section section, string id, string title)
        {
            Figure[] own = [.. figures.Where(f => f.Place.Section == section)];
            string lead = string.Concat(tables.Where(t => t.Place.Section == section).Select(t => t.Table.Html));
            return new PageSection(id, title, own.Length > 0 ? lead + string.Concat(own.Select(FigureBlock)) : "", own);
        }

        PageSection Told(string id, string title, string body) => new(id, title, body, []);
        return
        [
            Told("summary", "Summary", SummarySection.Of(findings)),
            Told("sample", "One sample", SampleSection.Typical(findings)),
            .. WithFigures.Select(s => Shown(s.Section, s.Id, s.Title)),
            Told("samples", "All samples", SampleSection.All(findings, hasExplorer)),
            Told("settings", "Settings", SettingsSection.Of(findings.Data)),
            Told("reproduce", "Reproduce and data", SettingsSection.Reproduce(findings.Data)),
            Told("cite", "Cite", CiteSection.Of(findings)),
            Told("words", "Words", Words(findings.Data.Measures, findings.Data.MeasuresAdjustedLogit)),
        ];
    }

    /// <summary>A figure with its sentence, both drawings, files beside the page and data.</summary>
    public static string FigureBlock(Figure figure) =>
        FigureBlock(
            figure,
            string.Join(
                " · ",
                FigureFiles.Kinds.Select(k => $"<a href=\"{FigureFiles.Folder}/{figure.Name}{k.Ending}\">{k.Title}</a>")
            )
        );

    /// <summary>A figure of a page that has no files beside it: the data are in the page.</summary>
    public static string LoneFigureBlock(Figure figure)
    {
        string csv = Convert.ToBase64String(Encoding.UTF8.GetBytes(figure.Table.ToCsv()));
        return FigureBlock(
            figure,
            $"<a download=\"{figure.Name}.csv\" href=\"data:text/csv;charset=utf-8;base64,{csv}\">CSV</a>"
        );
    }

    /// <summary>
    /// A table with a heading line; text cells are escaped, numbers of a column have one precision.
    /// </summary>
    public static string Table(
        IEnumerable<(string Title, bool IsNumber)> columns,
        IEnumerable<IEnumerable<object?>> rows
    )
    {
        (string Title, bool IsNumber)[] heads = [.. columns];
        object?[][] cells = [.. rows.Select(row => row.ToArray())];
        int[] decimals = [.. heads.Select((_, i) => Format.DecimalsOf(cells.Select(row => row[i]).OfType<double>()))];
        var html = new StringBuilder("<div class=\"scroll\"><table><thead><tr>");
        html.Append(string.Concat(heads.Select(h => $"<th{(h.IsNumber ? " class=\"n\"" : "")}>{Escape(h.Title)}</th>")))
            .Append("</tr></thead><tbody>\n");
        foreach (object?[] row in cells)
        {
            html.Append("<tr>")
                .Append(
                    string.Concat(
                        row.Select(
                            (cell, i) =>
                                $"<td{(heads[i].IsNumber ? " class=\"n\"" : "")}>{Escape(Cell(cell, decimals[i]))}</td>"
                        )
                    )
                )
                .Append("</tr>\n");
        }

        return html.Append("</tbody></table></div>\n").ToString();
    }

    /// <summary>Buttons that save what is seen, where the page was passed on without its files.</summary>
    private const string Saves =
        "<span class=\"saves\"><button type=\"button\" data-save=\"svg\">save SVG</button> "
        + "<button type=\"button\" data-save=\"png\">save PNG</button></span>";

    private static string FigureBlock(Figure figure, string files)
    {
        Svg wide = figure.Drawing.On(Drawing.Wide, figure.Name + "-w");
        var (onPaper, forPage) = figure.Drawing.Readings;
        string note = forPage.Length > 0 ? $"<span class=\"screen\"> {Escape(forPage)}</span>" : "";
        string form = wide.Height > Tall * wide.Width ? " class=\"tall\"" : "";
        return $"<figure id=\"{figure.Name}\"{form}>\n<h3>{Escape(figure.Title)} <span "
            + $"class=\"tag\">{Escape(figure.Place.Paper)}</span></h3>\n"
            + $"<p class=\"shows\">{Escape(figure.Drawing.Shows)}</p>\n"
            + $"<div class=\"wide\">{wide}</div>\n<div "
            + $"class=\"narrow\">{figure.Drawing.Draw(Drawing.Narrow, figure.Name + "-n")}</div>\n"
            + $"<figcaption>{Escape(onPaper)}{note}</figcaption>\n<div "
            + $"class=\"files\">{files}{Saves}\n{Data(figure.Table)}</div>\n</figure>\n";
    }

    private static string Data(FigureTable table)
    {
        bool[] numbers =
        [
            .. Enumerable
                .Range(0, table.Columns.Count)
                .Select(i => table.Rows.Count > 0 && table.Rows[0][i] is double or int),
        ];
        string more =
            table.Rows.Count > RowsShown
                ? $"<p>The first {Count(RowsShown)} of {Count(table.Rows.Count)} rows; all are in the CSV.</p>"
                : "";
        string rows = Table(table.Columns.Zip(numbers), table.Rows.Take(RowsShown));
        return $"<details><summary>data</summary>{more}{rows}</details>";
    }

    private static string Cell(object? cell, int decimals) =>
        cell switch
        {
            double value => Fixed(value, decimals),
            int value => Count(value),
            _ => Exact(cell),
        };

    /// <summary>What the symbols mean.</summary>
    /// <param name="f">What f is.</param>
    /// <param name="isLogit">It is the paper's logit.</param>
    public static string Words(string f, bool isLogit) =>
        Symbols
            .Replace("{f}", Escape(f), StringComparison.Ordinal)
            .Replace("{normalised}", isLogit ? "normalised logit" : "normalised f,", StringComparison.Ordinal);

    private const string Symbols = """
        <dl class="words">
        <dt>f</dt><dd>{f}</dd>
        <dt>φ(x)</dt><dd>{normalised} (f(x) − f(0)) / (f(1) − f(0)): 1 with every head intact, 0 with every head
        ablated</dd>
        <dt>ablated head</dt><dd>its text queries see the baseline in place of the picture's own image keys and values:
        their mean over the baseline pictures, unless the settings say zero, knockout or counterfactual</dd>
        <dt>β</dt><dd>coefficient of a head in the linear regression of φ on the masks: the share of the picture's
        effect that the head carries</dd>
        <dt>faithfulness(k)</dt><dd>φ with only the k most important heads intact</dd>
        <dt>completeness(k)</dt><dd>φ with only the k most important heads ablated</dd>
        <dt>x*</dt><dd>the smallest set of heads, in the order of β, whose faithfulness passes the threshold</dd>
        <dt>δ</dt><dd>share of φ(x*) that is lost when one text token sees the baseline in place of the picture; u* are
        the tokens whose δ passes the threshold</dd>
        <dt>w</dt><dd>weighted attention of an image token: attention summed over the heads of x*, weighted by β, and
        over the text tokens of u*, weighted by δ</dd>
        <dt>criteria</dt><dd>head attribution ranks heads by β; causal by 1 − φ with that head alone ablated; attention
        by image attention weight; gradient by an average of dφ/dx over the gradient passes; random is the mean over
        random orders</dd>
        </dl>

        """;
}
