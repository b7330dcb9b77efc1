namespace Pipelines.Stages.Data;

/// <summary>A row of a file of questions.</summary>
public sealed record Question
{
    /// <summary>
    /// What is asked, as it stands in the file, with the options where there are some; neither the spec's suffix nor
    /// the template around it.
    /// </summary>
    public required string Text { get; init; }

    /// <summary>Name of the file.</summary>
    public required string File { get; init; }

    /// <summary>Row in it, from 1: the line of a JSONL; else the number of the row, a header not counted.</summary>
    public required long Row { get; init; }

    /// <summary>The file's own id, which may stand there for several rows, or null.</summary>
    public string? Id { get; init; }

    /// <summary>Accepted answers; the first is the one that is measured. Empty = nothing is judged.</summary>
    public IReadOnlyList<string> Answers { get; init; } = [];

    /// <summary>What each annotator said, as written (VQA: ten); empty where there are none.</summary>
    public IReadOnlyList<string> Annotations { get; init; } = [];

    /// <summary>The answer that it is held against, or null.</summary>
    public string? CounterAnswer { get; init; }

    /// <summary>The pair's other picture, or null.</summary>
    public PictureLocation? CounterPicture { get; init; }

    /// <summary>Texts of the options A, B, C, ... in the order in which they are shown; empty = none.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>What the row belongs to, for example its question type; perhaps several, perhaps none.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];
}
