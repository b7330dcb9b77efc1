namespace Pipelines.Stages.Reporting;

/// <summary>Paper, C.2: "most top-ranked heads transfer semantically relevant information in text".</summary>
[Claim(
    16,
    "heads_naming_answer",
    "Most top heads write towards the answer",
    Paper = "§C.2, Fig. 8",
    Number = "most (drawn, LLaVA-1.5-7B)",
    Rule = "> 50\u202f%",
    Why = "share of a sample's strongest heads that have the answer's token among their top items; half is most",
    Topic = "what heads write",
    Needs = "logit-lens",
    Figure = typeof(LogitLensFigure),
    Unit = ClaimUnit.Share
)]
internal sealed class WordsOfHeads : IClaim<Findings>
{
    /// <inheritdoc/>
    public static IReadOnlyList<Evidence> Of(Findings findings) =>
        LogitLensFigure.NamingOf(findings) is { Count: > 0 } share ? [new Evidence(share, Demand.MoreThan(0.5))] : [];
}
