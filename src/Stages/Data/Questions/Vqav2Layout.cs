using System.Globalization;
using Pipelines.Domain;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Questions;

/// <summary>
/// VQAv2: a file of questions {image_id, question, question_id} and one of annotations, joined by question_id. The
/// picture is <c>COCO_{data_subtype}_%012d.jpg</c>.
/// </summary>
internal sealed class Vqav2Layout : QuestionLayout
{
    private readonly Column id,
        image,
        question;
    private readonly string before, // of the picture's number
        ending;
    private readonly Dictionary<string, Annotated>? annotations;
    private readonly string? annotationFile;
    private readonly List<(string, string)>? pairs;

    public Vqav2Layout(LayoutContext context)
        : base(context)
    {
        (id, image, question) = (Want("question_id"), Want("image_id"), Want("question"));
        var header = context.Rows is JsonRows json ? json.Header() : new Dictionary<string, string>();
        (before, ending) = PictureName(context.Rows.File, header);
        annotationFile = context.Settings.Annotations ?? Beside(context.Rows.File);
        annotations = annotationFile is null ? null : ReadAnnotations(annotationFile);
        pairs = context.Settings.Pairs is { } file ? ReadPairs(file) : null;
        if (annotationFile is null)
        {
            context.Notes.Add(
                $"{context.Name}: no file of annotations lies beside it, so its questions have no answers"
            );
        }
    }

    /// <inheritdoc/>
    public override QuestionFormat Format => QuestionFormat.Vqav2;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Required => [id.Name, image.Name, question.Name];

    /// <inheritdoc/>
    public override bool? HasAnswers => annotations is not null;

    /// <inheritdoc/>
    public override IEnumerable<QuestionFile> OtherFiles =>
        [
            .. annotationFile is null
                ? Array.Empty<QuestionFile>()
                : [Other(annotationFile, annotations!.Count, "annotations")],
            .. pairs is null ? Array.Empty<QuestionFile>() : [Other(Context.Settings.Pairs!, pairs.Count, "pairs")],
        ];

    /// <inheritdoc/>
    public override void Read(Row row, Draft draft)
    {
        draft.Id = Text(row, id, draft);
        draft.Text = Text(row, question, draft);
        string? number = Text(row, image, draft);
        if (number is not null && NameOf(number) is { } name)
        {
            draft.Picture = Named(Context.Pool.Of(name), draft);
        }
        else
        {
            draft.LeaveOut(number is null ? "it names no picture" : $"its image_id '{number}' is no whole number");
        }

        if (annotations is null)
        {
            return;
        }

        if (draft.Id is null || !annotations.TryGetValue(draft.Id, out Annotated? said))
        {
            draft.LeaveOut("the annotations say nothing of its question_id");
            return;
        }

        if (said.Image is { } other && other != number)
        {
            draft.LeaveOut($"the annotations have its question_id with another picture, {other}");
        }

        draft.Answers = said.Answer is { } answer ? [answer] : null;
        draft.Annotations = said.All;
        draft.Groups = said.Groups;
    }

    /// <inheritdoc/>
    public override void Finish(FileRows rows)
    {
        if (pairs is null)
        {
            return;
        }

        var byId = new Dictionary<string, DataItem>(StringComparer.Ordinal);
        foreach (DataItem item in rows.Kept.Where(r => r.Question!.Id is not null))
        {
            byId[item.Question!.Id!] = item;
        }

        var others = new Dictionary<string, DataItem>(StringComparer.Ordinal);
        int passedOver = 0;
        foreach (var (first, second) in pairs)
        {
            if (byId.TryGetValue(first, out DataItem? a) && byId.TryGetValue(second, out DataItem? b))
            {
                others[first] = b;
                others[second] = a;
            }
            else
            {
                passedOver++;
            }
        }

        if (passedOver > 0)
        {
            Context.Notes.Add(
                Invariant.Text(
                    $"{Context.Name}: {passedOver} of {pairs.Count} complementary pairs name a question that is not "
                        + $"here"
                )
            );
        }

        rows.Revise(item =>
            item.Question!.Id is { } own && others.TryGetValue(own, out DataItem? other) ? With(item, other) : item
        );
    }

    private static DataItem With(DataItem item, DataItem other)
    {
        string? answer = item.Category,
            counter = other.Category;
        bool alike = answer is not null && string.Equals(answer, counter, StringComparison.OrdinalIgnoreCase);
        return item with
        {
            Question = item.Question! with { CounterAnswer = counter, CounterPicture = other.Location },
            LeftOut = alike ? $"both questions of its complementary pair have the answer '{answer}'" : null,
            Gone = item.Gone ?? (other.Gone is null ? null : QuestionReader.CounterNotOnDisk),
        };
    }

    private string? NameOf(string number) =>
        long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long image)
            ? Invariant.Text($"{before}{image:D12}{ending}")
            : null;

    /// <summary>
    /// What stands before and behind a picture's number. Pictures of test-dev are those of test; those of abstract
    /// scenes have a name of their own.
    /// </summary>
    private static (string Before, string Ending) PictureName(string file, IReadOnlyDictionary<string, string> header)
    {
        string name = Path.GetFileName(file);
        string? subtype =
            header.TryGetValue("data_subtype", out string? said) && said.Length > 0
                ? said
                : Array.Find((string[])["train2014", "val2014", "test-dev2015", "test2015"], s =>
                    name.Contains(s, StringComparison.Ordinal)
                );
        if (subtype is null)
        {
            throw new InputException(
                file,
                "has no data_subtype, which names of pictures hold (COCO_val2014_000000000042.jpg).",
                "Get VQAv2's file of questions again."
            );
        }

        subtype = subtype.Replace("-dev", "", StringComparison.Ordinal);
        return
            header.TryGetValue("data_type", out string? type) && type.StartsWith("abstract", StringComparison.Ordinal)
            ? ($"{type}_{subtype}_", ".png")
            : ($"COCO_{subtype}_", ".jpg");
    }

    /// <summary>The file of annotations beside a file of questions, under its usual name.</summary>
    private static string? Beside(string questions)
    {
        string name = Path.GetFileName(questions)
            .Replace("_questions.json", "_annotations.json", StringComparison.Ordinal);
        string folder = Path.GetDirectoryName(questions)!;
        return new[] { name.Replace("OpenEnded_", "", StringComparison.Ordinal), name }
            .Select(n => Path.Combine(folder, n))
            .FirstOrDefault(f => f != questions && File.Exists(f));
    }

    private Dictionary<string, Annotated> ReadAnnotations(string file)
    {
        var rows = new JsonRows(file, Context.Pool);
        string[] names =
        [
            "question_id",
            "image_id",
            "multiple_choice_answer",
            "question_type",
            "answer_type",
            "answers",
        ];
        if (rows.ListName != "annotations")
        {
            throw new InputException(
                file,
                "has no list 'annotations'.",
                "Name VQAv2's file of annotations (v2_mscoco_val2014_annotations.json)."
            );
        }

        var found = new Dictionary<string, Annotated>(StringComparer.Ordinal);
        var groups = new Dictionary<(string?, string?), string[]>();
        foreach (RawRow row in rows.Rows([.. names.Select(n => new WantedColumn(n))]))
        {
            Cell[] cells = row.Cells;
            string where = Invariant.Text($"{file}:{row.Number}");
            string key = cells[0].Text ?? throw new InputException(where, "the annotation has no question_id.");
            var kinds = (cells[3].Text, cells[4].Text);
            if (!groups.TryGetValue(kinds, out string[]? both))
            {
                groups[kinds] = both = [
                    .. new[] { kinds.Item1, kinds.Item2 }.OfType<string>().Where(g => g.Length > 0),
                ];
            }

            string[] all =
            [
                .. (cells[5].Items ?? []).Select(a =>
                    (a.HasFields ? a.Field("answer") : a).Text
                    ?? throw new InputException(where, "an annotator's answer is no text.")
                ),
            ];
            if (!found.TryAdd(key, new Annotated(row.Number, cells[1].Text, cells[2].Text, all, both)))
            {
                throw new InputException(
                    where,
                    Invariant.Text($"question_id {key} is annotated twice: row {found[key].Row} has it, too.")
                );
            }
        }

        return found;
    }

    private List<(string, string)> ReadPairs(string file)
    {
        var rows = new JsonRows(file, Context.Pool);
        var read = new List<(string, string)>();
        var inPair = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (RawRow row in rows.Rows([new("0"), new("1"), new("2")]))
        {
            string where = Invariant.Text($"{file}:{row.Number}");
            if (
                row.Cells is not [{ Text: { } first }, { Text: { } second }, { IsMissing: true }]
                || row.Unreadable is not null
            )
            {
                throw new InputException(
                    where,
                    "a pair of question ids is expected.",
                    "A file of complementary pairs is a list of lists of two ids."
                );
            }

            foreach (string one in (string[])[first, second])
            {
                if (!inPair.TryAdd(one, row.Number))
                {
                    throw new InputException(
                        where,
                        Invariant.Text($"question_id {one} is in two pairs: row {inPair[one]} has it, too.")
                    );
                }
            }

            read.Add((first, second));
        }

        return read;
    }

    private static QuestionFile Other(string file, long rows, string role) =>
        new(Path.GetFileName(file), Path.GetFullPath(file), rows, new FileInfo(file).Length, role);

    /// <summary>An annotation.</summary>
    private sealed record Annotated(
        long Row,
        string? Image,
        string? Answer,
        IReadOnlyList<string> All,
        IReadOnlyList<string> Groups
    );
}
