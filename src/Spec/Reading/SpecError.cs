namespace Pipelines.Spec.Reading;

/// <summary>What is wrong with a spec, where, and what would be right.</summary>
/// <param name="File">The file as the caller named it, or the option, for example <c>--set
/// stages.masks.count</c>.</param>
/// <param name="Line">From 1; 0 where the source is not a file.</param>
/// <param name="Column">From 1; 0 where the source is not a file.</param>
/// <param name="Path">The field, for example <c>stages.masks.count</c>; empty for the whole experiment.</param>
/// <param name="Message">One sentence with the offending text, what is allowed and the nearest valid name.</param>
public sealed record SpecError(string File, int Line, int Column, string Path, string Message)
{
    /// <summary>The offending line with a mark under the offending text (two lines), or empty.</summary>
    public string Excerpt { get; init; } = "";

    /// <summary><c>file:line:column: path: message</c>, as editors and terminals link it.</summary>
    public override string ToString()
    {
        bool isInName = Line == 0 && (File + ".").Contains($" {Path}.", StringComparison.Ordinal);
        return (Line > 0 ? $"{File}:{Line}:{Column}: " : $"{File}: ")
            + (Path.Length > 0 && !isInName ? $"{Path}: " : "")
            + Message;
    }
}

/// <summary>
/// What reading a spec gave: the experiments (several with a matrix, or where it lists other specs), or every error at
/// once.
/// </summary>
/// <param name="Experiments">Empty exactly when there are errors.</param>
/// <param name="Errors">In file order.</param>
public sealed record ReadResult(IReadOnlyList<Experiment> Experiments, IReadOnlyList<SpecError> Errors)
{
    /// <summary>Name of the spec: of the experiment, of the matrix without its axes, or of the list of specs.</summary>
    public string Name { get; init; } = "";

    /// <summary>The file that each experiment stands in: the spec, or one that it lists.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>
    /// Where some of several experiments have errors: the others, which may be run by themselves. null where all have
    /// some, or where one is in the spec as a whole (its YAML, its list, an override).
    /// </summary>
    public ReadResult? Rest { get; init; }

    /// <summary>Whether the experiments may be run.</summary>
    public bool Ok => Errors.Count == 0;
}
