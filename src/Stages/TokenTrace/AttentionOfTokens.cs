namespace Pipelines.Stages.Reporting;

/// <summary>Paper, 5.2: "the attention weights correlate with the attribution coefficients to some extent".</summary>
[Claim(
    15,
    "token_attention_rho",
    "Attention tells to some extent which image tokens count",
    Paper = "§5.2, Fig. 4C",
    Number = "ρ 0.70 (LLaVA-1.5-7B)",
    Rule = "> 0.3",
    Why = "Pearson correlation of β and weighted attention over image tokens; beyond it, it is more than a tenth of "
        + "the variance",
    Topic = "attention of image tokens",
    Needs = "token-trace",
    Figure = typeof(WeightedAttentionFigure)
)]
internal sealed class AttentionOfTokens : IClaim<Findings>
{
    /// <inheritdoc/>
    public static IReadOnlyList<Evidence> Of(Findings findings) =>
        findings.Tokens is { Attributed.Count: > 0 } tokens && double.IsFinite(tokens.PooledRho.Mean)
            ?
            [
                new Evidence(tokens.PooledRho, Demand.MoreThan(AttentionOfHeads.Weak))
                {
                    Paper = findings.Published is { IsMain: true } ? Published.AttentionOfTokens : double.NaN,
                },
            ]
            : [];
}
