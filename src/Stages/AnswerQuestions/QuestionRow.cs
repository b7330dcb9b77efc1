using Pipelines.Stages.Data;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>A question of a file that was asked, and how its answer was understood.</summary>
/// <param name="SampleId">File and row.</param>
/// <param name="File">The file of questions.</param>
/// <param name="Row">Row in it, from 1; the line of a JSONL.</param>
/// <param name="Id">The file's own id, which need not be unique; null where it has none.</param>
/// <param name="Groups">What the row belongs to, one a line; null where to nothing.</param>
/// <param name="Expected">Accepted answers, one a line; null where nothing is expected.</param>
/// <param name="CounterAnswer">The answer that it is held against, or null.</param>
/// <param name="Options">Texts of A, B, C, ... in the order in which they were shown, one a line; null where there are
/// none.</param>
/// <param name="Said">What was understood of the answer: yes, no or unknown; a letter; a normal form.</param>
/// <param name="Score">How right it is, 0 to 1; null where nothing is judged.</param>
/// <param name="Ended">The answer ended by itself, and was not cut.</param>
[Table("questions")]
internal sealed record QuestionRow(
    [RowKey] string SampleId,
    string File,
    int Row,
    string? Id,
    string? Groups,
    string? Expected,
    string? CounterAnswer,
    string? Options,
    string? Said,
    double? Score,
    bool? Ended
)
{
    /// <summary>The row of a question that was looked at.</summary>
    public static QuestionRow Of(Asked asked)
    {
        Question question = asked.Sample.Item.Question!;
        return new QuestionRow(
            asked.Sample.Id,
            question.File,
            checked((int)question.Row),
            question.Id,
            Lines(question.Groups),
            Lines(question.Answers),
            question.CounterAnswer,
            Lines(question.Options),
            asked.Match?.Said,
            asked.Match?.Score,
            asked.Ended
        );
    }

    private static string? Lines(IReadOnlyList<string> texts) => texts.Count == 0 ? null : string.Join('\n', texts);
}
