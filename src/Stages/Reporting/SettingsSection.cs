using System.Text;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Settings, the command, files and facts about the run.</summary>
internal static class SettingsSection
{
    /// <summary>What the spec sets first; what it leaves at its default folded away.</summary>
    public static string Of(ReportData data)
    {
        var html = new StringBuilder();
        html.Append(PageSections.Table([("model", false), ("", false)], Model(data)));
        SettingRow[] set = [.. data.Settings.Where(s => !s.IsDefault)],
            defaults = [.. data.Settings.Where(s => s.IsDefault)];
        html.Append(set.Length > 0 ? "<h3>Set in this experiment</h3>\n" + Rows(set) : "");
        if (defaults.Length > 0)
        {
            html.Append("<details><summary>")
                .Append(Many(defaults.Length, "setting"))
                .Append(defaults.Length == 1 ? " at its default" : " at their defaults")
                .Append("</summary>")
                .Append(Rows(defaults))
                .Append("</details>\n");
        }

        return html.ToString();
    }

    /// <summary>The command, links to the tables, facts.</summary>
    public static string Reproduce(ReportData data)
    {
        var html = new StringBuilder("<pre>").Append(EscapeLines(data.Command)).Append("</pre>\n");
        if (data.Links.Count > 0)
        {
            html.Append("<div class=\"scroll\"><table><thead><tr><th>file</th><th>holds</th></tr></thead><tbody>\n")
                .Append(
                    string.Concat(
                        data.Links.Select(l =>
                            $"<tr><td><a href=\"{Address(l.Address)}\">{Escape(l.Text)}</a></td>"
                            + $"<td>{Escape(l.Note ?? "")}</td></tr>\n"
                        )
                    )
                )
                .Append("</tbody></table></div>\n");
        }

        html.Append(
            data.Facts.Count > 0
                ? PageSections.Table(
                    [("run", false), ("", false)],
                    data.Facts.Select(f => new object?[] { f.Label, f.Value })
                )
                : ""
        );
        return html.Append(ProvenanceBlock.Place).Append('\n').ToString();
    }

    private static IEnumerable<object?[]> Model(ReportData data)
    {
        ModelCard model = data.Model;
        yield return ["checkpoint", $"{model.Name} ({model.Family}), {model.Path}"];
        yield return
        [
            "decoder",
            $"{Many(model.Layers, "layer")} × {Many(model.Heads, "head")} of {Count(model.HeadDim)}; "
                + $"{Many(model.KvHeads, "key/value head")} a layer",
        ];
        if (model.Remarks.Count > 0)
        {
            yield return ["heads", string.Join(" ", model.Remarks)];
        }

        if (model.ImageTokens > 0)
        {
            yield return
            [
                "tokens",
                data.QuestionsDiffer
                    ? $"{Count(model.ImageTokens)} of the picture; those of the text after it differ with the question"
                    : $"{Count(model.ImageTokens)} of the picture, {Count(model.SuffixTokens)} of text after it",
            ];
        }

        yield return ["arithmetic", model.Arithmetic];
    }

    private static string Rows(IEnumerable<SettingRow> rows)
    {
        var html = new StringBuilder(
            "<div class=\"scroll\"><table><thead><tr><th>setting</th><th>value</th><th>note</th></tr></thead><tbody>\n"
        );
        foreach (SettingRow row in rows)
        {
            html.Append("<tr><td class=\"path\">")
                .Append(Breakable(row.Path))
                .Append("</td><td class=\"value\">")
                .Append(Escape(row.Value))
                .Append("</td><td>")
                .Append(row.IsDefault ? "<span class=\"tag\">default</span> " : "")
                .Append(Escape(row.Note ?? ""))
                .Append("</td></tr>\n");
        }

        return html.Append("</tbody></table></div>\n").ToString();
    }

    /// <summary>A dotted path that may break after its parts.</summary>
    private static string Breakable(string path) =>
        Escape(path).Replace(".", ".<wbr>", StringComparison.Ordinal).Replace("_", "_<wbr>", StringComparison.Ordinal);

    /// <summary>A relative address, escaped part by part: names of runs may hold '=', ' ', '#' or '%'.</summary>
    private static string Address(string address) =>
        Escape(string.Join('/', address.Split('/').Select(Uri.EscapeDataString)));
}
