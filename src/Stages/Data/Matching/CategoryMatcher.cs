using Pipelines.Domain;

namespace Pipelines.Stages.Data.Matching;

/// <summary>The answer is an accepted one as a category is (<see cref="AnswerCheck"/>).</summary>
internal sealed class CategoryMatcher(AnswerCheck check) : AnswerMatcher(AnswerMatch.Category)
{
    /// <inheritdoc/>
    protected override MatchedAnswer Judge(string answer, DataItem item)
    {
        IReadOnlyList<string> accepted = Accepted(item);
        return accepted.FirstOrDefault(a => check.Judge(answer, a).Correct) is { } matched
            ? Right(NormalForm.Of(matched))
            : Wrong(
                NormalForm.Of(answer),
                NormalForm.Of(accepted[0]),
                IsNot(answer, accepted, isEmpty: !AnswerWords.HoldsAny(answer))
            );
    }
}
