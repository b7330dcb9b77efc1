using Pipelines.Domain;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Matching;

/// <summary>
/// VQA accuracy. Of ten annotators each is left out once; the answer scores min(1, k / 3) where k of the other nine
/// gave it, and its score is the mean over the ten: 0, .3, .6, .9 or 1 for 0, 1, 2, 3, or more annotators.
/// <list type="bullet">
/// <item><c>vqa-official</c>, the evaluator as published: where all annotators agree nothing is normalised, not even
/// case, so "Black" scores 0 against ten times "black"; else both sides are (<see cref="VqaNormalForm"/>).</item>
/// <item><c>vqa-normalised</c>: both sides are normalised, once and always.</item>
/// </list>
/// An answer is right where it scores more than one half: two or more of ten annotators gave it. One that only a single
/// annotator gave is not.
/// <para>
/// The evaluator knows sets of ten only. Of other numbers: each is left out once as well, and where fewer than three
/// are left the answer scores the share of them that gave it, since otherwise no answer could score 1. A single
/// annotation, and accepted answers of a question without annotations, any of which counts: 1 where normal forms are
/// equal, else 0.
/// </para>
/// </summary>
internal sealed class VqaMatcher(AnswerMatch match) : AnswerMatcher(match)
{
    private const int Enough = 3; // annotators whose word makes an answer score 1

    private const double Half = 0.5;

    /// <inheritdoc/>
    protected override bool IsExpected(DataItem item) => Annotations(item).Count > 0 || base.IsExpected(item);

    /// <inheritdoc/>
    protected override MatchedAnswer Judge(string answer, DataItem item)
    {
        IReadOnlyList<string> annotations = Annotations(item);
        return annotations.Count > 1 ? ByAnnotators(answer, annotations)
            : annotations.Count == 1 ? ByForm(answer, annotations)
            : ByForm(answer, Accepted(item));
    }

    private static IReadOnlyList<string> Annotations(DataItem item) => item.Question?.Annotations ?? [];

    private static MatchedAnswer ByForm(string answer, IReadOnlyList<string> accepted)
    {
        string said = VqaNormalForm.Of(answer);
        return accepted.Select(VqaNormalForm.Of).Contains(said, StringComparer.Ordinal)
            ? Right(said)
            : Wrong(
                said,
                VqaNormalForm.Of(accepted[0]),
                IsNot(answer, accepted, isEmpty: string.IsNullOrWhiteSpace(answer))
            );
    }

    private MatchedAnswer ByAnnotators(string answer, IReadOnlyList<string> annotations)
    {
        string[] lines = [.. annotations.Select(VqaNormalForm.OnOneLine)];
        bool isAsWritten = Rule == AnswerMatch.VqaOfficial && lines.Distinct(StringComparer.Ordinal).Count() == 1;
        string said = isAsWritten ? VqaNormalForm.OnOneLine(answer) : VqaNormalForm.Of(answer);
        string[] given = isAsWritten ? lines : [.. lines.Select(VqaNormalForm.Of)];
        double score = Score(said, given);
        if (score > Half)
        {
            return new MatchedAnswer(true, score, said, said, null);
        }

        int agree = given.Count(g => g == said);
        return new MatchedAnswer(
            false,
            score,
            said,
            MostFrequent(given),
            Invariant.Text($"{agree} of {given.Length} annotators gave the answer '{answer.Trim()}'")
        );
    }

    private static double Score(string said, string[] given)
    {
        int agree = given.Count(g => g == said);
        double enough = Math.Min(Enough, given.Length - 1);
        return given.Sum(g => Math.Min(1, (g == said ? agree - 1 : agree) / enough)) / given.Length;
    }

    /// <summary>The first of those that most annotators gave.</summary>
    private static string MostFrequent(string[] given) =>
        given.GroupBy(g => g, StringComparer.Ordinal).MaxBy(g => g.Count())!.Key;
}
