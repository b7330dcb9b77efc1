using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Paper, 5.1: image information "only flows to the role tokens and the final token", which keep "97.7 ± 1.8 % of the
/// logit", and "no significant information is transferred to the question tokens".
/// </summary>
[Claim(
    13,
    "role_tokens",
    "The picture reaches the role and final tokens, not the question",
    AlsoOf = KeyNumbers.LogitKept,
    Paper = "§5.1, Fig. 4A, 15, Table 3",
    Number = "82 to 99\u202f% of the logit is kept (ten models)",
    Rule = "last tokens > 90\u202f%, or question < 10\u202f%; kept > 82\u202f%",
    Why = "share of a sample's δ on its last 5 tokens (where questions differ, on the question: < 10\u202f%, next to "
        + "nothing); share of φ(x*) that the important tokens keep: the least of Table 3",
    Topic = "text tokens",
    Needs = "token-trace",
    Figure = typeof(TextTokensFigure),
    Unit = ClaimUnit.Share
)]
internal sealed class RoleTokens : IClaim<Findings>
{
    /// <summary>Tokens at the end: the role and the last one.</summary>
    public const int Late = 5;

    private const double NextToNothing = 0.1; // of a sample's delta

    /// <inheritdoc/>
    public static IReadOnlyList<Evidence> Of(Findings findings) =>
        findings.Tokens is { } tokens && Where(tokens) is { } place
            ? [place, .. findings.Data.IsAsThePaper ? [Kept(findings, tokens)] : Array.Empty<Evidence>()]
            : [];

    /// <summary>Where the delta of a sample lies; null where that is not known.</summary>
    public static Evidence? Where(TokenFindings tokens)
    {
        if (tokens.Roles is { } roles)
        {
            return roles.Shares.TryGetValue(TextRole.Question, out Estimate question) && question.Count > 0
                ? new Evidence(question, Demand.LessThan(NextToNothing)) { Criterion = "question" }
                : null;
        }

        Estimate late = tokens.Mean(tokens.Texts.Select(t => LateShare(t.Delta)));
        return late.Count > 0
            ? new Evidence(late, Demand.MoreThan(1 - NextToNothing)) { Criterion = "last tokens" }
            : null;
    }

    private static Evidence Kept(Findings findings, TokenFindings tokens) =>
        new(tokens.LogitKept, Demand.MoreThan(Published.All.Min(p => p.LogitKept)))
        {
            Quantity = KeyNumbers.LogitKept,
            Paper = findings.Published?.LogitKept ?? double.NaN,
        };

    /// <summary>What the important tokens keep, beside the paper.</summary>
    public static string KeptWords(Findings findings, TokenFindings tokens)
    {
        Evidence kept = Kept(findings, tokens);
        string least = $"the least of the paper's ten models ({Format.Percent(kept.Demand.Above)})";
        string beside = findings.Data.IsAsThePaper
            ? Verdicts.On(
                kept,
                $", more than {least}",
                $", less than {least}",
                $", which the samples do not tell from {least}",
                $"; {Verdicts.Few(kept.Value.Count)} it from {least}"
            )
            : "";
        return $"With the important tokens only ({Sentences.Interval(tokens.TokensKept)} a sample), "
            + $"{Verdicts.Share(tokens.LogitKept)} of φ(x*) is kept{beside}.";
    }

    /// <summary>
    /// Share of a sample's positive delta on its last tokens; NaN where none is positive, and where it has no others:
    /// all of it would lie there whatever was measured.
    /// </summary>
    internal static double LateShare(IReadOnlyList<double> delta)
    {
        double[] positive = [.. delta.Select(d => Math.Max(0, d))];
        return positive.Length > Late ? positive.TakeLast(Late).Sum() / positive.Sum() : double.NaN;
    }
}
