using Pipelines.Domain;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Questions;

/// <summary>Any file whose columns are named.</summary>
internal sealed class ColumnsLayout : QuestionLayout
{
    private readonly Column id,
        image,
        question,
        answer,
        answers,
        counterAnswer,
        counterImage,
        group,
        options;
    private readonly bool isRecognised;

    /// <summary>Reads the columns of a file.</summary>
    /// <param name="context">The file.</param>
    /// <param name="columns">Names of the columns.</param>
    /// <param name="isRecognised">Whether the names were found by what the file holds, not given.</param>
    /// <exception cref="InputException">The file has no such column.</exception>
    public ColumnsLayout(LayoutContext context, QuestionColumns columns, bool isRecognised)
        : base(context)
    {
        this.isRecognised = isRecognised;
        RequireNamed(context, columns);
        id = Want(columns.Id);
        image = Want(columns.Image, isPicture: true);
        question = Want(columns.Question);
        answer = Want(columns.Answer);
        answers = Want(columns.Answers);
        counterAnswer = Want(columns.CounterAnswer);
        counterImage = Want(columns.CounterImage, isPicture: true);
        group = Want(columns.Group);
        options = Want(columns.Options);
    }

    /// <inheritdoc/>
    public override QuestionFormat Format => QuestionFormat.Columns;

    /// <inheritdoc/>
    public override bool IdsAreKeys => !isRecognised;

    /// <inheritdoc/>
    public override bool? HasAnswers =>
        !answer.IsNamed && !answers.IsNamed ? false
        : Context.Rows.ColumnsAreAll ? true
        : null;

    /// <inheritdoc/>
    public override void Read(Row row, Draft draft)
    {
        draft.Id = Text(row, id, draft);
        draft.Text = Text(row, question, draft);
        draft.Picture = Picture(row[image], image.Name, draft);
        draft.Groups = Groups(row, group);
        IReadOnlyList<string>? first = Texts(row, answer, draft, listsAsText: false),
            accepted = Texts(row, answers, draft);
        draft.Answers =
            first is null ? accepted
            : accepted is null ? first
            : [.. first.Union(accepted, StringComparer.Ordinal)];
        draft.Annotations = accepted is { Count: > 1 } ? accepted : [];
        draft.CounterAnswer = Text(row, counterAnswer, draft);
        if (!row[counterImage].IsMissing)
        {
            draft.CounterPicture = Picture(row[counterImage], counterImage.Name, draft);
        }

        if (options.IsNamed)
        {
            ReadOptions(row, draft);
        }
    }

    private void ReadOptions(Row row, Draft draft)
    {
        if (Texts(row, options, draft) is not { Count: > 0 } texts)
        {
            return;
        }

        if (texts.Count > Options.Most)
        {
            draft.LeaveOut("it has more options than there are letters");
            return;
        }

        draft.Options = texts;
        draft.Text = draft.Text is { } asked ? $"{asked}\n{Options.Lines(texts)}" : null;
        string where = Invariant.Text($"{Context.Rows.File}:{row.Number}");
        draft.Answers = draft.Answers is [var right, ..]
            ? Lettered(right) is { } letter
                ? [letter]
                : []
            : null;
        draft.CounterAnswer = draft.CounterAnswer is { } other ? Lettered(other) : null;

        string? Lettered(string said)
        {
            string? letter = Options.LetterOf(said, texts, Context.Settings.Letters, where, out string? wrong);
            if (wrong is not null)
            {
                draft.LeaveOut(wrong);
            }

            return letter;
        }
    }

    private static void RequireNamed(LayoutContext context, QuestionColumns columns)
    {
        if (columns.Question is null || columns.Image is null)
        {
            throw new InputException(
                context.Rows.File,
                $"which columns hold question and picture is not said. Its columns are {Names(context.Rows)}.",
                "Name them: columns: { question: …, image: …, answer: … }."
            );
        }

        if (!context.Rows.ColumnsAreAll)
        {
            // Rows of JSON need not have every name; that no row has it is known at the end.
            return;
        }

        foreach (var (key, name) in columns.Named)
        {
            if (!context.Rows.Columns.Contains(name))
            {
                throw Unknown(context, key, name);
            }
        }
    }

    /// <inheritdoc/>
    public override void Finish(FileRows rows)
    {
        if (Context.Rows is JsonRows json && !isRecognised)
        {
            foreach (var (key, name) in Context.Settings.Columns.Named)
            {
                int place = Wanted.ToList().FindIndex(w => w.Name == name);
                if (json.Seen.Count > place && place >= 0 && !json.Seen[place] && name != JsonRows.Key)
                {
                    throw Unknown(Context, key, name);
                }
            }
        }
    }

    private static InputException Unknown(LayoutContext context, string key, string name)
    {
        string near = context.Settings.Nearest?.Invoke(name, context.Rows.Columns) is { } meant
            ? $" Did you mean '{meant}'?"
            : "";
        return new InputException(
            context.Rows.File,
            $"has no column '{name}' (columns.{key}). Its columns are {Names(context.Rows)}.{near}"
        );
    }

    /// <summary>The columns of a file, for messages.</summary>
    public static string Names(RowSource rows) => string.Join(", ", rows.Columns.Select(c => $"'{c}'"));
}
