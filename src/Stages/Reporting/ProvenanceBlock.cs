using System.Globalization;
using System.Text;
using Pipelines.Stages.Storage;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// The block of the page that tells where the results come from. The page itself is a stored result, named by settings
/// and units alone, and holds an empty place for it; a run's own copy has it filled in. So a date makes no page
/// another one, and the block is there without scripts.
/// </summary>
public static class ProvenanceBlock
{
    /// <summary>The empty place.</summary>
    internal const string Place = "<!-- provenance -->";

    /// <summary>The page with its block.</summary>
    /// <param name="page">HTML, as it is stored.</param>
    /// <param name="record">What <c>run.json</c> says.</param>
    /// <param name="link">Where that lies, from the page.</param>
    public static string Fill(string page, RunRecord record, string link)
    {
        ArgumentNullException.ThrowIfNull(page);
        ArgumentNullException.ThrowIfNull(record);
        return page.Replace(Place, Of(record, link), StringComparison.Ordinal);
    }

    private static string Of(RunRecord record, string link)
    {
        var html = new StringBuilder("<h3 id=\"provenance\">Provenance</h3>\n");
        html.Append(
            PageSections.Table(
                [("made", false), ("", false)],
                [
                    ["program", $"Pipelines {record.Program}, commit {record.Commit}"],
                    ["finished", $"{Moment(record.Finished)} UTC"],
                    .. record.Makers.Select((m, i) => new object?[] { Letter(record, i, "machine"), Words(record, m) }),
                    .. record.ClassesMeet is { } meeting
                        ?
                        [
                            ["numeric classes", $"{meeting}"],
                        ]
                        : (object?[][])[],
                    ["pictures", $"{Many(record.Pictures.Count, "file")}, SHA-256 {record.Pictures.Sha256}"],
                    .. record.Annotations.Select(f => new object?[] { "annotations", Digest(f) }),
                    .. record
                        .Model.Where(f => f.File.EndsWith(".safetensors", StringComparison.Ordinal))
                        .Select(f => new object?[] { "weights", Digest(f) }),
                    ["settings", Digest(record.Spec)],
                ]
            )
        );
        html.Append("<p>Times are by the clock while at least one unit of the stage was at work; cached is what the ")
            .Append("run that made this page found stored. <a href=\"")
            .Append(Escape(link))
            .Append("\">run.json</a> has all of it, with the digest of every file that was read.</p>\n");
        string byStage = PageSections.Table(
            [("stage", false), ("version", true), ("units", true), ("work", true), ("computed", false)],
            record.Stages.SelectMany(s => s.Computed.Select(c => Row(record, s, c)))
        );
        return html.Append("<div class=\"screen\">").Append(byStage).Append("</div>\n").ToString();
    }

    private static object?[] Row(RunRecord record, StageRecord stage, Computed computed)
    {
        string cached =
            computed.Cached == 0 ? ""
            : computed.Cached == computed.Units ? " (cached)"
            : $" ({Count(computed.Cached)} of them cached)";
        string rate = computed.WallSeconds > 0 ? $", {Rate(computed.PerSecond)} {stage.CountedIn}/s" : "";
        Maker maker = record.Makers[computed.Maker];
        string where = record.Makers.Count == 1 ? maker.Device : Letter(record, computed.Maker, "machine");
        return
        [
            stage.Kind == stage.Stage ? stage.Stage : $"{stage.Stage}: {stage.Kind}",
            stage.Version,
            computed.Units,
            computed.Work == 1 ? $"1 {One(stage.CountedIn)}" : $"{Count(computed.Work)} {stage.CountedIn}",
            $"computed in {Seconds(computed.WallSeconds)} on {where}{rate}, {Moment(computed.Last)}{cached}",
        ];
    }

    private static string Words(RunRecord record, Maker maker)
    {
        string program =
            (maker.Program, maker.Commit) == (record.Program, record.Commit)
                ? ""
                : $"; Pipelines {maker.Program}, commit {maker.Commit}";
        string threads = maker.Threads is { } count ? $"; {Many(count, "thread")}" : "",
            jobs = maker.Jobs is > 1 and var several ? $", {Many(several, "job")}" : "";
        return $"{maker.Machine}: {maker.Processor}; {maker.System}; {maker.Device}{threads}{jobs}{program}";
    }

    private static string Letter(RunRecord record, int maker, string word) =>
        record.Makers.Count == 1 ? word : $"{word} {Count(maker + 1)}";

    private static string Digest(RecordedFile file) => $"{file.File}: {Count(file.Bytes)} bytes, SHA-256 {file.Sha256}";

    private static string Moment(DateTime time) => time.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static string Seconds(double seconds) => seconds < 10 ? $"{Fixed(seconds, 2)} s" : Duration(seconds);
}
