using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Table 3: the share of phi(x*) that is kept with the important text tokens only, ours beside the paper's.
/// </summary>
[Figure(Name, Section.Tokens, Paper = "Table 3")]
internal sealed class LogitKeptTable : IPageTable<Findings>
{
    private const string Name = "table3-logit-kept";

    /// <summary>
    /// The table; null without token tracing. For a model that is none of the paper's ten all of them are listed,
    /// unless f or what is asked is not the paper's.
    /// </summary>
    public static PageTable? Of(Findings findings) =>
        findings.Tokens is { } tokens ? new PageTable(Html(findings, tokens), Data(findings, tokens)) : null;

    private static FigureTable Data(Findings findings, TokenFindings tokens)
    {
        Estimate kept = tokens.LogitKept;
        IReadOnlyList<object?> ours =
        [
            findings.Data.Model.Name,
            "this run",
            kept.Mean,
            kept.Deviation,
            kept.Low,
            kept.High,
            tokens.TokensKept.Mean,
            tokens.TokensKept.Low,
            tokens.TokensKept.High,
            kept.Count,
        ];
        return new FigureTable(
            [
                "model",
                "source",
                "logit_kept",
                "logit_kept_sd",
                "low95",
                "high95",
                "important_tokens",
                "important_tokens_low95",
                "important_tokens_high95",
                "samples",
            ],
            [
                ours,
                .. findings.Papers.Select(p =>
                    (IReadOnlyList<object?>)[p.Model, "paper", p.LogitKept, null, null, null, null, null, null, null]
                ),
            ]
        );
    }

    private static string Html(Findings findings, TokenFindings tokens)
    {
        (string, bool)[] columns =
        [
            ("model", false),
            (findings.Data.MeasuresAdjustedLogit ? "logit kept" : "φ(x*) kept", true),
            ("important text tokens", true),
            ("samples", true),
        ];
        string[] ours =
        [
            findings.Data.Model.Name + ", this run",
            Sentences.PlusMinus(tokens.LogitKept) + tokens.LogitKept.Bracket(Score),
            Sentences.Interval(tokens.TokensKept),
            Count(tokens.LogitKept.Count),
        ];
        string[] Paper(Published p) => [p.Model + ", paper", Fixed(p.LogitKept, 2), "", ""];
        string note =
            $"<p class=\"files\">Table 3 of the paper: φ(x*, u*, 1) / φ(x*), mean ± standard deviation over samples "
            + $"[95 % interval of the mean] · <a href=\"figures/{Name}.csv\">CSV</a></p>\n";
        if (findings.Published is { } same)
        {
            return PageSections.Table(columns, [ours, Paper(same)]) + note;
        }

        if (!findings.Papers.Any())
        {
            return PageSections.Table(columns, [ours]) + note;
        }

        string papers = PageSections.Table(columns[..2], Published.All.Select(p => Paper(p)[..2]));
        return PageSections.Table(columns, [ours])
            + note
            + $"<details><summary>the paper's ten models, for orientation</summary>{papers}</details>\n";
    }
}
