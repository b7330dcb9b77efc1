using System.Text;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// The paper's claims over several experiments: a row a claim, a column an experiment, and of how many models each
/// holds. What takes several models to tell stands across the columns.
/// </summary>
internal static class OverviewClaims
{
    /// <summary>The table; empty where no experiment says anything of a claim.</summary>
    public static string Of(OverviewData data)
    {
        var found = data.Experiments.Select(e => (Experiment: e, Claims: Claims.In(e.Numbers))).ToArray();
        IReadOnlyList<Claim> over = Claims.In([.. Claims.NumbersOf(data)]);
        ClaimAttribute[] asked =
        [
            .. Claims.All.Where(c => found.SelectMany(f => f.Claims).Concat(over).Any(k => k.Stated == c)),
        ];
        if (asked.Length == 0)
        {
            return "";
        }

        OverviewExperiment[] shown = [.. found.Where(f => f.Claims.Count > 0).Select(f => f.Experiment)];
        var html = new StringBuilder("<div class=\"scroll\"><table class=\"claims several\">\n<caption>The paper's ")
            .Append("claims in every experiment</caption>\n<thead><tr><th scope=\"col\">claim</th><th ")
            .Append("scope=\"col\">models</th>");
        foreach (OverviewExperiment e in shown)
        {
            string head = $"<th scope=\"col\"><a href=\"{Escape(e.Address)}\">{Escape(e.Name)}</a></th>";
            html.Append(head);
        }

        html.Append("</tr></thead>\n<tbody>\n");
        foreach (ClaimAttribute stated in asked)
        {
            string rule = $"holds if {Escape(stated.Rule)}; paper: {Escape(stated.Number)}",
                cells = over.FirstOrDefault(c => c.Stated == stated) is { } several
                    ? Across(several, shown.Length)
                    : Beside(data, stated, shown),
                row = $"<tr><th scope=\"row\">{Escape(stated.Words)}<small>{rule}</small></th>{cells}</tr>\n";
            html.Append(row);
        }

        return html.Append("</tbody></table></div>\n").Append(Below(asked, found, over)).ToString();
    }

    private static string Beside(OverviewData data, ClaimAttribute stated, OverviewExperiment[] shown)
    {
        string figure = ClaimWords.Figure(stated).Name;
        string CellOf(OverviewExperiment e) =>
            ClaimOf(e, stated) is { } claim
                ? $"<td>{ClaimWords.Mark(claim.Verdict)}<a class=\"part\" href=\"{Escape(e.Address)}#{figure}\">"
                    + $"{Escape(ClaimWords.Value(stated, claim.Deciding.Value))}</a>"
                    + $"<small>{Escape(ClaimWords.Note(claim, claim.Deciding))}</small></td>"
                : $"<td>{None}</td>";
        return $"<td>{Escape(Models(data, stated))}</td>{string.Concat(shown.Select(CellOf))}";
    }

    private static string Across(Claim claim, int columns)
    {
        string figure = ClaimWords.Figure(claim.Stated).Name;
        string few = claim.Deciding.Value.CanTell ? "" : ", too few models to tell";
        string parts = string.Concat(
            claim.Numbers.Select(n =>
                $"<a class=\"part\" href=\"#{figure}\">{Escape(ClaimWords.Part(claim, n))}: "
                + $"{Escape(ClaimWords.Value(claim.Stated, n.Value))}</a>"
            )
        );
        return $"<td>{Escape(Many(claim.Deciding.Value.Count, "model"))}</td><td colspan=\"{Count(columns)}\">"
            + $"{ClaimWords.Mark(claim.Verdict)}{few}{parts}</td>";
    }

    /// <summary>Of how many models it holds. A model counts once: by its experiment of most samples.</summary>
    private static string Models(OverviewData data, ClaimAttribute stated)
    {
        ClaimVerdict[] verdicts =
        [
            .. data.OncePerModel(e => ClaimOf(e, stated) is not null).Select(e => ClaimOf(e, stated)!.Verdict),
        ];
        return $"{Count(verdicts.Count(v => v == ClaimVerdict.Holds))} of {Count(verdicts.Length)}";
    }

    private static Claim? ClaimOf(OverviewExperiment experiment, ClaimAttribute stated) =>
        Claims.In(experiment.Numbers).FirstOrDefault(c => c.Stated == stated);

    private static string Below(
        ClaimAttribute[] asked,
        (OverviewExperiment Experiment, IReadOnlyList<Claim> Claims)[] found,
        IReadOnlyList<Claim> over
    )
    {
        ClaimAttribute[] missing = [.. Claims.All.Except(asked)];
        string absent =
            missing.Length == 0
                ? ""
                : $" In no experiment: {string.Join(", ", missing.Select(m => $"{m.Topic} ({m.Needs})"))}.";
        const string models =
            " Models: of how many it holds; one of several experiments counts once, by that of most samples.";
        IEnumerable<Claim> first = asked.Select(stated =>
            found.SelectMany(f => f.Claims).Concat(over).First(c => c.Stated == stated)
        );
        return $"<p class=\"files\">{Escape(ClaimWords.Legend + models + absent)}</p>\n{ClaimTable.Rules(first)}";
    }
}
