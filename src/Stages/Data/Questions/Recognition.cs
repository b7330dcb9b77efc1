using Pipelines.Domain;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Questions;

/// <summary>A format that a file was recognised as.</summary>
/// <param name="Format">The format.</param>
/// <param name="Why">Why, one sentence.</param>
/// <param name="Columns">The columns, where the format is that of named columns.</param>
internal sealed record Recognised(QuestionFormat Format, string Why, QuestionColumns? Columns = null);

/// <summary>Recognises formats by the names of columns.</summary>
internal static class Recognition
{
    private static readonly string[] Questions = ["question", "prompt", "text"],
        Images = ["image", "image_path", "relative_image_path", "images", "image_file", "file"],
        RightAnswers = ["multiple_choice_answer", "answer", "gt_answer", "label", "correct_answer"],
        ManyAnswers = ["answers"],
        CounterAnswers = ["counter_answer", "cf_answer", "incorrect_answer"],
        CounterImages = ["counter_image", "cf_image", "cf_images"],
        Ids = ["id", "question_id", "index"],
        Groups = ["group", "category"];

    /// <summary>The format of a file.</summary>
    /// <exception cref="InputException">It is none that is known; lists the columns.</exception>
    public static Recognised Of(RowSource rows)
    {
        var has = rows.Columns.ToHashSet(StringComparer.Ordinal);
        string lines = rows is JsonRows { Shape: JsonShape.Lines } ? "lines are objects with" : "rows have";
        if (rows is JsonRows json)
        {
            if (json.RowsAreLists)
            {
                return new Recognised(QuestionFormat.Whatsup, "whatsup: rows are lists of a picture's id and captions");
            }

            if (json.ListName == "questions" && has.IsSupersetOf(["image_id", "question", "question_id"]))
            {
                return new Recognised(
                    QuestionFormat.Vqav2,
                    "vqav2: its list 'questions' has objects with image_id, question and question_id"
                );
            }
        }

        return
            FirstOf(
                (
                    has.IsSupersetOf(["object", "original_image", "counterfact_image"]),
                    QuestionFormat.VisualCounterfact,
                    "object, original_image and counterfact_image"
                ),
                (
                    has.IsSupersetOf(["question_id", "image", "text"])
                        && (has.Contains("label") || has.Contains("category")),
                    QuestionFormat.Pope,
                    $"question_id, image, text and {(has.Contains("label") ? "label" : "category")}"
                ),
                (
                    has.IsSupersetOf(["image_path", "caption_options"]),
                    QuestionFormat.Whatsup,
                    "image_path, caption_options"
                ),
                (has.IsSupersetOf(["imageId", "question"]), QuestionFormat.Gqa, "imageId and question"),
                (
                    has.IsSupersetOf(["img_id", "question", "true option", "false option"]),
                    QuestionFormat.Gqa,
                    "img_id, question, true option and false option"
                ),
                (
                    has.IsSupersetOf(["image_id", "question", "answers", "image_classes"])
                        || has.IsSupersetOf(["image_id", "question", "flickr_original_url"]),
                    QuestionFormat.Textvqa,
                    "image_id, question and what TextVQA says of a picture"
                ),
                (
                    rows is DelimitedRows
                        && has.IsSupersetOf(["index", "question"])
                        && (has.Contains("image") || has.Contains("image_path")),
                    QuestionFormat.Vlmevalkit,
                    $"index, question and {(has.Contains("image") ? "image" : "image_path")}"
                )
            )
                is var (format, names)
            ? new Recognised(format, $"{Spelt(format)}: {lines} {names}")
            : ByColumns(rows, has);

        static (QuestionFormat, string)? FirstOf(params (bool Is, QuestionFormat Format, string Names)[] known) =>
            Array.Find(known, k => k.Is) is { Is: true } found ? (found.Format, found.Names) : null;
    }

    /// <summary>A format as specs write it.</summary>
    public static string Spelt(QuestionFormat format) =>
        format == QuestionFormat.VisualCounterfact ? "visual-counterfact" : format.ToString().ToLowerInvariant();

    private static Recognised ByColumns(RowSource rows, HashSet<string> has)
    {
        var columns = new QuestionColumns
        {
            Question = First(Questions),
            Image = First(Images),
            Answer = First(RightAnswers),
            Answers = First(ManyAnswers),
            CounterAnswer = First(CounterAnswers),
            CounterImage = First(CounterImages),
            Id = First(Ids),
            Group = First(Groups),
        };
        if (columns.Question is null || columns.Image is null)
        {
            throw new InputException(
                rows.File,
                $"is of no format that is known ({rows.Kind}). Its columns are {ColumnsLayout.Names(rows)}.",
                "Name the columns: format: columns, columns: { question: …, image: …, answer: … }."
            );
        }

        string mapping = string.Join(", ", columns.Named.Select(c => c.Key == c.Name ? c.Key : $"{c.Key}: {c.Name}"));
        return new Recognised(QuestionFormat.Columns, $"columns: {rows.Kind} with columns {{ {mapping} }}", columns);

        string? First(string[] names) => Array.Find(names, has.Contains);
    }
}
