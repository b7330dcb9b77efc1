namespace Pipelines.Stages.Reporting;

/// <summary>Paper, 4.1: "R^2 exceeds 0.77 for all models".</summary>
[Claim(
    1,
    KeyNumbers.R2,
    "A sum of single heads predicts the logit",
    Paper = "§4.1, Table 2",
    Number = "R² 0.77 to 0.92 over ten models",
    Rule = "R² > 0.77",
    Why = "R² on masks that did not train; 0.77 is the least of the paper's ten models",
    Topic = "the linear fit",
    Needs = "regress",
    Figure = typeof(FitFigure),
    IsByPapersNumber = true
)]
internal sealed class LinearFit : IClaim<Findings>
{
    /// <inheritdoc/>
    public static IReadOnlyList<Evidence> Of(Findings findings) =>
        findings.Fitted.Count == 0 || !findings.Data.IsAsThePaper
            ? []
            :
            [
                new Evidence(findings.R2, Demand.MoreThan(Published.All.Min(p => p.R2)))
                {
                    Paper = findings.Published?.R2 ?? double.NaN,
                    PaperDeviation = findings.Published?.R2Deviation ?? double.NaN,
                },
            ];
}
