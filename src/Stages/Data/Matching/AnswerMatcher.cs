using Pipelines.Domain;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Matching;

/// <summary>
/// When an answer counts as right. What is expected of a picture with a question are the question's answers, any of
/// which counts; of one without, its category. Blank ones are none. Where nothing is expected nothing is judged.
/// </summary>
/// <param name="match">The rule.</param>
internal abstract class AnswerMatcher(AnswerMatch match)
{
    /// <summary>The matcher of a rule.</summary>
    /// <param name="match">The rule.</param>
    /// <param name="category">When an answer is a category; its synonyms count for <see cref="AnswerMatch.Exact"/>,
    /// <see cref="AnswerMatch.FirstWord"/> and <see cref="AnswerMatch.Contains"/>, too, its plurals do not. No other
    /// words are taken for one another.</param>
    public static AnswerMatcher Of(AnswerMatch match, AnswerCheck category) =>
        match switch
        {
            AnswerMatch.Category => new CategoryMatcher(category),
            AnswerMatch.Exact => new ExactMatcher(category),
            AnswerMatch.FirstWord or AnswerMatch.Contains => new WordsMatcher(match, category),
            AnswerMatch.YesNo => new YesNoMatcher(),
            AnswerMatch.Letter => new LetterMatcher(),
            AnswerMatch.VqaOfficial or AnswerMatch.VqaNormalised => new VqaMatcher(match),
            AnswerMatch.None => new NothingMatcher(),
            _ => throw new ArgumentOutOfRangeException(nameof(match), match, "no such rule"),
        };

    /// <summary>The rule.</summary>
    public AnswerMatch Rule => match;

    /// <summary>Judges an answer.</summary>
    /// <param name="answer">All that the model said.</param>
    /// <param name="item">The picture, with its question where it has one.</param>
    public MatchedAnswer Match(string answer, DataItem item) =>
        LabelProblem(item) is { } problem ? NotJudged(answer) with { Reason = problem }
        : IsExpected(item) ? Judge(answer, item)
        : NotJudged(answer);

    /// <summary>
    /// Why what is expected cannot be what this rule compares (a label <c>maybe</c> where yes or no is asked for), or
    /// null. Such a label is never taken for another: nothing is judged.
    /// </summary>
    public virtual string? LabelProblem(DataItem item) => null;

    /// <summary>What is expected, as written; empty: nothing.</summary>
    protected static IReadOnlyList<string> Accepted(DataItem item)
    {
        IEnumerable<string> written =
            item.Question is { } question ? question.Answers
            : item.Category is { } category ? [category]
            : [];
        return [.. written.Where(a => !string.IsNullOrWhiteSpace(a))];
    }

    /// <summary>Something is expected.</summary>
    protected virtual bool IsExpected(DataItem item) => Accepted(item).Count > 0;

    /// <summary>Judges an answer of which something is expected.</summary>
    protected abstract MatchedAnswer Judge(string answer, DataItem item);

    /// <summary>An answer that matches what is expected.</summary>
    protected static MatchedAnswer Right(string expected) => new(true, 1, expected, expected, null);

    /// <summary>One that does not.</summary>
    protected static MatchedAnswer Wrong(string said, string expected, string reason) =>
        new(false, 0, said, expected, reason);

    /// <summary>Why an answer is wrong, in the words that all rules share.</summary>
    protected static string IsNot(string answer, IReadOnlyList<string> accepted, bool isEmpty)
    {
        if (isEmpty)
        {
            return "the answer is empty";
        }

        string others =
            accepted.Count > 1 ? Invariant.Text($", nor one of {accepted.Count - 1} more that are accepted") : "";
        return $"the answer is '{answer.Trim()}', not '{accepted[0]}'{others}";
    }

    private static MatchedAnswer NotJudged(string answer) =>
        new(null, null, NormalForm.Of(answer), null, AnswerWords.HoldsAny(answer) ? null : "the answer is empty");
}
