namespace Pipelines.Stages.Reporting;

/// <summary>What samples say of a claim: the strongest first, for of several parts the greatest decides.</summary>
public enum ClaimVerdict
{
    /// <summary>The whole 95 % interval lies on the claim's side of its threshold.</summary>
    Holds,

    /// <summary>The interval holds the threshold, or the samples are too few.</summary>
    NotSettled,

    /// <summary>The whole interval lies on the other side.</summary>
    DoesNot,
}

/// <summary>Verdicts as tables and pages write them: a word, and a symbol that says the same without colour.</summary>
internal static class VerdictWords
{
    private static readonly (ClaimVerdict Verdict, string Word, string Symbol)[] Known =
    [
        (ClaimVerdict.Holds, "holds", "✓"),
        (ClaimVerdict.NotSettled, "not settled", "?"),
        (ClaimVerdict.DoesNot, "does not", "✗"),
    ];

    /// <summary>The word.</summary>
    public static string Word(this ClaimVerdict verdict) => Known.First(k => k.Verdict == verdict).Word;

    /// <summary>The symbol.</summary>
    public static string Symbol(this ClaimVerdict verdict) => Known.First(k => k.Verdict == verdict).Symbol;

    /// <summary>The verdict of a word; null of none.</summary>
    public static ClaimVerdict? Parse(string? word) => word is null ? null : Known.First(k => k.Word == word).Verdict;

    /// <summary>Of a claim with several parts: it holds where all do, and does not where any does not.</summary>
    public static ClaimVerdict Weakest(IEnumerable<ClaimVerdict> parts) => parts.Max(); // as ClaimVerdict orders them
}
