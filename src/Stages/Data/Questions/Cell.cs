namespace Pipelines.Stages.Data.Questions;

/// <summary>
/// A value of a row, whatever the file's format: a text (numbers as they are written), a list, fields with names, a
/// picture's bytes, or nothing (absent and null are the same).
/// </summary>
internal readonly struct Cell
{
    private readonly object? value;

    private Cell(object? value) => this.value = value;

    /// <summary>Nothing.</summary>
    public static Cell Missing => default;

    /// <summary>A text, or a number as it is written.</summary>
    public static Cell Of(string? text) => new(text);

    /// <summary>A list.</summary>
    public static Cell Of(Cell[] items) => new(items);

    /// <summary>Fields with names.</summary>
    public static Cell Of(Dictionary<string, Cell> fields) => new(fields);

    /// <summary>Bytes of a picture that are left where they lie.</summary>
    public static Cell Of(PictureLocation picture) => new(picture);

    /// <summary>A value that is there and none that can be taken.</summary>
    /// <param name="what">What it is: "NaN, which is no number in JSON".</param>
    public static Cell Wrong(string what) => new(new WrongValue(what));

    /// <summary>Whether there is nothing.</summary>
    public bool IsMissing => value is null;

    /// <summary>The text, or null.</summary>
    public string? Text => value as string;

    /// <summary>The list, or null.</summary>
    public IReadOnlyList<Cell>? Items => value as Cell[];

    /// <summary>Where the bytes lie, or null.</summary>
    public PictureLocation? Picture => value as PictureLocation;

    /// <summary>What stands there instead of a value, or null.</summary>
    public string? WrongAs => (value as WrongValue)?.What;

    /// <summary>Whether it has fields.</summary>
    public bool HasFields => value is Dictionary<string, Cell>;

    /// <summary>A field's value; nothing where there is none.</summary>
    public Cell Field(string name) =>
        value is Dictionary<string, Cell> fields && fields.TryGetValue(name, out Cell field) ? field : Missing;

    /// <summary>What it is, in words.</summary>
    public string Kind =>
        value switch
        {
            null => "nothing",
            string => "a text",
            Cell[] => "a list",
            PictureLocation => "bytes",
            WrongValue wrong => wrong.What,
            _ => "an object",
        };

    private sealed record WrongValue(string What);
}
