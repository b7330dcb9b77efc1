using Pipelines.Domain;

namespace Pipelines.Stages.Data.Matching;

/// <summary>
/// The words of an accepted answer stand in the answer, whole and in a run: anywhere (<c>contains</c>) or at its start
/// (<c>first-word</c>). What stands between words does not matter ("hot dog" is in "A hot-dog.").
/// </summary>
internal sealed class WordsMatcher(AnswerMatch match, AnswerCheck check) : AnswerMatcher(match)
{
    /// <inheritdoc/>
    public override string? LabelProblem(DataItem item) =>
        Accepted(item).FirstOrDefault(a => !AnswerWords.HoldsAny(a)) is { } symbols
            ? $"the expected answer '{symbols}' holds no word; match: exact compares such"
            : null;

    /// <inheritdoc/>
    protected override MatchedAnswer Judge(string answer, DataItem item)
    {
        IReadOnlyList<string> accepted = Accepted(item);
        IReadOnlyList<string> said = AnswerWords.Of(answer);
        string? matched = accepted.FirstOrDefault(a => check.Spellings(a).Any(s => Holds(said, AnswerWords.Of(s))));
        return matched is not null
            ? Right(NormalForm.Of(matched))
            : Wrong(
                NormalForm.Of(answer),
                NormalForm.Of(accepted[0]),
                IsNot(answer, accepted, isEmpty: said.Count == 0)
            );
    }

    private bool Holds(IReadOnlyList<string> said, IReadOnlyList<string> wanted)
    {
        int lastStart = Rule == AnswerMatch.FirstWord ? 0 : said.Count - wanted.Count;
        return wanted.Count > 0
            && said.Count >= wanted.Count
            && Enumerable.Range(0, lastStart + 1).Any(at => said.Skip(at).Take(wanted.Count).SequenceEqual(wanted));
    }
}
