namespace Pipelines.Stages.Reporting;

/// <summary>Table 2: R^2 and rho, mean and standard deviation over samples, ours beside the paper's.</summary>
internal static class FitTable
{
    /// <summary>Name of its file in <c>figures/</c>, without extension.</summary>
    public const string Name = "table2-fit";

    /// <summary>The table; null without a regression. For a model that is none of the paper's ten all of them are listed.</summary>
    public static FigureTable? Of(Findings findings)
    {
        if (findings.Fitted.Count == 0)
        {
            return null;
        }

        IReadOnlyList<object?> ours = [findings.Data.Model.Name, "this run", findings.R2.Mean, findings.R2.Deviation, findings.Rho.Mean, findings.Rho.Deviation, findings.Fitted.Count];
        IEnumerable<Published> papers = findings.Published is { } same ? [same] : Published.All;
        return new FigureTable(
            ["model", "source", "r2", "r2_sd", "rho", "rho_sd", "samples"],
            [ours, .. papers.Select(p => (IReadOnlyList<object?>)[p.Model, "paper", p.R2, p.R2Deviation, p.Rho, p.RhoDeviation, null])]);
    }
}
