using System.Globalization;
using Pipelines.Domain;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Questions;

/// <summary>
/// VLMEvalKit: index, image (base64, or the index of the row that has it) or image_path, question, answer, and perhaps
/// options A, B, C, …, hint, category and l2-category. The text is that of its own prompt for multiple choice, without
/// the instruction behind it, which is the spec's suffix:
/// <code>
/// Hint: …            (where there is one)
/// Question: …
/// Options:
/// A. …
/// B. …
/// </code>
/// A row without options and hint is asked its question alone.
/// </summary>
internal sealed class VlmEvalKitLayout : QuestionLayout
{
    private const int LongestPointer = 64;
    private const long Turn = 1_000_000; // what the index of a question grows by with each rotation of its options

    private readonly Column index,
        origin,
        image,
        imagePath,
        question,
        answer,
        hint,
        category,
        wider;
    private readonly Column[] options;
    private readonly Dictionary<string, FoundPicture> pictures = new(StringComparer.Ordinal); // by index
    private readonly Dictionary<long, string> pointers = []; // row -> the index that its picture has
    private readonly HashSet<string> pointing = new(StringComparer.Ordinal); // indices of such rows
    private readonly Dictionary<long, string> origins = []; // row -> what it is a rotation of

    public VlmEvalKitLayout(LayoutContext context)
        : base(context)
    {
        (index, origin) = (Want("index"), Want("g_index"));
        (image, imagePath) = (Want("image", isPicture: true), Want("image_path", isPicture: true));
        (question, answer, hint) = (Want("question"), Want("answer"), Want("hint"));
        (category, wider) = (Want("category"), Want("l2-category"));
        options =
        [
            .. Enumerable
                .Range(0, Options.Most)
                .Select(Options.Letter)
                .TakeWhile(context.Rows.Columns.Contains)
                .Select(letter => Want(letter)),
        ];
    }

    /// <inheritdoc/>
    public override QuestionFormat Format => QuestionFormat.Vlmevalkit;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Required => [index.Name, question.Name];

    /// <inheritdoc/>
    public override bool? HasAnswers => Context.Rows.Columns.Contains("answer");

    /// <inheritdoc/>
    public override void Read(Row row, Draft draft)
    {
        draft.Id = Text(row, index, draft);
        draft.Groups = wider.IsIn(row)
            ? [.. Groups(row, category).Union(Groups(row, wider), StringComparer.Ordinal)]
            : Groups(row, category);
        ReadPicture(row, draft);
        string?[] texts = [.. options.Select(o => Text(row, o, draft))];
        int count = Array.FindLastIndex(texts, t => !string.IsNullOrWhiteSpace(t)) + 1;
        if (texts.AsSpan(0, count).IndexOf((string?)null) is >= 0 and var empty)
        {
            draft.LeaveOut($"its option {Options.Letter(empty)} is empty and a later one is not");
        }

        draft.Options = [.. texts.Take(count).Select(t => t ?? "")];
        draft.Text = Asked(Text(row, question, draft), Text(row, hint, draft), draft.Options);
        ReadAnswer(row, draft);
        NoteOrigin(row, draft);
    }

    /// <inheritdoc/>
    public override void Finish(FileRows rows)
    {
        var turns = origins.Values.CountBy(o => o, StringComparer.Ordinal).Where(o => o.Value > 1);
        HashSet<string> turned = [.. turns.Select(o => o.Key)];
        rows.Revise(item => Grouped(Resolved(item), turned));
    }

    private void ReadPicture(Row row, Draft draft)
    {
        Cell cell = row[image];
        if (cell.IsMissing)
        {
            draft.Picture = row[imagePath].IsMissing ? null : Picture(row[imagePath], imagePath.Name, draft);
        }
        else if (cell.Text is { Length: <= LongestPointer } text && !ListText.Looks(text) && !IsFileName(text))
        {
            // Which row that is, is known when all are read
            draft.Picture = Inside(new TextPicture(Context.Rows.File, draft.Row, ""), draft);
            pointers[draft.Row] = text.Trim();
            if (draft.Id is { } id)
            {
                pointing.Add(id);
            }

            return;
        }
        else
        {
            // Whatever is long and no name is base64 here, in a list of one, too
            string? only =
                cell.Text is { } said && ListText.Read(said) is { } list
                    ? list is [{ } one]
                        ? one
                        : null
                    : cell.Text;
            draft.Picture =
                only is { Length: > LongestPointer } && !IsFileName(only)
                    ? Inside(new TextPicture(Context.Rows.File, draft.Row, only), draft)
                    : Picture(cell, image.Name, draft);
        }

        if (draft.Id is { } own && draft.Picture is { } picture)
        {
            pictures.TryAdd(own, picture);
        }
    }

    private static bool IsFileName(string text) =>
        text.Length < 256
        && Path.GetExtension(text) is { Length: > 2 and < 6 } ending
        && ending.Skip(1).All(char.IsAsciiLetterOrDigit)
        && ending.Any(char.IsAsciiLetter);

    private void ReadAnswer(Row row, Draft draft)
    {
        IReadOnlyList<string>? said = Texts(row, answer, draft);
        if (said is null || draft.Options.Count == 0)
        {
            draft.Answers = said;
            return;
        }

        if (said.Count != 1)
        {
            draft.LeaveOut("it has several right options");
            return;
        }

        string where = Invariant.Text($"{Context.Rows.File}:{row.Number}");
        string? letter = Options.LetterOf(said[0], draft.Options, Context.Settings.Letters, where, out string? wrong);
        draft.Answers = letter is null ? [] : [letter];
        draft.CounterAnswer =
            letter is not null && draft.Options.Count == 2 ? Options.Letter(letter == "A" ? 1 : 0) : null;
        if (wrong is not null)
        {
            draft.LeaveOut(wrong);
        }
    }

    private static string? Asked(string? question, string? hint, IReadOnlyList<string> options)
    {
        if (string.IsNullOrWhiteSpace(question) || (options.Count == 0 && string.IsNullOrWhiteSpace(hint)))
        {
            return question;
        }

        string before = string.IsNullOrWhiteSpace(hint) ? "" : $"Hint: {hint}\n";
        string after = options.Count == 0 ? "" : $"\n{Options.Lines(options)}";
        return $"{before}Question: {question}{after}";
    }

    private void NoteOrigin(Row row, Draft draft)
    {
        if (Text(row, origin, draft) is { } named)
        {
            origins[draft.Row] = named.Trim();
        }
        else if (
            options.Length > 0
            && long.TryParse(draft.Id, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
        )
        {
            origins[draft.Row] = Invariant.Text($"{number % Turn}");
        }
    }

    private DataItem Resolved(DataItem item)
    {
        if (!pointers.TryGetValue(item.Question!.Row, out string? other))
        {
            return item;
        }

        return pointing.Contains(other)
                ? item with
                {
                    LeftOut = $"its picture is that of index '{other}', which points to another one itself",
                }
            : pictures.TryGetValue(other, out FoundPicture? picture)
                ? item with
                {
                    File = picture.File,
                    FullPath = picture.FullPath,
                    Location = picture.Location,
                    Gone = picture.Gone ? PictureFolder.NotOnDisk : item.Gone,
                }
            : item with { LeftOut = $"its picture is that of index '{other}', which no row has" };
    }

    /// <summary>Rotations of one question are a group of their own, which their origin names.</summary>
    private DataItem Grouped(DataItem item, HashSet<string> turned) =>
        origins.TryGetValue(item.Question!.Row, out string? from) && turned.Contains(from)
            ? item with
            {
                Question = item.Question with { Groups = [.. item.Question.Groups, $"question {from}"] },
            }
            : item;
}
