using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Paper, 5.2: "most important image tokens are located in the main object region"; of these "only a sparse subset
/// contributes", and "the model also uses tokens outside the main object region".
/// </summary>
[Claim(
    14,
    "half_of_beta",
    "A sparse subset of the object's tokens counts, and some of the background",
    AlsoOf = "beta_on_object",
    Paper = "§5.2, Fig. 4B, 16, 17",
    Number = "by eye (LLaVA family)",
    Rule = "< chance; 50 to 95\u202f%",
    Why = "share of the image tokens that hold half of the positive β, against half of those that the object's box "
        + "covers, which an even use of these would take (chance; judged by the difference within samples); share of "
        + "β on the object: most, and beside it more "
        + "than the 5\u202f% that make a token count",
    Topic = "image tokens",
    Needs = "token-trace, boxes",
    Figure = typeof(ObjectShareFigure),
    Unit = ClaimUnit.Share
)]
internal sealed class SparseTokens : IClaim<Findings>
{
    private const double Most = 0.5,
        Background = 0.05;

    /// <inheritdoc/>
    public static IReadOnlyList<Evidence> Of(Findings findings) =>
        findings.Tokens is { BetaOnObject.Count: > 0 } tokens ? [.. Sparse(tokens), OnObject(tokens)] : [];

    /// <summary>Most of beta lies on the object, some beside it.</summary>
    public static Evidence OnObject(TokenFindings tokens) =>
        new(tokens.BetaOnObject, Demand.Between(Most, 1 - Background))
        {
            Quantity = "beta_on_object",
            Chance = tokens.ObjectArea.Mean,
        };

    /// <summary>Tokens with half of beta against half of those that the object covers, within samples.</summary>
    public static IReadOnlyList<Evidence> Sparse(TokenFindings tokens)
    {
        var half = tokens.Attributed.ToDictionary(s => s.SampleId, s => HalfShare(s.Beta), StringComparer.Ordinal);
        ObjectShareRow[] known =
        [
            .. tokens.Objects.Where(o => half.TryGetValue(o.SampleId, out double share) && double.IsFinite(share)),
        ];
        if (known.Length == 0)
        {
            return [];
        }

        return
        [
            new Evidence(tokens.Mean(known.Select(o => half[o.SampleId])), Demand.LessThan(0))
            {
                Chance = known.Average(o => o.Area / 2),
                LessChance = tokens.Mean(known.Select(o => half[o.SampleId] - (o.Area / 2))),
            },
        ];
    }

    /// <summary>The least share of tokens that holds half of the positive sum; NaN where there is none.</summary>
    public static double HalfShare(IReadOnlyList<double> beta)
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
}
