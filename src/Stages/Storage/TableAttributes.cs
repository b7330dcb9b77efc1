namespace Pipelines.Stages.Storage;

/// <summary>
/// Makes a record the row of a table: the parameters of its constructor are the columns, in order, named in snake_case;
/// a type that may be null is a column that may be; the documentation of the parameters is the columns'.
/// </summary>
/// <param name="name">File or folder name without extension.</param>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class TableAttribute(string name) : Attribute
{
    /// <summary>File or folder name without extension.</summary>
    public string Name => name;

    /// <summary>Name of its file in a unit's artifact; null = its name in kebab-case.</summary>
    public string? File { get; init; }

    /// <summary>Runs publish it as a folder of part files; the others are one file with a CSV twin.</summary>
    public bool InParts { get; init; }

    /// <summary>Another folder of part files whose rows are the same; null = none.</summary>
    public string? Also { get; init; }

    /// <summary>A table of the store only: runs do not publish it.</summary>
    public bool IsInternal { get; init; }
}

/// <summary>
/// What a column's numbers are measured in; without it they are a count, an index, a share or a correlation.
/// </summary>
/// <param name="unit">The unit as people write it.</param>
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class UnitAttribute(string unit) : Attribute
{
    /// <summary>One unit of phi is this many logits.</summary>
    public const string Phi = "f(1) - f(0)";

    /// <summary>Adjusted logits.</summary>
    public const string Logits = "logits";

    /// <summary>The unit.</summary>
    public string Unit => unit;
}

/// <summary>Marks the columns that together name a row: two runs are compared row by row over them.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class RowKeyAttribute : Attribute;
