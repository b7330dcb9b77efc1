using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// What a run measured about a claim, or about a part of it: the very number that the figure's sentence states, so that
/// table and figure cannot disagree.
/// </summary>
/// <param name="Value">Mean with its interval.</param>
/// <param name="Demand">Where it has to lie.</param>
internal sealed record Evidence(Estimate Value, Demand Demand)
{
    /// <summary>The quantity; null = the claim's own.</summary>
    public string? Quantity { get; init; }

    /// <summary>Which part of the claim, where it has several of one quantity; else empty.</summary>
    public string Criterion { get; init; } = "";

    /// <summary>What chance alone would give; NaN = there is no such level.</summary>
    public double Chance { get; init; } = double.NaN;

    /// <summary>The paper's number for this model; NaN = it has none.</summary>
    public double Paper { get; init; } = double.NaN;

    /// <summary>The paper's standard deviation; NaN = it has none.</summary>
    public double PaperDeviation { get; init; } = double.NaN;

    /// <summary>What the interval says.</summary>
    public ClaimVerdict Verdict => Demand.Of(Value);

    /// <summary>
    /// A share against a chance that differs from sample to sample: judged by the difference within samples, and stated
    /// as the share, with the interval of that difference about the mean chance.
    /// </summary>
    /// <param name="excess">Share less chance, over samples.</param>
    /// <param name="chance">The mean chance.</param>
    /// <param name="demand">Above the chance, or below it.</param>
    public static Evidence BesideChance(Estimate excess, double chance, Demand demand)
    {
        Estimate share = excess.Less(-chance);
        // The interval of a difference about a constant may leave what a share can be
        return new(share with { Low = Math.Max(0, share.Low), High = Math.Min(1, share.High) }, demand)
        {
            Chance = chance,
        };
    }

    /// <summary>The part that decides over a claim: the first with the weakest verdict.</summary>
    /// <param name="parts">All parts, one at least.</param>
    public static Evidence Deciding(IReadOnlyList<Evidence> parts) => parts.MaxBy(p => p.Verdict)!;

    /// <summary>The number of the report.</summary>
    /// <param name="quantity">The claim's.</param>
    public KeyNumber ToNumber(string quantity) =>
        new(Quantity ?? quantity, Criterion, Value, 0, Paper, PaperDeviation, Chance, Verdict);
}
