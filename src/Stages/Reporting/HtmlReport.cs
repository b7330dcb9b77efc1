using System.Text;
using Pipelines.Files;
using Pipelines.Stages.Reporting.Explorer;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>The report: one self-contained page that needs no network, and every figure as a file beside it.</summary>
internal static class HtmlReport
{
    /// <summary>Name of the page.</summary>
    public const string PageName = "report.html";

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
        Directory.CreateDirectory(Path.Combine(folder, FigureFiles.Folder));
        var written = new List<string>();
        void Save(string name, byte[] bytes)
        {
            AtomicFile.Write(Path.Combine(folder, name), bytes, flush: false);
            written.Add(name);
        }

        foreach (var (name, bytes) in figures.SelectMany(FigureFiles.Of))
        {
            Save(name, bytes);
        }

        foreach (var (place, table) in Figures.TablesOf(findings))
        {
            Save($"{FigureFiles.Folder}/{place.Name}.csv", Encoding.UTF8.GetBytes(table.Table.ToCsv()));
        }

        var explorer = ExplorerFiles.Of(findings);
        foreach (var (path, text) in explorer?.Scripts ?? [])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, path))!);
            Save(path, Encoding.UTF8.GetBytes(text));
        }

        Save(PageName, Encoding.UTF8.GetBytes(Page(findings, figures, explorer)));
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
            PageSections.Of(findings, figures, explorer is not null),
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
