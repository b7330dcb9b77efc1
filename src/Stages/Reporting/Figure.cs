using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Reporting;

/// <summary>What a figure shows: drawn from data computed once, at any width.</summary>
/// <param name="Title">What is shown.</param>
/// <param name="Shows">What this shows: a sentence computed from the data.</param>
/// <param name="Reading">How to read it: axes, marks, n.</param>
/// <param name="Table">The data behind it.</param>
/// <param name="DrawAt">Draws it.</param>
internal sealed record Drawing(string Title, string Shows, string Reading, FigureTable Table, Func<Canvas, Svg> DrawAt)
{
    /// <summary>Width in the page and in the file, in pixels.</summary>
    public const double Wide = 760;

    /// <summary>Width on a phone.</summary>
    public const double Narrow = 352;

    private const string OnScreen = "Click a key to hide its";

    /// <summary>How to read it: what holds on paper, too, and the sentence for the page alone.</summary>
    public (string OnPaper, string ForPage) Readings =>
        Reading.IndexOf(OnScreen, StringComparison.Ordinal) is >= 0 and var at
            ? (Reading[..at].TrimEnd(), Reading[at..])
            : (Reading, "");

    /// <summary>The picture.</summary>
    /// <param name="width"><see cref="Wide"/> or <see cref="Narrow"/>.</param>
    /// <param name="id">Unique in a page.</param>
    public string Draw(double width, string id) => On(width, id).ToString();

    /// <summary>The drawing.</summary>
    /// <param name="width">In pixels.</param>
    /// <param name="id">Unique in a page.</param>
    public Svg On(double width, string id) => DrawAt(new Canvas(id, width, Title, Shows));
}

/// <summary>A drawing in its place on a page.</summary>
/// <param name="Name">Name of its files in <c>figures/</c>, without extension; unique on a page.</param>
/// <param name="Place">Where it stands, as its class says.</param>
/// <param name="Drawing">What it shows.</param>
internal sealed record Figure(string Name, FigureAttribute Place, Drawing Drawing)
{
    /// <summary>What is shown.</summary>
    public string Title => Drawing.Title;

    /// <summary>The data behind it.</summary>
    public FigureTable Table => Drawing.Table;
}

/// <summary>What a figure draws on.</summary>
/// <param name="Id">Unique in a page.</param>
/// <param name="Width">In pixels.</param>
/// <param name="Title">What is shown.</param>
/// <param name="Description">What it shows, in words.</param>
internal sealed record Canvas(string Id, double Width, string Title, string Description)
{
    /// <summary>True on a phone: panels stand below each other.</summary>
    public bool IsNarrow => Width < 500;

    /// <summary>An empty drawing of a height.</summary>
    public Svg Svg(double height, double? width = null) => new(Id, width ?? Width, height, Title, Description);
}

/// <summary>The data behind a figure.</summary>
/// <param name="Columns">Names, snake_case.</param>
/// <param name="Rows">Cells: numbers or text.</param>
internal sealed record FigureTable(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<object?>> Rows)
{
    /// <summary>
    /// The table as CSV (RFC 4180, round-trip numbers, lines end with CR LF). What is no number is an empty field, as
    /// in the tables: readers would take the word for text, or reckon with it.
    /// </summary>
    public string ToCsv()
    {
        using var text = new StringWriter();
        var csv = new CsvWriter(text);
        foreach (IReadOnlyList<object?> row in Rows.Prepend(Columns))
        {
            foreach (object? cell in row)
            {
                bool isNone = cell is double number && !double.IsFinite(number);
                csv.Field(!isNone && Format.Exact(cell) is { Length: > 0 } shown ? shown : null);
            }

            csv.EndRow();
        }

        return text.ToString();
    }
}
