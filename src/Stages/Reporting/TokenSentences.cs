using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>"What this shows" of token tracing and the logit lens, computed from the data.</summary>
internal static class TokenSentences
{
    private const string PaperModel = "LLaVA-1.5-7B";
    private const double PaperRho = 0.70;

    /// <summary>Fig. 4A.</summary>
    public static string TextTokens(TokenFindings tokens)
    {
        int[] order = [.. Enumerable.Range(0, tokens.Tokens.Count).OrderByDescending(i => tokens.Delta[i].Mean).ThenBy(i => i)];
        int[] important = [.. order.Where(i => tokens.Importance[i].Mean >= 0.5)];
        double late = order.Where(i => i >= tokens.Tokens.Count - 5).Sum(i => Math.Max(0, tokens.Delta[i].Mean)) / Math.Max(1e-12, order.Sum(i => Math.Max(0, tokens.Delta[i].Mean)));
        string most = $"Keeping the picture from {Quoted(tokens, order[0])} alone costs {Percent(tokens.Delta[order[0]].Mean)} of φ(x*) on average";
        string which = important.Length switch
        {
            0 => "; no token is important in half of the samples",
            1 => $"; it is the only one of {Many(tokens.Tokens.Count, "text token")} that is important in at least half of the samples",
            _ => $"; {Count(important.Length)} of {Many(tokens.Tokens.Count, "text token")} are important in at least half of the samples: {string.Join(", ", important.Order().Select(i => Quoted(tokens, i)))}",
        };
        return $"{most}{which}. {Kept(tokens)} "
            + (late >= 0.9 ? "As in the paper, the picture reaches the last tokens, not the question." : $"Only {Percent(late)} of the mean δ lies on the last five tokens, unlike in the paper, where the question receives next to nothing.");
    }

    /// <summary>Table 3.</summary>
    public static string Kept(TokenFindings tokens) =>
        $"With the important tokens only ({Sentences.Interval(tokens.TokensKept)} a sample), {Percent(tokens.LogitKept.Mean)} of φ(x*) is kept{(tokens.LogitKept.HasInterval && Percent(tokens.LogitKept.Low) != Percent(tokens.LogitKept.High) ? $" [{Percent(tokens.LogitKept.Low)}, {Percent(tokens.LogitKept.High)}]" : "")}.";

    /// <summary>Fig. 4B.</summary>
    public static string ImageTokens(TokenFindings tokens)
    {
        double[] zero = [.. tokens.Attributed.Select(s => s.Beta.Count(b => b == 0) / (double)s.Beta.Count)];
        double[] half = [.. tokens.Attributed.Select(s => HalfShare(s.Beta)).Where(double.IsFinite)];
        string sparse = half.Length > 0 ? $"Half of the positive β of a picture lies on {Percent(half.Average())} of its {Count(tokens.Attributed[0].Beta.Count)} image tokens" : "No image token has a positive β";
        return $"{sparse}; {Percent(zero.Average())} of the tokens have none (mean over {Many(tokens.Attributed.Count, "sample")}). The sum of single tokens explains {Percent(Math.Max(0, tokens.R2.Mean))} of the variance of φ(x*, u*, v) on masks that did not train (R² {Sentences.WithInterval(tokens.R2)}).";
    }

    /// <summary>Fig. 4C.</summary>
    public static string Attention(TokenFindings tokens)
    {
        if (!double.IsFinite(tokens.PooledRho))
        {
            return "β or weighted attention is the same for every image token: there is no correlation to state.";
        }

        string within = $"within a sample it is {Fixed(tokens.Rho.Mean, 2)}{(tokens.Rho.HasInterval ? $" [{Fixed(tokens.Rho.Low, 2)}, {Fixed(tokens.Rho.High, 2)}]" : "")} on average";
        double apart = tokens.PooledRho - PaperRho;
        string paper = double.IsFinite(apart)
            ? $" The paper has {Fixed(PaperRho, 2)} for {PaperModel}: ours is {(Math.Abs(apart) < 0.05 ? "about the same" : $"{Fixed(Math.Abs(apart), 2)} {(apart < 0 ? "lower" : "higher")}")}."
            : "";
        int negative = tokens.Attributed.Count(s => s.AttentionRho < 0);
        return $"Over the image tokens of {Many(tokens.Attributed.Count, "sample")}, β and weighted attention correlate with ρ = {Fixed(tokens.PooledRho, 2)}; {within}{(negative > 0 ? $", and negative in {Count(negative)}" : "")}.{paper}";
    }

    /// <summary>Fig. 8.</summary>
    public static string Lens(LensData lens)
    {
        LensHead[] heads = [.. lens.Samples.SelectMany(s => s.Heads)];
        int naming = lens.Samples.Count(s => s.Heads.Any(h => h.Items.Any(i => i.IsTarget))), first = lens.Samples.Count(s => s.Heads.Any(h => h.Items.Count > 0 && h.Items[0].IsTarget));
        double share = heads.Average(h => h.Items.Any(i => i.IsTarget) ? 1.0 : 0);
        return $"In {Count(naming)} of {Many(lens.Samples.Count, "sample")} the answer's token is among the top {Count(lens.Items)} items of at least one of the {Count(lens.Heads)} strongest heads (the very first item in {Count(first)}); "
            + $"{Percent(share)} of these heads name it. " + (share >= 0.5 ? "As in the paper, most top heads write towards the answer." : "The paper finds that most top heads write towards the answer; here fewer than half do.");
    }

    /// <summary>The least share of tokens that holds half of the positive sum; NaN where there is none.</summary>
    private static double HalfShare(IReadOnlyList<double> beta)
    {
        double[] positive = [.. beta.Where(b => b > 0).OrderDescending()];
        double half = positive.Sum() / 2, sum = 0;
        int count = 0;
        while (count < positive.Length && sum < half)
        {
            sum += positive[count++];
        }

        return count == 0 ? double.NaN : (double)count / beta.Count;
    }

    private static string Quoted(TokenFindings tokens, int i) => $"“{TokenText.Shown(tokens.Tokens[i]).Trim()}”";
}
