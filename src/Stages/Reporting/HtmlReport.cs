using Pipelines.Files;
using Pipelines.Stages.Reporting.Explorer;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>The report: one self-contained page that needs no network, and every figure as a file beside it.</summary>
internal static class HtmlReport
{
    /// <summary>Name of the page.</summary>
    public const string PageName = "report.html";

    private const string FigureFolder = "figures";

    /// <summary>
    /// Writes <c>report.html</c> and <c>figures/</c> into a folder. The bytes depend on the data only.
    /// </summary>
    /// <param name="data">What is shown.</param>
    /// <param name="folder">Made where it is missing; files of the same name are replaced, each at once.</param>
    /// <returns>Paths of the files, relative to the folder, with '/'.</returns>
    public static IReadOnlyList<string> Write(ReportData data, string folder) => Write(Findings.Of(data), folder);

    /// <summary>Writes the report of findings that are computed already.</summary>
    /// <inheritdoc cref="Write(ReportData, string)"/>
    public static IReadOnlyList<string> Write(Findings findings, string folder)
    {
        IReadOnlyList<Figure> figures = Figures.Of(findings);
        Directory.CreateDirectory(Path.Combine(folder, FigureFolder));
        var written = new List<string>();
        void Save(string name, string text)
        {
            AtomicFile.Write(Path.Combine(folder, name), text, flush: false);
            written.Add(name);
        }

        foreach (Figure figure in figures)
        {
            Save($"{FigureFolder}/{figure.Name}.svg", figure.Drawing.Draw(Drawing.Wide, figure.Name));
            Save($"{FigureFolder}/{figure.Name}.csv", figure.Table.ToCsv());
        }

        foreach (var (place, table) in Figures.TablesOf(findings))
        {
            Save($"{FigureFolder}/{place.Name}.csv", table.Table.ToCsv());
        }

        var explorer = ExplorerFiles.Of(findings);
        foreach (var (path, text) in explorer?.Files ?? [])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, path))!);
            Save(path, text);
        }

        Save(PageName, Page(findings, figures, explorer));
        return written;
    }

    /// <summary>The page.</summary>
    /// <param name="findings">What is shown.</param>
    /// <param name="figures">Figures of it.</param>
    /// <param name="explorer">What one may walk to; null = nothing.</param>
    public static string Page(Findings findings, IReadOnlyList<Figure> figures, ExplorerFiles? explorer = null)
    {
        ReportData data = findings.Data;
        return HtmlPage.Of(
            $"{data.Name} – head attribution",
            "Head attribution for image-to-text information flow",
            data.Name,
            Subtitle(findings),
            PageSections.Of(findings, figures),
            "Method: Kim et al. 2025, “Interpreting Attention Heads for Image-to-Text Information Flow in Large "
                + "Vision-Language Models”. Intervals: 95 %, bootstrap over samples.",
            explorer is null ? "" : ExplorerSection.Of(explorer)
        );
    }

    private static string Subtitle(Findings findings)
    {
        ReportData data = findings.Data;
        string masks =
            data.Masks > 0 ? $" · {SummarySection.Masks(findings)}, {Percent(data.Ablate)} of heads ablated" : "";
        string asked = data.QuestionsDiffer ? " · each picture is asked its own question" : "";
        return $"{data.Model.Name} ({data.Model.Family}) · {Many(data.Samples.Count, "sample")}{masks}{asked}";
    }
}
