using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Table 2: R^2 and rho, mean, standard deviation and 95 % interval of the mean over samples, ours beside the paper's.
/// </summary>
[Figure(Name, Section.Fit, Paper = "Table 2")]
internal sealed class FitTable : IPageTable<Findings>
{
    private const string Name = "table2-fit";

    /// <summary>
    /// The table; null without a regression. For a model that is none of the paper's ten all of them are listed.
    /// </summary>
    public static PageTable? Of(Findings findings) =>
        findings.Fitted.Count == 0 ? null : new PageTable(Html(findings), Data(findings));

    private static FigureTable Data(Findings findings)
    {
        IReadOnlyList<object?> ours =
        [
            findings.Data.Model.Name,
            "this run",
            findings.R2.Mean,
            findings.R2.Deviation,
            findings.R2.Low,
            findings.R2.High,
            findings.Rho.Mean,
            findings.Rho.Deviation,
            findings.Rho.Low,
            findings.Rho.High,
            findings.Fitted.Count,
        ];
        return new FigureTable(
            [
                "model",
                "source",
                "r2",
                "r2_sd",
                "r2_low95",
                "r2_high95",
                "rho",
                "rho_sd",
                "rho_low95",
                "rho_high95",
                "samples",
            ],
            [
                ours,
                .. findings.Papers.Select(p =>
                    (IReadOnlyList<object?>)
                        [p.Model, "paper", p.R2, p.R2Deviation, null, null, p.Rho, p.RhoDeviation, null, null, null]
                ),
            ]
        );
    }

    private static string Html(Findings findings)
    {
        string[] Paper(Published p) =>
            [
                p.Model + ", paper",
                $"{Fixed(p.R2, 2)} ± {Fixed(p.R2Deviation, 2)}",
                $"{Fixed(p.Rho, 2)} ± {Fixed(p.RhoDeviation, 2)}",
                "",
            ];
        string[] ours =
        [
            findings.Data.Model.Name + ", this run",
            Sentences.WithInterval(findings.R2),
            Sentences.WithInterval(findings.Rho),
            Count(findings.Fitted.Count),
        ];
        (string, bool)[] columns = [("model", false), ("R²", true), ("ρ", true), ("samples", true)];
        string note =
            "<p class=\"files\">Table 2 of the paper: mean ± standard deviation over samples [95 % interval of the "
            + $"mean] · <a href=\"figures/{Name}.csv\">CSV</a></p>\n";
        if (findings.Published is { } same)
        {
            return PageSections.Table(columns, [ours, Paper(same)]) + note;
        }

        if (!findings.Papers.Any())
        {
            return PageSections.Table(columns, [ours]) + note;
        }

        string papers = PageSections.Table(columns[..3], Published.All.Select(p => Paper(p)[..3]));
        return PageSections.Table(columns, [ours])
            + note
            + $"<details><summary>the paper's ten models, for orientation</summary>{papers}</details>\n";
    }
}
