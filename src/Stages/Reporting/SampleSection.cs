using System.Text;
using Pipelines.Models.Vision;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>The typical sample with its picture, question and answer; then every sample as a card.</summary>
internal static class SampleSection
{
    private const int CardsShown = 24,
        RejectedShown = 200,
        ReasonsShown = 8,
        StrongestShown = 3;

    /// <summary>The sample with the median R^2.</summary>
    public static string Typical(Findings findings)
    {
        if (findings.Typical is not { } sample)
        {
            return "";
        }

        var html = new StringBuilder("<div class=\"sample\">\n");
        html.Append("<div>")
            .Append(Picture(sample))
            .Append("<p class=\"files\">")
            .Append(Escape(sample.File))
            .Append(
                findings.Fitted.Count > 2
                    ? $" – the sample with the median R² of {Count(findings.Fitted.Count)}: neither the best "
                        + $"nor the worst."
                    : ""
            )
            .Append(
                findings.Data.QuestionsDiffer ? " Each picture is asked its own question; this is the sample's." : ""
            )
            .Append("</p></div>\n<div>\n<p class=\"say q\">")
            .Append(Escape(sample.Question ?? (findings.Data.HasOwnQuestions ? "" : findings.Data.Question)))
            .Append("</p>\n<p class=\"say a\">")
            .Append(Escape(sample.Answer))
            .Append("</p>\n");
        return html.Append(PageSections.Table([("", false), ("", true)], Rows(findings, sample)))
            .Append("</div>\n</div>\n")
            .ToString();
    }

    /// <summary>Cards of the samples, and the table of those left out.</summary>
    /// <param name="findings">What is shown.</param>
    /// <param name="hasExplorer">Whether the page has an explorer, to which a sample can lead.</param>
    public static string All(Findings findings, bool hasExplorer)
    {
        ReportData data = findings.Data;
        var html = new StringBuilder();
        if (data.Samples.Count > 0)
        {
            html.Append("<p>")
                .Append(
                    findings.Fitted.Count > 0
                        ? $"Each picture beside its β by layer and head (orange raises {data.Measured}, blue "
                            + "lowers it; each map has its own scale). The same places light up where samples "
                            + "share heads."
                        : ""
                )
                .Append("</p>\n<ul class=\"cards\">\n");
            html.Append(
                    string.Concat(
                        findings.Samples.Take(CardsShown).Select((sample, i) => Card(findings, sample, i, hasExplorer))
                    )
                )
                .Append("</ul>\n");
            html.Append(
                data.Samples.Count > CardsShown
                    ? $"<p class=\"files\">The first {Count(CardsShown)} of {Count(data.Samples.Count)} samples in "
                        + $"seed order; all are in the tables.</p>\n"
                    : ""
            );
        }

        return html.Append(Rejected(data)).ToString();
    }

    private static IEnumerable<IEnumerable<object?>> Rows(Findings findings, SampleResult sample)
    {
        if (sample.Category.Length > 0)
        {
            yield return ["category", sample.Category];
        }

        if (sample.Given.Length > 0)
        {
            yield return ["given before the target", $"“{sample.Given}”"];
        }

        if (sample.Target.Length > 0)
        {
            yield return ["target token", $"“{sample.Target}”"];
        }

        if (sample.Against is { } against)
        {
            yield return ["measured against", $"“{against}”"];
        }

        if (sample.Mass is { } mass)
        {
            yield return ["share of the probability", mass];
        }

        yield return ["f(1), heads intact", Fixed(sample.Intact, 2)];
        yield return ["f(0), heads ablated", Fixed(sample.Ablated, 2)];
        if (sample.Beta.Count != findings.HeadCount)
        {
            yield break;
        }

        yield return ["fit R², ρ", $"{Fixed(sample.R2, 2)}, {Fixed(sample.Rho, 2)}"];
        if (
            findings.Criterion(Criteria.HeadAttribution) is { } attribution
            && attribution.Faithful.BySample.TryGetValue(sample.SampleId, out double k)
        )
        {
            yield return
            [
                $"faithfulness > {Tick(findings.Data.FaithfulnessThreshold)}",
                $"{Heads(k)} of {Count(findings.HeadCount)} heads",
            ];
        }

        int heads = findings.Data.Model.Heads;
        yield return
        [
            "strongest heads (β)",
            string.Join(
                ", ",
                Findings
                    .Ranking(sample.Beta)
                    .Take(StrongestShown)
                    .Select(n =>
                        $"layer\u00a0{Count(n / heads)}\u00a0head\u00a0{Count(n % heads)}\u00a0({Beta(sample.Beta[n])})"
                    )
            ),
        ];
    }

    private static string Card(Findings findings, SampleResult sample, int index, bool hasExplorer)
    {
        bool fitted = sample.Beta.Count == findings.HeadCount;
        string map = fitted ? BetaFigure.Card(findings, sample, "card" + Exact(index), 108) : "";
        string needed =
            findings.Criterion(Criteria.HeadAttribution) is { } c
            && c.Faithful.BySample.TryGetValue(sample.SampleId, out double k)
                ? $" · {Heads(k)} {(k == 1 ? "head" : "heads")}"
                : "";
        string fit = fitted ? $"R² {Fixed(sample.R2, 2)}{needed}" : $"f(1) {Fixed(sample.Intact, 1)}";
        string asked = sample.Question is { } question
            ? $"<span class=\"q\" title=\"{Escape(question)}\">{Escape(Cut(question, 80))}</span>"
            : "";
        string id = Uri.EscapeDataString(sample.SampleId),
            called = string.IsNullOrWhiteSpace(sample.Answer) ? "(empty)" : Escape(sample.Answer);
        return $"<li><div class=\"pair\">{Picture(sample)}{map}</div>"
            + $"{asked}<b>{(hasExplorer ? $"<a href=\"#sample={id}\">{called}</a>" : called)}</b>"
            + $"<span>{Escape(fit)}</span></li>\n";
    }

    private static string Rejected(ReportData data)
    {
        if (data.Rejected.Count == 0)
        {
            return "";
        }

        var reasons = data
            .Rejected.GroupBy(r => r.Reason)
            .OrderByDescending(g => g.Count())
            .ThenBy(g => g.Key, StringComparer.Ordinal);
        string list = PageSections.Table(
            data.HasOwnQuestions
                ? [("file", false), ("question", false), ("answer", false), ("reason", false)]
                : [("file", false), ("answer", false), ("reason", false)],
            data.Rejected.Take(RejectedShown)
                .Select(r =>
                    data.HasOwnQuestions
                        ? new object?[] { r.File, Cut(r.Question, 80), r.Answer, r.Reason }
                        : [r.File, r.Answer, r.Reason]
                )
        );
        string cut =
            data.Rejected.Count > RejectedShown
                ? $"<p>The first {Count(RejectedShown)}; all are in the table samples.</p>"
                : "";
        return "<h3>Left out</h3>\n"
            + PageSections.Table(
                [("reason", false), ("samples", true)],
                reasons.Take(ReasonsShown).Select(g => new object?[] { g.Key, g.Count() })
            )
            + $"<details><summary>each of them</summary>{cut}{list}</details>\n";
    }

    private static string Picture(SampleResult sample)
    {
        if (sample.Picture is not { Length: > 0 } bytes)
        {
            return "";
        }

        string shows = sample.Category.Length > 0 ? $"Picture of {sample.Category}, {sample.File}" : sample.File;
        return $"<img alt=\"{Escape(shows)}\" src=\"{DataAddress(bytes)}\">";
    }

    /// <summary>A picture's file as an address that holds it whole.</summary>
    internal static string DataAddress(byte[] file)
    {
        // The formats are called as their media types
        string kind = PictureFormats.Of(file).ToString().ToLowerInvariant();
        return $"data:image/{kind};base64,{Convert.ToBase64String(file)}";
    }
}
