using System.Text;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// The paper's claims at the top of a report: here, the paper's number, verdict and the way to the figure. Drawn from
/// the rows of <c>key_numbers</c>; on a phone every row is a card.
/// </summary>
internal static class ClaimTable
{
    /// <summary>The table, and below it what the verdicts mean and what was not measured; empty without any.</summary>
    public static string Of(Findings findings)
    {
        IReadOnlyList<Claim> claims = Claims.In(findings.Numbers);
        if (claims.Count == 0)
        {
            return "";
        }

        // Roles by hand: cards are no table for a browser, but they are for whoever listens
        var html = new StringBuilder("<table class=\"claims\" role=\"table\">\n<caption>The paper's claims: ")
            .Append(Tally(claims))
            .Append("</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">");
        foreach (string head in new[] { "claim", "here", "holds if", "paper", "verdict", "figure" })
        {
            html.Append("<th scope=\"col\" role=\"columnheader\">").Append(head).Append("</th>");
        }

        html.Append("</tr></thead>\n<tbody role=\"rowgroup\">\n");
        foreach (Claim claim in claims)
        {
            AppendRow(html, claim, findings.Data.IsAsThePaper);
        }

        return html.Append("</tbody></table>\n").Append(Below(findings, claims)).ToString();
    }

    private static void AppendRow(StringBuilder html, Claim claim, bool isAsThePaper)
    {
        ClaimAttribute stated = claim.Stated;
        FigureAttribute figure = ClaimWords.Figure(stated);
        html.Append("<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">")
            .Append(Escape(stated.Words))
            .Append("</th>");
        Cell("here", string.Concat(ClaimWords.Listed(claim).Select(n => Line(claim, n))));
        Cell("holds if", Escape(Unbroken(stated.Rule)));
        Cell("paper", $"{Escape(ClaimWords.Paper(claim, isAsThePaper))}<small>{Escape(stated.Paper)}</small>");
        Cell("verdict", ClaimWords.Mark(claim.Verdict));
        Cell("figure", $"<a href=\"#{figure.Name}\">{Escape(figure.Paper)}</a>");
        html.Append("</tr>\n");

        void Cell(string head, string body) =>
            html.Append("<td role=\"cell\" data-head=\"").Append(head).Append("\">").Append(body).Append("</td>");
    }

    /// <summary>A rule whose signs stay with their numbers.</summary>
    private static string Unbroken(string rule) =>
        rule.Replace("> ", ">\u00a0", StringComparison.Ordinal).Replace("< ", "<\u00a0", StringComparison.Ordinal);

    /// <summary>A part with its interval; where parts differ, what each says.</summary>
    private static string Line(Claim claim, KeyNumber number)
    {
        bool differ = claim.Numbers.Any(n => n.Verdict != claim.Verdict) && ClaimWords.Listed(claim).Count() > 1;
        string note = ClaimWords.Note(claim, number) + (differ ? $"\u00a0{number.Verdict!.Value.Symbol()}" : "");
        return $"<span class=\"part\">{Escape(ClaimWords.Value(claim.Stated, number.Value))}"
            + (note.Length > 0 ? $"<small>{Escape(note)}</small>" : "")
            + "</span>";
    }

    private static string Tally(IReadOnlyList<Claim> claims)
    {
        int Of(ClaimVerdict verdict) => claims.Count(c => c.Verdict == verdict);
        return $"{Count(Of(ClaimVerdict.Holds))} of {Count(claims.Count)} hold here, "
            + $"{Count(Of(ClaimVerdict.NotSettled))} not settled, {Count(Of(ClaimVerdict.DoesNot))} not so";
    }

    private static string Below(Findings findings, IReadOnlyList<Claim> claims)
    {
        bool isAsThePaper = findings.Data.IsAsThePaper;
        ClaimAttribute[] missing = [.. Claims.AskedOf<Findings>().Except(claims.Select(c => c.Stated))],
            unasked = [.. missing.Where(m => m.IsByPapersNumber && !isAsThePaper)],
            several = [.. Claims.AskedOf<OverviewData>()];
        string[] absent = [.. missing.Except(unasked).Select(m => $"{m.Topic} ({m.Needs})")];
        string sentences =
            (absent.Length > 0 ? $" Not measured here: {string.Join(", ", absent)}." : "")
            + $" Over several models (an overview): {Topics(several)}."
            + (isAsThePaper ? "" : NotAsThePaper(unasked));
        return $"<p class=\"files\">{Escape(ClaimWords.Legend + sentences)}</p>\n{Rules(claims)}";
    }

    /// <summary>Why claims that the paper's own numbers decide are not judged.</summary>
    /// <param name="unasked">These.</param>
    public static string NotAsThePaper(IReadOnlyCollection<ClaimAttribute> unasked) =>
        " What f is, or what is asked, is not as in the paper, whose numbers are no thresholds here"
        + (unasked.Count > 0 ? $": {Topics(unasked)}." : ".");

    private static string Topics(IEnumerable<ClaimAttribute> of) => string.Join(", ", of.Select(m => m.Topic));

    /// <summary>What each number is and why its threshold.</summary>
    public static string Rules(IEnumerable<Claim> claims)
    {
        string rules = string.Concat(
            claims
                .Select(c => c.Stated)
                .Select(c =>
                    $"<dt>{Escape(c.Words)}</dt><dd>{Escape(c.Rule)}: {Escape(c.Why)} ({Escape(c.Paper)}; "
                    + $"<code>{Escape(string.Join(", ", c.Quantities))}</code>)</dd>\n"
                )
        );
        return $"<details class=\"rules\"><summary>what is judged, and why these thresholds</summary>\n<dl "
            + $"class=\"words\">\n{rules}</dl></details>\n";
    }
}
