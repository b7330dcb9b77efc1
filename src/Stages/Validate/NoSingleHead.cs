using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Reporting;

/// <summary>Paper, 4.1: "no head accounts for more than 5 % of the logit difference in 80 % of the cases".</summary>
[Claim(
    2,
    "no_single_head",
    "No single head carries the picture",
    Paper = "§4.1, Fig. 7",
    Number = "80\u202f% of the cases (LLaVA-1.5-7B)",
    Rule = "> 50\u202f%",
    Why = "share of samples in which no head alone takes away more than 5\u202f% of the picture's effect; half is most",
    Topic = "single heads",
    Needs = "validate by causal",
    Figure = typeof(SingleHeadFigure),
    Unit = ClaimUnit.Share
)]
internal sealed class NoSingleHead : IClaim<Findings>
{
    /// <summary>A head matters alone where its delta is above this (paper, 4.1).</summary>
    public const double Notable = 0.05;

    /// <inheritdoc/>
    public static IReadOnlyList<Evidence> Of(Findings findings)
    {
        SampleResult[] samples = [.. findings.Samples.Where(s => IsKnown(findings, s))];
        return samples.Length == 0
            ? []
            :
            [
                // Wilson's interval has a width where all samples agree, as they may
                new Evidence(
                    Wilson.Of(samples.Count(s => Greatest(s) <= Notable), samples.Length),
                    Demand.MoreThan(0.5)
                )
                {
                    Paper = findings.Published is { IsMain: true } ? Published.NoSingleHead : double.NaN,
                },
            ];
    }

    /// <summary>A sample of which nothing is defined is no sample without such a head.</summary>
    private static bool IsKnown(Findings findings, SampleResult sample) =>
        sample.SingleHead.Count == findings.HeadCount && sample.SingleHead.Any(double.IsFinite);

    /// <summary>The most that one head alone takes away.</summary>
    public static double Greatest(SampleResult sample) =>
        sample.SingleHead.Where(double.IsFinite).DefaultIfEmpty(0).Max();
}
