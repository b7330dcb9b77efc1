using System.Text.RegularExpressions;
using Pipelines.Domain;

namespace Pipelines.Stages.Data.Matching;

/// <summary>
/// The answer says yes or no. The words <c>yes</c> and <c>no</c> count, whole, in any case; "notice" and "no-parking"
/// are neither. An answer that says one of them says that. One that says both says the one that it begins with, where
/// that stands apart ("No, there is no dog. Yes, a cat"), and is unknown where it does not ("yes and no", "Yes/no").
/// One that says neither is unknown, and so wrong.
/// <para>
/// "not" and "n't" alone are unknown, too. POPE's script takes them for no, but the same words stand in "I am not
/// sure" and "It is not clear whether there is one", and what they deny is not always what was asked. The share of
/// unknown is reported, so that nobody has to guess how much hangs on it.
/// </para>
/// </summary>
internal sealed partial class YesNoMatcher() : AnswerMatcher(AnswerMatch.YesNo)
{
    /// <summary>The classes.</summary>
    public const string Yes = "yes",
        No = "no";

    /// <inheritdoc/>
    public override string? LabelProblem(DataItem item)
    {
        IReadOnlyList<string> accepted = Accepted(item);
        if (accepted.FirstOrDefault(a => NormalForm.Of(a) is not (Yes or No)) is { } other)
        {
            return $"the expected answer '{other}' is neither yes nor no";
        }

        return accepted.Select(NormalForm.Of).Distinct(StringComparer.Ordinal).Count() > 1
            ? "both yes and no are accepted"
            : null;
    }

    /// <summary>What an answer says: <c>yes</c>, <c>no</c> or <c>unknown</c>.</summary>
    public static string Understood(string answer)
    {
        string text = NormalForm.Compatible(answer).Trim();
        string[] said = [.. YesOrNo().Matches(text).Select(m => m.Value.ToLowerInvariant())];
        return said.Distinct(StringComparer.Ordinal).Count() switch
        {
            0 => MatchedAnswer.Unknown,
            1 => said[0],
            _ => Leading().IsMatch(text) ? said[0] : MatchedAnswer.Unknown,
        };
    }

    /// <inheritdoc/>
    protected override MatchedAnswer Judge(string answer, DataItem item)
    {
        string expected = NormalForm.Of(Accepted(item)[0]);
        string said = Understood(answer);
        if (said == expected)
        {
            return Right(expected);
        }

        string reason =
            said != MatchedAnswer.Unknown ? $"the answer says {said}, not {expected}"
            : AnswerWords.HoldsAny(answer) ? $"the answer '{answer.Trim()}' says neither yes nor no clearly"
            : "the answer is empty";
        return Wrong(said, expected, reason);
    }

    [GeneratedRegex(
        @"(?<![\p{L}\p{M}\p{Nd}]['’-]?)(?:yes|no)(?!['’-]?[\p{L}\p{M}\p{Nd}])",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant
    )]
    private static partial Regex YesOrNo();

    /// <summary>A first word that a sign or the end of its line sets apart, and that the next word does not take
    /// back.</summary>
    [GeneratedRegex(
        @"^[^\p{L}\p{Nd}]*(?:yes|no)(?:[^\S\n]*[.,;:!—–*""]+|[^\S\n]*\n)"
            + @"(?![^\p{L}\p{Nd}]*(?:(?:and|or|but)\s+)?(?:yes|no)\b)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant
    )]
    private static partial Regex Leading();
}
