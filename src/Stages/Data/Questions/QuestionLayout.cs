using Pipelines.Domain;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Questions;

/// <summary>What a layout needs to read a file.</summary>
/// <param name="Settings">What the spec says.</param>
/// <param name="Rows">The file.</param>
/// <param name="Name">Its name in sample ids.</param>
/// <param name="Pictures">Finds pictures.</param>
/// <param name="Pool">Shares texts that repeat.</param>
/// <param name="Notes">What a person ought to know.</param>
internal sealed record LayoutContext(
    QuestionSource Settings,
    RowSource Rows,
    string Name,
    Pictures Pictures,
    TextPool Pool,
    List<string> Notes
);

/// <summary>How one format's rows become questions. One a file.</summary>
/// <param name="context">What it reads.</param>
internal abstract class QuestionLayout(LayoutContext context)
{
    private readonly List<WantedColumn> wanted = [];
    private readonly Dictionary<(Column, string), string[]> groups = [];

    /// <summary>The format.</summary>
    public abstract QuestionFormat Format { get; }

    /// <summary>The columns that it reads.</summary>
    public IReadOnlyList<WantedColumn> Wanted => wanted;

    /// <summary>
    /// Whether a row's id is said to be one: then one that stands twice in a file is an error, else a note.
    /// </summary>
    public virtual bool IdsAreKeys => true;

    /// <summary>Whether the file says answers at all, as far as its columns tell.</summary>
    public virtual bool? HasAnswers => null;

    /// <summary>Columns without which a file is of another format.</summary>
    public virtual IReadOnlyList<string> Required => [];

    /// <summary>What it reads.</summary>
    protected LayoutContext Context => context;

    /// <summary>Puts a question together.</summary>
    public abstract void Read(Row row, Draft draft);

    /// <summary>Settles what can be known only when all rows of the file are.</summary>
    public virtual void Finish(FileRows rows) { }

    /// <summary>Other files that were read beside it.</summary>
    public virtual IEnumerable<QuestionFile> OtherFiles => [];

    /// <summary>Reads a column, too.</summary>
    /// <param name="name">Its name; null for none.</param>
    /// <param name="isPicture">Whether it holds pictures.</param>
    protected Column Want(string? name, bool isPicture = false)
    {
        if (name is null)
        {
            return new Column("", -1);
        }

        int place = wanted.FindIndex(w => w.Name == name);
        if (place < 0)
        {
            place = wanted.Count;
            wanted.Add(new WantedColumn(name, isPicture));
        }

        return new Column(name, place);
    }

    /// <summary>The text of a cell that may be absent.</summary>
    protected static string? Text(Row row, Column column, Draft draft)
    {
        Cell cell = row[column];
        if (cell.Text is { } text)
        {
            return text;
        }

        if (!cell.IsMissing)
        {
            draft.LeaveOut(
                cell.WrongAs is { } wrong
                    ? $"'{column.Name}' is {wrong}"
                    : $"'{column.Name}' is {cell.Kind}, a text is expected"
            );
        }

        return null;
    }

    /// <summary>Texts of a list, of a list written as text, or of one text; null where there is nothing.</summary>
    /// <param name="row">The row.</param>
    /// <param name="column">The column.</param>
    /// <param name="draft">Told where the cell is no such thing.</param>
    /// <param name="listsAsText">Whether a text in brackets is a list.</param>
    protected IReadOnlyList<string>? Texts(Row row, Column column, Draft draft, bool listsAsText = true)
    {
        Cell cell = row[column];
        if (cell.HasFields)
        {
            // A struct of lists, as some writers store a list of structs; or the one of a single answer.
            cell = AnswerField(cell);
        }

        if (cell.IsMissing)
        {
            return null;
        }

        if (cell.Text is { } text)
        {
            if (!listsAsText || !ListText.Looks(text))
            {
                return [text];
            }

            if (ListText.Read(text) is { } read && read.All(t => t is not null))
            {
                return [.. read.Select(t => Context.Pool.Of(t!))];
            }

            draft.LeaveOut($"'{column.Name}' is in brackets and no list that can be read");
            return null;
        }

        if (cell.Items is not { } items)
        {
            draft.LeaveOut($"'{column.Name}' is {cell.Kind}, a list or a text is expected");
            return null;
        }

        var texts = new List<string>(items.Count);
        foreach (Cell item in items)
        {
            Cell answer = item.HasFields ? AnswerField(item) : item;
            if (answer.Text is { } one)
            {
                texts.Add(one);
            }
            else
            {
                draft.LeaveOut($"'{column.Name}' has {answer.Kind} among its items, texts are expected");
            }
        }

        return texts;
    }

    /// <summary>
    /// Groups that a cell names, each once: several are separated by commas, or a list. Rows of the same groups share
    /// the list.
    /// </summary>
    /// <param name="row">The row.</param>
    /// <param name="column">The column.</param>
    /// <param name="before">Groups that the row belongs to, whatever the cell says.</param>
    protected IReadOnlyList<string> Groups(Row row, Column column, params string[] before)
    {
        Cell cell = row[column];
        string text = cell.Items is { } items
            ? string.Join('\0', items.Select(i => i.Text ?? ""))
            : (cell.Text ?? "").Replace(',', '\0');
        if (!groups.TryGetValue((column, text), out string[]? known))
        {
            groups[(column, text)] = known = [
                .. before
                    .Concat(text.Split('\0'))
                    .Select(g => g.Trim())
                    .Where(g => g.Length > 0)
                    .Distinct(StringComparer.Ordinal)
                    .Select(Context.Pool.Of),
            ];
        }

        return known;
    }

    /// <summary>
    /// The picture that a cell names or holds; null, with the reason in the draft, where it does not.
    /// </summary>
    protected FoundPicture? Picture(Cell cell, string column, Draft draft)
    {
        if (cell.IsMissing)
        {
            draft.LeaveOut("it names no picture");
            return null;
        }

        if (cell.Items is { } items)
        {
            return OnlyOf(items, column, draft);
        }

        if (cell.HasFields)
        {
            Cell bytes = cell.Field("bytes"),
                path = cell.Field("path");
            if (bytes.IsMissing && path.IsMissing)
            {
                draft.LeaveOut($"'{column}' has neither bytes nor a path");
                return null;
            }

            return Picture(bytes.IsMissing ? path : bytes, column, draft);
        }

        if (cell.Picture is { } place)
        {
            if (place is EmbeddedPicture { Pictures: not 1 and var several })
            {
                return NotOne(several, draft);
            }

            return Inside(place, draft);
        }

        if (cell.Text is not { } text)
        {
            draft.LeaveOut($"'{column}' is {cell.Kind}, a picture is expected");
            return null;
        }

        if (ListText.Looks(text) && ListText.Read(text) is { } listed)
        {
            return OnlyOf([.. listed.Select(Cell.Of)], column, draft);
        }

        if (EmbeddedText.IsPicture(text))
        {
            return Inside(new TextPicture(Context.Rows.File, draft.Row, text), draft);
        }

        return Named(text.Trim(), draft);
    }

    /// <summary>The picture of a name.</summary>
    protected FoundPicture? Named(string name, Draft draft)
    {
        FoundPicture? picture = Context.Pictures.Named(name, Context.Rows.File, out string? wrong);
        if (wrong is not null)
        {
            draft.LeaveOut(wrong);
        }

        return picture;
    }

    /// <summary>A picture inside the file.</summary>
    protected FoundPicture Inside(PictureLocation place, Draft draft) =>
        new(Invariant.Text($"{Context.Name}:{draft.Row}"), Context.Rows.File, place, Gone: false);

    private FoundPicture? OnlyOf(IReadOnlyList<Cell> items, string column, Draft draft)
    {
        if (items.Count == 1)
        {
            return Picture(items[0], column, draft);
        }

        return NotOne(items.Count, draft);
    }

    private static FoundPicture? NotOne(int pictures, Draft draft)
    {
        draft.LeaveOut(
            pictures == 0
                ? "it names no picture"
                : Invariant.Text($"it has {pictures} pictures, and questions about one are asked")
        );
        return null;
    }

    private static Cell AnswerField(Cell cell)
    {
        foreach (string name in (string[])["answer", "answers", "text", "value"])
        {
            if (!cell.Field(name).IsMissing)
            {
                return cell.Field(name);
            }
        }

        return cell;
    }
}

/// <summary>A column that a layout reads.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Place">Its place in the row's cells; -1 for none.</param>
internal readonly record struct Column(string Name, int Place)
{
    /// <summary>Whether there is one.</summary>
    public bool IsNamed => Place >= 0;

    /// <summary>Whether a row has something there.</summary>
    public bool IsIn(Row row) => !row[this].IsMissing;
}

/// <summary>A row as layouts see it.</summary>
/// <param name="raw">As it was read.</param>
internal readonly struct Row(RawRow raw)
{
    /// <summary>Row in the file.</summary>
    public long Number => raw.Number;

    /// <summary>A column's value.</summary>
    public Cell this[Column column] => column.Place >= 0 ? raw.Cells[column.Place] : Cell.Missing;
}

/// <summary>The rows of one file once all are read, for what depends on others.</summary>
/// <param name="Kept">Rows that can be asked about.</param>
/// <param name="LeftOut">Rows that cannot.</param>
internal sealed record FileRows(List<DataItem> Kept, List<DataItem> LeftOut)
{
    /// <summary>Goes over the kept rows; those that come back with a reason are left out.</summary>
    public void Revise(Func<DataItem, DataItem> revise)
    {
        int kept = 0;
        for (int i = 0; i < Kept.Count; i++)
        {
            DataItem item = revise(Kept[i]);
            if (item.LeftOut is null)
            {
                Kept[kept++] = item;
            }
            else
            {
                LeftOut.Add(item);
            }
        }

        Kept.RemoveRange(kept, Kept.Count - kept);
    }
}
