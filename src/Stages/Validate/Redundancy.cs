namespace Pipelines.Stages.Reporting;

/// <summary>
/// Paper, 4.2: "the number of heads required to achieve the same level of completeness is significantly larger than
/// that required for faithfulness", since other heads stand in for those that are ablated.
/// </summary>
[Claim(
    4,
    Quantity,
    "Other heads stand in for those that are ablated",
    Paper = "§4.2, Fig. 3A",
    Number = "more for completeness (drawn)",
    Rule = "> 1 ×",
    Why = "heads for completeness by heads for faithfulness, in the order of head attribution",
    Topic = "redundancy",
    Needs = "validate",
    Figure = typeof(HeadsNeededFigure),
    Unit = ClaimUnit.Times
)]
internal sealed class Redundancy : IClaim<Findings>
{
    /// <summary>Heads for completeness by those for faithfulness.</summary>
    public const string Quantity = "redundancy";

    /// <inheritdoc/>
    public static IReadOnlyList<Evidence> Of(Findings findings) =>
        Lead(findings) is { } lead && findings.Ratio(lead.Complete, lead.Faithful) is { Count: > 0 } ratio
            ?
            [
                new Evidence(ratio, Demand.MoreThan(1))
                {
                    Criterion = lead.Criterion == Criteria.HeadAttribution ? "" : lead.Criterion,
                },
            ]
            : [];

    /// <summary>The criterion by which it is told: head attribution, where it was validated.</summary>
    public static CriterionFindings? Lead(Findings findings) =>
        findings.Criterion(Criteria.HeadAttribution) ?? (findings.Criteria.Count > 0 ? findings.Criteria[0] : null);
}
