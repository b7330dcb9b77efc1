using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Paper, 4.2: "head attribution requires the fewest heads to achieve the same faithfulness and completeness". A part
/// is a criterion of the paper and a threshold: heads that it needs by those of head attribution, in the samples in
/// which they cross.
/// </summary>
[Claim(
    3,
    Quantity,
    "Head attribution needs the fewest heads",
    Paper = "§4.2, Fig. 3A, 11",
    Number = "fewest in all ten models (drawn)",
    Rule = "> 1 ×",
    Why = "heads that causal, attention and random need by those of head attribution, for faithfulness and for "
        + "completeness, over the samples in which they cross (where head attribution does not, it takes all heads); "
        + "each has to, the nearest is shown",
    Topic = "criteria that rank heads",
    Needs = "validate by head-attribution and others",
    Figure = typeof(HeadsNeededFigure),
    Unit = ClaimUnit.Times
)]
internal sealed class FewestHeads : IClaim<Findings>
{
    /// <summary>Heads that another criterion needs by those of head attribution.</summary>
    public const string Quantity = "rival_heads";

    private static readonly string[] Rivals = [Criteria.Causal, Criteria.Attention, Criteria.Random];

    /// <inheritdoc/>
    public static IReadOnlyList<Evidence> Of(Findings findings) =>
        findings.Criterion(Criteria.HeadAttribution) is not { } own
            ? []
            :
            [
                .. from rival in findings.Criteria.Where(c => Rivals.Contains(c.Criterion))
                from needed in new (string Of, Func<CriterionFindings, HeadsNeeded> By)[]
                {
                    ("faithfulness", c => c.Faithful),
                    ("completeness", c => c.Complete),
                }
                let rivals = needed.By(rival).BySample
                let ratio = findings.Ratio(rivals, Filled(findings, needed.By(own).BySample, rivals))
                where ratio.Count > 0
                orderby ratio.Mean, ratio.Low
                select new Evidence(ratio, Demand.MoreThan(1)) { Criterion = $"{rival.Criterion}, {needed.Of}" },
            ];

    /// <summary>
    /// Heads of head attribution in the samples of a rival. Leaving those out in which it alone does not cross would
    /// let it win by its best samples; all heads are the most that it may need.
    /// </summary>
    private static Dictionary<string, double> Filled(
        Findings findings,
        IReadOnlyDictionary<string, double> own,
        IReadOnlyDictionary<string, double> rivals
    )
    {
        var scanned = findings
            .Rows<ValidationRow>()
            .Where(r => r.Criterion == Criteria.HeadAttribution)
            .Select(r => r.SampleId)
            .ToHashSet(StringComparer.Ordinal);
        return rivals
            .Keys.Where(scanned.Contains)
            .ToDictionary(s => s, s => own.GetValueOrDefault(s, findings.HeadCount), StringComparer.Ordinal);
    }

    /// <summary>What the nearest rival says of the paper's finding, as the figure tells it; else empty.</summary>
    public static string Sentence(Findings findings)
    {
        if (Of(findings) is not { Count: > 0 } parts)
        {
            return "";
        }

        var nearest = Evidence.Deciding(parts);
        string both = parts.Select(p => p.Criterion.Split(", ")[1]).Distinct().Count() > 1 ? " in both" : "";
        string[] part = nearest.Criterion.Split(", ");
        string rival = Criteria.Title(part[0]),
            takes = $"takes {Verdicts.Number(nearest.Value)} times as many heads for {part[1]}";
        return nearest.Verdict switch
        {
            ClaimVerdict.Holds => $" Of the paper's criteria head attribution comes first{both}, as in the paper: the "
                + $"nearest, {rival}, {takes}.",
            ClaimVerdict.DoesNot => $" Unlike in the paper, where head attribution comes first{both}, {rival} {takes}.",
            _ when !nearest.Value.CanTell => $" The paper finds head attribution first{both}; "
                + $"{Verdicts.Few(nearest.Value.Count)}.",
            _ => $" The paper finds head attribution first{both}, which the samples do not tell: {rival} {takes}.",
        };
    }
}
