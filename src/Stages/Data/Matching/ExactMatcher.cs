using Pipelines.Domain;

namespace Pipelines.Stages.Data.Matching;

/// <summary>The answer is an accepted one: <see cref="NormalForm"/>s are equal.</summary>
internal sealed class ExactMatcher(AnswerCheck check) : AnswerMatcher(AnswerMatch.Exact)
{
    /// <inheritdoc/>
    protected override MatchedAnswer Judge(string answer, DataItem item)
    {
        IReadOnlyList<string> accepted = Accepted(item);
        string said = NormalForm.Of(answer);
        string? matched = accepted.FirstOrDefault(a => check.Spellings(a).Any(s => NormalForm.Of(s) == said));
        return matched is not null
            ? Right(NormalForm.Of(matched))
            : Wrong(said, NormalForm.Of(accepted[0]), IsNot(answer, accepted, isEmpty: said.Length == 0));
    }
}
