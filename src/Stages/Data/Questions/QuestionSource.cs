using Pipelines.Domain;

namespace Pipelines.Stages.Data.Questions;

/// <summary>Which files of questions to read, and how.</summary>
internal sealed record QuestionSource
{
    /// <summary>
    /// Full paths, or patterns with * and ? in the last part (<c>test-*.parquet</c>); the files of a pattern come in
    /// ordinal order, and one that none matches is an error.
    /// </summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>
    /// Folder that names of pictures are relative to; null = the folder of the file that names the picture.
    /// </summary>
    public string? Images { get; init; }

    /// <summary>How the files are laid out.</summary>
    public QuestionFormat Format { get; init; } = QuestionFormat.Auto;

    /// <summary>Names of columns, where the format is <see cref="QuestionFormat.Columns"/>.</summary>
    public QuestionColumns Columns { get; init; } = new();

    /// <summary>
    /// VQAv2: the file of annotations. Null = the one beside the file of questions under its usual name; where there is
    /// none, rows have no answers.
    /// </summary>
    public string? Annotations { get; init; }

    /// <summary>VQAv2: the file of complementary pairs, a list of pairs of question ids; null = none.</summary>
    public string? Pairs { get; init; }

    /// <summary>How options are counted where the answer is a number; null = such an answer is an error.</summary>
    public LetterBase? Letters { get; init; }

    /// <summary>
    /// Options of which the right one stands first are shuffled by this seed, the file's name and the row.
    /// </summary>
    public int Seed { get; init; }

    /// <summary>
    /// Of some names the one that was probably meant by another, or null; nothing is proposed without.
    /// </summary>
    public Func<string, IEnumerable<string>, string?>? Nearest { get; init; }
}

/// <summary>Names of the columns (or keys) of a file; null = there is none.</summary>
internal sealed record QuestionColumns
{
    /// <summary>The row's own id.</summary>
    public string? Id { get; init; }

    /// <summary>The picture: a name, bytes, {bytes, path}, or text in base64.</summary>
    public string? Image { get; init; }

    /// <summary>What is asked.</summary>
    public string? Question { get; init; }

    /// <summary>The right answer.</summary>
    public string? Answer { get; init; }

    /// <summary>Accepted answers: a list, or a list written as text.</summary>
    public string? Answers { get; init; }

    /// <summary>The answer that the right one is held against.</summary>
    public string? CounterAnswer { get; init; }

    /// <summary>The pair's other picture.</summary>
    public string? CounterImage { get; init; }

    /// <summary>What the row belongs to; several are separated by commas.</summary>
    public string? Group { get; init; }

    /// <summary>Options to choose from: a list, or a list written as text; they are shown as A, B, C, …</summary>
    public string? Options { get; init; }

    /// <summary>The columns that are named, with the key of each.</summary>
    public IEnumerable<(string Key, string Name)> Named =>
        new (string Key, string? Name)[]
        {
            ("id", Id),
            ("image", Image),
            ("question", Question),
            ("answer", Answer),
            ("answers", Answers),
            ("counter_answer", CounterAnswer),
            ("counter_image", CounterImage),
            ("group", Group),
            ("options", Options),
        }
            .Where(c => c.Name is not null)
            .Select(c => (c.Key, c.Name!));
}
