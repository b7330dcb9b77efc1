using System.Globalization;
using System.Text;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// The top of the page: the finding in a sentence, the paper's claims, heads needed per criterion, key numbers.
/// </summary>
internal static class SummarySection
{
    /// <summary>The summary.</summary>
    public static string Of(Findings findings) =>
        $"<p class=\"headline\">{Escape(Headline(findings))}</p>\n"
        + Warnings(findings)
        + ClaimTable.Of(findings)
        + HeadsNeeded(findings)
        + Numbers(findings);

    /// <summary>The finding in a sentence.</summary>
    internal static string Headline(Findings findings)
    {
        string share = Percent(findings.Data.FaithfulnessThreshold);
        if (findings.Criterion(Criteria.HeadAttribution) is { Faithful.Mean: { Count: > 0 } needed })
        {
            CriterionFindings attribution = findings.Criterion(Criteria.HeadAttribution)!;
            string start =
                $"{Sentences.Interval(needed)} of {Count(findings.HeadCount)} heads "
                + $"({Percent(needed.Mean / findings.HeadCount)}), ranked by head attribution, carry {share} of what "
                + "the picture adds to the answer";
            return
                findings.Criterion(Criteria.Random) is { Faithful.Mean: { Count: > 0 } random } other
                && findings.Ratio(other.Faithful, attribution.Faithful) is { Count: > 0 } ratio
                ? $"{start}; in random order it takes {Sentences.Interval(random)}, "
                    + $"{Verdicts.Number(ratio, 1)} times as many{TimesAsMany(ratio)}."
                : start + ".";
        }

        return findings.Fitted.Count > 0
            ? $"A sum of single heads explains {Verdicts.Share(findings.R2)} of the variance of "
                + $"{findings.Data.Measured} over {Many(findings.Fitted.Count, "sample")}."
            : $"{Answered(findings.Data)}; {Count(findings.Data.Rejected.Count)} left out.";
    }

    private static string Answered(ReportData data)
    {
        SampleRow[] kept = [.. data.Tables.Rows<SampleRow>().Where(r => r.Status == SampleRow.Kept)];
        int wrong = kept.Count(r => r.Verdict == SampleRow.Wrong);
        string samples = Many(data.Samples.Count, "sample");
        return wrong > 0 ? $"{samples} answered, {Count(wrong)} of them wrongly"
            : kept.Any(r => r.Verdict == SampleRow.Right) ? $"{samples} answered correctly"
            : $"{samples} answered, {Sentences.NoneJudged(data.HasLabels || data.HasOwnQuestions)}";
    }

    /// <summary>What follows a ratio that the samples do not tell from one.</summary>
    private static string TimesAsMany(Estimate ratio) =>
        Verdicts.Against(
            ratio,
            1,
            "",
            "",
            ", which the samples do not tell from as many",
            $" ({Verdicts.Few(ratio.Count)})"
        );

    /// <summary>What makes the numbers below doubtful.</summary>
    private static string Warnings(Findings findings) =>
        string.Concat(
            findings
                .Rows<Convergence>()
                .Where(c => c.Unfinished > 0)
                .Select(c => $"<p class=\"warning\" role=\"note\">{Escape(c.Sentence)}</p>\n")
        );

    private static string HeadsNeeded(Findings findings)
    {
        if (findings.Criteria.Count == 0)
        {
            return "";
        }

        double most = Math.Max(
            1,
            findings
                .Criteria.SelectMany(c => new[] { c.Faithful.Mean.Mean, c.Complete.Mean.Mean })
                .Where(double.IsFinite)
                .DefaultIfEmpty(1)
                .Max()
        );
        int decimals = most < 100 ? 1 : 0; // of all cells: a column has one precision
        var html = new StringBuilder("<div class=\"scroll\"><table><thead><tr><th>heads ranked by</th>");
        html.Append("<th>heads needed, faithfulness &gt; ")
            .Append(Tick(findings.Data.FaithfulnessThreshold))
            .Append("</th><th>heads needed, completeness &lt; ")
            .Append(Tick(findings.Data.CompletenessThreshold))
            .Append("</th></tr></thead><tbody>\n");
        foreach (CriterionFindings criterion in findings.Criteria)
        {
            html.Append(criterion.Criterion == Criteria.HeadAttribution ? "<tr class=\"lead\"><td>" : "<tr><td>")
                .Append(Swatch(criterion.Ink))
                .Append(Escape(criterion.Title))
                .Append("</td>")
                .Append(Needed(criterion, criterion.Faithful, most, decimals))
                .Append(Needed(criterion, criterion.Complete, most, decimals))
                .Append("</tr>\n");
        }

        return html.Append("</tbody></table></div>\n").ToString();
    }

    private static string Needed(CriterionFindings criterion, HeadsNeeded needed, double most, int decimals)
    {
        Estimate mean = needed.Mean;
        if (mean.Count == 0)
        {
            return "<td>not reached</td>";
        }

        string interval = mean.HasInterval ? $"<small>{mean.Bracket(v => Fixed(v, decimals))}</small>" : "";
        string missing =
            needed.NotReached > 0 ? $" <small>{Many(needed.NotReached, "sample")} not reached</small>" : "";
        string width = (90 * mean.Mean / most).ToString("0.#", CultureInfo.InvariantCulture);
        return $"<td>{Fixed(mean.Mean, decimals)}{interval}{missing}<span class=\"bar\" "
            + $"style=\"width:{width}%;background:var(--{criterion.Ink.Name})\"></span></td>";
    }

    private static string Swatch(Ink ink) => $"<span class=\"swatch\" style=\"background:var(--{ink.Name})\"></span>";

    private static string Numbers(Findings findings)
    {
        ReportData data = findings.Data;
        var html = new StringBuilder("<dl class=\"numbers\">\n");
        void Number(string label, string value, string note) =>
            html.Append("<div><dt>")
                .Append(Escape(label))
                .Append("</dt><dd>")
                .Append(Escape(value))
                .Append("<small>")
                .Append(Escape(note))
                .Append("</small></dd></div>\n");

        string Spread(Estimate mean) =>
            double.IsFinite(mean.Deviation)
                ? $"± {Fixed(mean.Deviation, mean.Deviation < 0.005 ? 3 : 2)} over samples{Sentences.OfMean(mean)}"
                : "";
        string Note(Estimate mean, string paper) =>
            string.Join("; ", new[] { Spread(mean), paper }.Where(part => part.Length > 0));
        string Paper(Func<Published, double> mean, Func<Published, double> deviation) =>
            findings.Published is { } paper ? $"paper: {Fixed(mean(paper), 2)} ± {Fixed(deviation(paper), 2)}"
            : !findings.Papers.Any() ? ""
            : $"paper's ten models: {Fixed(Published.All.Min(mean), 2)} to {Fixed(Published.All.Max(mean), 2)}";
        if (findings.Fitted.Count > 0)
        {
            Number(
                "R² on test masks",
                Sentences.MeanScore(findings.R2),
                Note(findings.R2, Paper(p => p.R2, p => p.R2Deviation))
            );
            Number(
                "ρ on test masks",
                Sentences.MeanScore(findings.Rho),
                Note(findings.Rho, Paper(p => p.Rho, p => p.RhoDeviation))
            );
        }

        Number(
            "samples",
            Count(data.Samples.Count),
            data.Rejected.Count > 0 ? $"{Count(data.Rejected.Count)} left out" : "none left out"
        );
        if (data.Masks > 0)
        {
            string range = findings.MasksDiffer
                ? $"{Count(findings.MaskCounts.Min())} to "
                    + $"{Count(findings.MaskCounts.Max())}{OfMeanMasks(findings)}; "
                : "";
            Number(
                findings.MasksDiffer ? "masks a sample, mean" : "masks a sample",
                Fixed(findings.MaskCounts.Count > 0 ? findings.MaskCounts.Average() : data.Masks, 0),
                $"{range}{Percent(data.Ablate)} of heads ablated"
            );
        }

        Number("heads", Count(findings.HeadCount), $"{Count(data.Model.Layers)} layers × {Count(data.Model.Heads)}");
        return html.Append("</dl>\n").ToString();
    }

    /// <summary>Masks of the samples: "1,000 masks each", or their range and mean.</summary>
    public static string Masks(Findings findings) =>
        findings.MasksDiffer
            ? $"{Count(findings.MaskCounts.Min())} to {Count(findings.MaskCounts.Max())} masks (mean "
                + $"{Fixed(findings.MaskCounts.Average(), 0)})"
            : $"{Count(findings.MaskCounts.Count > 0 ? findings.MaskCounts[0] : findings.Data.Masks)} masks each";

    /// <summary>The 95 % interval of the mean number of masks.</summary>
    private static string OfMeanMasks(Findings findings) =>
        findings.Mean(findings.MaskCounts.Select(m => (double)m)) is { HasInterval: true } mean
            ? ", mean in" + mean.Bracket(v => Fixed(v, 0))
            : "";
}
