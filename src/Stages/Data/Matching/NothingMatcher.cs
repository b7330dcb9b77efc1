using Pipelines.Domain;

namespace Pipelines.Stages.Data.Matching;

/// <summary>Nothing is judged, whatever is expected.</summary>
internal sealed class NothingMatcher() : AnswerMatcher(AnswerMatch.None)
{
    /// <inheritdoc/>
    protected override bool IsExpected(DataItem item) => false;

    /// <inheritdoc/>
    protected override MatchedAnswer Judge(string answer, DataItem item) =>
        throw new InvalidOperationException("nothing is expected");
}
