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
        var found = data.Experiments.Distinct().ToDictionary(e => e, e => Claims.In(e.Numbers));
        IReadOnlyList<Claim> over = Claims.In([.. Claims.NumbersOf(data)]);
        ILookup<ClaimAttribute, Claim> all = found.Values.SelectMany(c => c).Concat(over).ToLookup(c => c.Stated);
        ClaimAttribute[] asked = [.. Claims.All.Where(all.Contains)];
        if (asked.Length == 0)
        {
            return "";
        }

        OverviewExperiment[] shown = [.. data.Experiments.Where(e => found[e].Count > 0)];
        var html = new StringBuilder("<div class=\"scroll\"><table class=\"claims several\">\n<caption>The paper's ")
            .Append("claims in every experiment</caption>\n<thead><tr><th scope=\"col\">claim</th><th ")
            .Append("scope=\"col\">models</th>");
        foreach (OverviewExperiment e in shown)
        {
            string head = $"<th scope=\"col\"><a href=\"{Escape(e.Address)}\">{Escape(e.Name)}</a></th>";
            html.Append(head);
        }

        html.Append("</tr></thead>\n<tbody>\n");
        bool isAsThePaper = data.Experiments.Any(e => e.IsAsThePaper);
        foreach (ClaimAttribute stated in asked)
        {
            string rule = $"holds if {Escape(stated.Rule)}" + (isAsThePaper ? $"; paper: {Escape(stated.Number)}" : ""),
                cells = over.FirstOrDefault(c => c.Stated == stated) is { } several
                    ? Across(several, shown.Length)
                    : Beside(data, stated, shown, e => found[e].FirstOrDefault(c => c.Stated == stated)),
                row = $"<tr><th scope=\"row\">{Escape(stated.Words)}<small>{rule}</small></th>{cells}</tr>\n";
            html.Append(row);
        }

        return html.Append("</tbody></table></div>\n")
            .Append(Below(asked.Select(stated => all[stated].First()), isAsThePaper))
            .ToString();
    }

    /// <summary>A claim's cells, an experiment each, and before them of how many models it holds.</summary>
    /// <param name="data">All experiments.</param>
    /// <param name="stated">The claim.</param>
    /// <param name="shown">Those that have a column.</param>
    /// <param name="of">What an experiment says of the claim; null where nothing.</param>
    private static string Beside(
        OverviewData data,
        ClaimAttribute stated,
        OverviewExperiment[] shown,
        Func<OverviewExperiment, Claim?> of
    )
    {
        string figure = ClaimWords.Figure(stated).Name;
        string CellOf(OverviewExperiment e) =>
            of(e) is { } claim
                ? $"<td>{ClaimWords.Mark(claim.Verdict)}<a class=\"part\" href=\"{Escape(e.Address)}#{figure}\">"
                    + $"{Escape(ClaimWords.Value(stated, claim.Deciding.Value))}</a>"
                    + $"<small>{Escape(ClaimWords.Note(claim, claim.Deciding))}</small></td>"
                : $"<td>{None}</td>";
        return $"<td>{Escape(Models(data, of))}</td>{string.Concat(shown.Select(CellOf))}";
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
    private static string Models(OverviewData data, Func<OverviewExperiment, Claim?> of)
    {
        ClaimVerdict[] verdicts = [.. data.OncePerModel(e => of(e) is not null).Select(e => of(e)!.Verdict)];
        return $"{Count(verdicts.Count(v => v == ClaimVerdict.Holds))} of {Count(verdicts.Length)}";
    }

    /// <summary>What the verdicts mean, what no experiment measured, and the rules.</summary>
    /// <param name="claims">One of each claim of the table.</param>
    /// <param name="isAsThePaper">Some experiment measures what the paper does.</param>
    private static string Below(IEnumerable<Claim> claims, bool isAsThePaper)
    {
        Claim[] each = [.. claims];
        ClaimAttribute[] missing = [.. Claims.All.Except(each.Select(c => c.Stated))],
            unasked = [.. missing.Where(m => m.IsByPapersNumber && !isAsThePaper)];
        string[] unmeasured = [.. missing.Except(unasked).Select(m => $"{m.Topic} ({m.Needs})")];
        string absent =
            (unmeasured.Length == 0 ? "" : $" In no experiment: {string.Join(", ", unmeasured)}.")
            + (isAsThePaper ? "" : ClaimTable.NotAsThePaper(unasked));
        const string models =
            " Models: of how many it holds; one of several experiments counts once, by that of most samples.";
        return $"<p class=\"files\">{Escape(ClaimWords.Legend + models + absent)}</p>\n{ClaimTable.Rules(each)}";
    }
}
