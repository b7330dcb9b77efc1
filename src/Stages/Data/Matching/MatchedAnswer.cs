namespace Pipelines.Stages.Data.Matching;

/// <summary>What an answer says and whether that is right.</summary>
/// <param name="Right">It is right; null where nothing is judged.</param>
/// <param name="Score">0..1: VQA accuracy where the match is one of VQA's, else 0 or 1; null where nothing is
/// judged.</param>
/// <param name="Said">What was understood: <c>yes</c>, <c>no</c> or <c>unknown</c>; a letter or <c>unknown</c>; the
/// normalised answer. Where the answer is right it is the accepted answer that it matched.</param>
/// <param name="Expected">What is held against it: the accepted answer that it matched, else the first; of annotators
/// the most frequent. Null where nothing is expected.</param>
/// <param name="Reason">Why it is not right, for people. Where nothing is judged: that the answer is empty, or why its
/// label cannot be used. Else null.</param>
internal sealed record MatchedAnswer(bool? Right, double? Score, string Said, string? Expected, string? Reason)
{
    /// <summary>What is said by an answer that names none of its question's classes.</summary>
    public const string Unknown = "unknown";
}
