using Pipelines.Domain;
using Pipelines.Stages.Data;
using Pipelines.Stages.Data.Matching;

namespace Pipelines.Stages.Tests.Data.Matching;

/// <summary>Answers to one made-up question.</summary>
internal static class Asking
{
    public static readonly AnswerCheck NoSynonyms = new(plurals: true, new Dictionary<string, IReadOnlyList<string>>());

    public static readonly AnswerCheck Grey = new(
        plurals: true,
        new Dictionary<string, IReadOnlyList<string>> { ["gray"] = ["grey"] }
    );

    /// <summary>A picture whose question accepts these answers.</summary>
    public static DataItem Of(params string[] answers) =>
        With(
            new Question
            {
                Text = "?",
                File = "q.jsonl",
                Row = 1,
            },
            answers
        );

    public static DataItem With(Question question, params string[] answers) =>
        new("a", "a.jpg", "/a.jpg") { Question = question with { Answers = answers } };

    /// <summary>A question with options A, B, ...</summary>
    public static DataItem Choosing(string label, params string[] options) =>
        With(
            new Question
            {
                Text = "Which?",
                File = "q.jsonl",
                Row = 1,
                Options = options,
            },
            label
        );

    public static DataItem Annotated(params string[] annotations) =>
        With(
            new Question
            {
                Text = "?",
                File = "q.jsonl",
                Row = 1,
                Annotations = annotations,
            }
        );

    public static MatchedAnswer Match(AnswerMatch rule, string answer, DataItem item) =>
        AnswerMatcher.Of(rule, NoSynonyms).Match(answer, item);
}
