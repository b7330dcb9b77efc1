using Pipelines.Stages.Reporting;

namespace Pipelines.Stages;

/// <summary>How many pictures were asked about and what came of it; one wording for terminal and page.</summary>
public sealed record AnswerCounts
{
    /// <summary>Pictures that could be asked about.</summary>
    public required int Asked { get; init; }

    /// <summary>Pictures that could not.</summary>
    public required int Unfit { get; init; }

    /// <summary>Answers that a label could judge.</summary>
    public required int Judged { get; init; }

    /// <summary>Answers that are right.</summary>
    public required int Right { get; init; }

    /// <summary>What is counted: pictures, or questions about them.</summary>
    public string Of { get; init; } = "picture";

    /// <summary>Answers that are right or, where nothing is judged, not empty.</summary>
    public required int Usable { get; init; }

    /// <summary>Usable answers of which no token can be measured.</summary>
    public required int Unmeasurable { get; init; }

    /// <summary>The data says what some of the pictures show, or which answer is right.</summary>
    public required bool HasLabels { get; init; }

    /// <summary>Samples that are kept.</summary>
    public required int Kept { get; init; }

    /// <summary>Usable samples are left out because of <c>per_object</c>.</summary>
    public bool LeavesOutByObject => Usable - Unmeasurable > Kept;

    /// <summary>All counts in words.</summary>
    public string Words =>
        Answered
        + LeftOut
        + (Unfit > 0 ? $"; {Format.Many(Unfit, Of)} could not be asked about (tables/samples.csv says why)" : "");

    /// <summary>The answers in words. Where there are no labels nothing is said to be right.</summary>
    public string Answered =>
        Judged > 0 ? $"{Right} of {Asked} answers right"
        : Usable == Asked ? $"{Asked} answered, {Sentences.NoneJudged(HasLabels)}"
        : $"{Usable} of {Asked} answered with a word, {Sentences.NoneJudged(HasLabels)}";

    /// <summary>The usable answers that are not kept, in words; empty where all are.</summary>
    public string LeftOut => ByObject + NotMeasured;

    /// <summary>The counts of some pictures.</summary>
    public static AnswerCounts Over(IReadOnlyList<Asked> pictures) =>
        new()
        {
            Asked = pictures.Count(a => a.Fits),
            Unfit = pictures.Count(a => !a.Fits),
            Judged = pictures.Count(a => a.Verdict is Verdict.Right or Verdict.Wrong),
            Right = pictures.Count(a => a.Verdict == Verdict.Right),
            Usable = pictures.Count(a => a.Usable),
            HasLabels = pictures.Any(a => a.Sample.Item is { Category: not null } or { Question.Answers.Count: > 0 }),
            Of = pictures.Any(a => a.Sample.Item.Question is not null) ? "question" : "picture",
            Unmeasurable = pictures.Count(a => !a.Measurable),
            Kept = pictures.Count(a => a.Kept),
        };

    private string ByObject => LeavesOutByObject ? $", {Kept} of them kept (per_object)" : "";

    private string NotMeasured =>
        Unmeasurable > 0
            ? $"; {Unmeasurable} of them left out because no token can be measured (tables/samples.csv says why)"
            : "";
}
