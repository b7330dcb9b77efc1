using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// What sentences say of estimates: numbers with their intervals, and of a comparison what the samples tell, or that
/// they are too few to tell.
/// </summary>
internal static class Verdicts
{
    /// <summary>A share as a percentage with its interval.</summary>
    public static string Share(Estimate share) => share.Written(Percent);

    /// <summary>A number with its interval.</summary>
    public static string Number(Estimate mean, int decimals = 2) => mean.Written(v => Fixed(v, decimals));

    /// <summary>Samples are too few to tell a difference.</summary>
    public static string Few(int count, string noun = "sample") =>
        $"{Many(count, noun)} {(count == 1 ? "is" : "are")} too few to tell";

    /// <summary>
    /// One of four texts by what evidence says of a claim; the last one is given its number of samples where these are
    /// too few.
    /// </summary>
    /// <param name="evidence">What is judged.</param>
    /// <param name="holds">The claim holds.</param>
    /// <param name="doesNot">It does not.</param>
    /// <param name="open">The interval does not settle it.</param>
    /// <param name="few">The samples are too few; null = <see cref="Few"/>.</param>
    public static string On(Evidence evidence, string holds, string doesNot, string open, string? few = null) =>
        evidence switch
        {
            { Value.CanTell: false } => few ?? Few(evidence.Value.Count),
            { Verdict: ClaimVerdict.Holds } => holds,
            { Verdict: ClaimVerdict.DoesNot } => doesNot,
            _ => open,
        };

    /// <summary>
    /// One of four texts by where the interval of <paramref name="mean"/> lies; the last one is given its number of
    /// samples where these are too few.
    /// </summary>
    /// <param name="mean">What is judged.</param>
    /// <param name="threshold">Against what.</param>
    /// <param name="above">The interval lies above it.</param>
    /// <param name="below">The interval lies below it.</param>
    /// <param name="open">The interval holds it.</param>
    /// <param name="few">The samples are too few; null = <see cref="Few"/>.</param>
    public static string Against(
        Estimate mean,
        double threshold,
        string above,
        string below,
        string open,
        string? few = null
    ) =>
        mean.Less(threshold) switch
        {
            { CanTell: false } => few ?? Few(mean.Count),
            { Direction: > 0 } => above,
            { Direction: < 0 } => below,
            _ => open,
        };
}
