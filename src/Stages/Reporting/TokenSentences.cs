using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>"What this shows" of token tracing and the logit lens, computed from the data.</summary>
internal static class TokenSentences
{
    private const string PaperModel = "LLaVA-1.5-7B";
    private const double PaperRho = 0.70;
    private const int Late = 5; // tokens: the role and the last one
    private const double LateMost = 0.9;

    /// <summary>Fig. 4A.</summary>
    public static string TextTokens(TokenFindings tokens)
    {
        int[] order =
        [
            .. Enumerable.Range(0, tokens.Tokens.Count).OrderByDescending(i => tokens.Delta[i].Mean).ThenBy(i => i),
        ];
        int[] important = [.. order.Where(i => tokens.Importance[i].Mean >= 0.5)];
        Estimate late = tokens.Mean(tokens.Texts.Select(LateShare));
        string most =
            $"Keeping the picture from {Quoted(tokens, order[0])} alone costs "
            + $"{Verdicts.Share(tokens.Delta[order[0]])} of φ(x*) on average";
        string which = important.Length switch
        {
            0 => "; no token is important in half of the samples",
            1 => $"; it is the only one of {Many(tokens.Tokens.Count, "text token")} that is important in at least "
                + $"half of the samples",
            _ => $"; {Count(important.Length)} of {Many(tokens.Tokens.Count, "text token")} are important in at least "
                + $"half of the samples: {string.Join(", ", important.Order().Select(i => Quoted(tokens, i)))}",
        };
        string place = $"{Verdicts.Share(late)} of a sample's δ lies on the last {Count(Late)} tokens";
        string verdict = Verdicts.Against(
            late,
            LateMost,
            "as in the paper, the picture reaches the last tokens, not the question",
            "unlike in the paper, where the question receives next to nothing",
            "the samples do not tell whether the question receives next to nothing, as in the paper",
            $"{Verdicts.Few(late.Count)} whether the question receives next to nothing, as in the paper"
        );
        return $"{most}{which}. {Kept(tokens)} {place}: {verdict}.";
    }

    /// <summary>Share of a sample's positive delta on its last tokens; NaN where none is positive.</summary>
    private static double LateShare(TracedSample sample)
    {
        double[] positive = [.. sample.Delta.Select(d => Math.Max(0, d))];
        return positive.TakeLast(Late).Sum() / positive.Sum();
    }

    /// <summary>Table 3.</summary>
    public static string Kept(TokenFindings tokens) =>
        $"With the important tokens only ({Sentences.Interval(tokens.TokensKept)} a sample), "
        + $"{Verdicts.Share(tokens.LogitKept)} of φ(x*) is kept.";

    /// <summary>Fig. 4B.</summary>
    public static string ImageTokens(TokenFindings tokens)
    {
        Estimate zero = tokens.Mean(tokens.Attributed.Select(s => s.Beta.Count(b => b == 0) / (double)s.Beta.Count)),
            half = tokens.Mean(tokens.Attributed.Select(s => HalfShare(s.Beta)));
        string sparse =
            half.Count > 0
                ? $"Half of the positive β of a picture lies on {Verdicts.Share(half)} of its "
                    + $"{Count(tokens.Attributed[0].Beta.Count)} image tokens"
                : "No image token has a positive β";
        return $"{sparse}; {Verdicts.Share(zero)} of the tokens have none (mean over "
            + $"{Many(tokens.Attributed.Count, "sample")}). The sum of single tokens explains "
            + $"{(tokens.R2.Mean > 0 ? Verdicts.Share(tokens.R2) : "none")} of the variance of φ(x*, u*, v) on masks "
            + $"that did not train (R² {Sentences.WithInterval(tokens.R2)}).";
    }

    /// <summary>Fig. 4C.</summary>
    public static string Attention(TokenFindings tokens)
    {
        if (!double.IsFinite(tokens.PooledRho.Mean))
        {
            return "β or weighted attention is the same for every image token: there is no correlation to state.";
        }

        string within = $"within a sample it is {Verdicts.Number(tokens.Rho)} on average";
        string verdict = Verdicts.Against(
            tokens.PooledRho,
            PaperRho,
            "ours is higher",
            "ours is lower",
            "the samples do not tell ours from it",
            $"{Verdicts.Few(tokens.PooledRho.Count)} ours from it"
        );
        string paper =
            $" The paper has {Fixed(PaperRho, 2)} for {PaperModel}: {verdict} (difference "
            + $"{Verdicts.Number(tokens.PooledRho.Less(PaperRho))}).";
        int negative = tokens.Attributed.Count(s => s.AttentionRho < 0);
        return $"Over the image tokens of {Many(tokens.Attributed.Count, "sample")}, β and weighted attention "
            + $"correlate with ρ = {Verdicts.Number(tokens.PooledRho)}; "
            + $"{within}{(negative > 0 ? $", and negative in {Count(negative)}" : "")}.{paper}";
    }

    /// <summary>The least share of tokens that holds half of the positive sum; NaN where there is none.</summary>
    private static double HalfShare(IReadOnlyList<double> beta)
    {
        double[] positive = [.. beta.Where(b => b > 0).OrderDescending()];
        double half = positive.Sum() / 2,
            sum = 0;
        int count = 0;
        while (count < positive.Length && sum < half)
        {
            sum += positive[count++];
        }

        return count == 0 ? double.NaN : (double)count / beta.Count;
    }

    private static string Quoted(TokenFindings tokens, int i) => $"“{TokenText.Shown(tokens.Tokens[i]).Trim()}”";
}
