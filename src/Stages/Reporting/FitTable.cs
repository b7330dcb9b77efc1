namespace Pipelines.Stages.Reporting;

/// <summary>
/// Table 2: R^2 and rho, mean, standard deviation and 95 % interval of the mean over samples, ours beside the paper's.
/// </summary>
internal static class FitTable
{
    /// <summary>Name of its file in <c>figures/</c>, without extension.</summary>
    public const string Name = "table2-fit";

    /// <summary>
    /// The table; null without a regression. For a model that is none of the paper's ten all of them are listed.
    /// </summary>
    public static FigureTable? Of(Findings findings)
    {
        if (findings.Fitted.Count == 0)
        {
            return null;
        }

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
        IEnumerable<Published> papers = findings.Published is { } same ? [same] : Published.All;
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
                .. papers.Select(p =>
                    (IReadOnlyList<object?>)
                        [p.Model, "paper", p.R2, p.R2Deviation, null, null, p.Rho, p.RhoDeviation, null, null, null]
                ),
            ]
        );
    }
}
