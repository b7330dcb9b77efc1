using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Reporting;

/// <summary>Paper, 4.3: "important heads are generally located in the middle to later layers".</summary>
[Claim(
    6,
    "late_heads",
    "Important heads lie in the middle to late layers",
    Paper = "§4.3, Fig. 3C, 12",
    Number = "mid-to-late in ten models (drawn)",
    Rule = "> chance",
    Why = "share of x* beyond the first third of the layers; chance is the share of all heads that lie there",
    Topic = "layers of important heads",
    Needs = "validate by head-attribution",
    Figure = typeof(HeadFrequencyFigure),
    Unit = ClaimUnit.Share
)]
internal sealed class LateHeads : IClaim<Findings>
{
    private const double Early = 1.0 / 3; // of the layers, by the middle of each

    /// <inheritdoc/>
    public static IReadOnlyList<Evidence> Of(Findings findings)
    {
        int layers = findings.Data.Model.Layers;
        bool IsLate(int layer) => layer + 0.5 >= Early * layers;
        double chance = Enumerable.Range(0, layers).Count(IsLate) / (double)layers;
        Estimate share = findings.Mean(
            findings
                .SelectedHeads.Where(heads => heads.Count > 0)
                .Select(heads => heads.Count(n => IsLate(n / findings.Data.Model.Heads)) / (double)heads.Count)
        );
        return share.Count == 0 ? [] : [new Evidence(share, Demand.MoreThan(chance)) { Chance = chance }];
    }
}
