namespace Pipelines.Spec.Reading;

/// <summary>One field set from outside the mapping that holds it: by <c>--set a.b=c</c> or by a matrix.</summary>
/// <param name="Path">The field, for example <c>stages.masks.count</c>.</param>
/// <param name="Value">Its value; null takes the key out, which brings the default back.</param>
/// <param name="At">Where the path stands: errors about the path point there, those about the value at the
/// value.</param>
internal sealed record Override(string Path, YamlValue? Value, SourceMark At)
{
    private const string MatrixKey = "matrix";

    /// <summary>
    /// Reads <c>a.b=c</c>. A value that begins like a YAML list, mapping or quoted text is read as YAML; anything else
    /// stands for itself. <c>null</c> takes the key out. Nothing (<c>a.b=</c>) is refused: it is what is left of
    /// <c>a.b=$N</c> where N is not set.
    /// </summary>
    public static Override? Parse(string option, ErrorList errors)
    {
        int equals = option.IndexOf('=', StringComparison.Ordinal);
        string path = (equals < 0 ? option : option[..equals]).Trim();
        var source = new SpecSource("--set " + path, equals < 0 ? "" : option[(equals + 1)..], HasLines: false);
        var at = new SourceMark(source, 1, 1);
        if (equals < 0 || path.Length == 0 || path.Split('.').Any(p => p.Length == 0) || path.Length > 500)
        {
            errors.Add(
                at,
                "",
                $"{ErrorList.Quote(option)} sets nothing",
                "field=value, for example stages.masks.count=2000"
            );
            return null;
        }
        string text = source.Text.Trim();
        if (text.Length == 0)
        {
            errors.Add(at, path, "the value is empty", "null for the default, '\"\"' for an empty text");
            return null;
        }
        if (text.Length > 0 && "[{\"'".Contains(text[0], StringComparison.Ordinal))
        {
            return YamlLoader.Load(source, errors) is { } value ? new Override(path, value, at) : null;
        }

        var plain = new YamlText(at, text, Quoted: false);
        return new Override(path, plain.IsNull ? null : plain, at);
    }

    /// <summary>
    /// Reads all of a command line. One that would undo another, whole or in part, is refused: which of them was meant
    /// cannot be told.
    /// </summary>
    public static IReadOnlyList<Override> ParseAll(IReadOnlyList<string> options, ErrorList errors)
    {
        var read = new List<Override>();
        foreach (Override set in options.Select(o => Parse(o, errors)).OfType<Override>())
        {
            if (
                read.Find(before => (before.Path + ".").StartsWith(set.Path + ".", StringComparison.Ordinal)) is
                { } lost
            )
            {
                errors.Add(
                    set.At,
                    set.Path,
                    lost.Path == set.Path
                        ? "the field is set twice: say it once"
                        : $"this undoes --set {lost.Path}, which stands before it: leave one out, or change the order"
                );
            }

            read.Add(set);
        }

        return read;
    }

    /// <summary>Whether it speaks of the matrix itself.</summary>
    public bool IsOfMatrix => Path == MatrixKey || Path.StartsWith(MatrixKey + ".", StringComparison.Ordinal);

    /// <summary>The stage that the field lies in; null for any other field, a stage as a whole included.</summary>
    public string? StageInside => Path.Split('.') is ["stages", var stage, _, ..] ? stage : null;

    /// <summary>The document with the field set. An axis of the matrix is one key, dots included.</summary>
    public YamlMap Apply(YamlMap root, ErrorList errors) =>
        Set(root, IsOfMatrix ? Path.Split('.', 2) : Path.Split('.'), 0, errors) ?? root;

    private YamlMap? Set(YamlMap map, string[] parts, int depth, ErrorList errors)
    {
        string part = parts[depth];
        YamlEntry? entry = map.Find(part);
        var key = entry?.Key ?? new YamlText(At, part, Quoted: true);
        if (depth == parts.Length - 1)
        {
            return map.With(key, Value);
        }

        string here = string.Join('.', parts[..(depth + 1)]);
        if (entry is null && depth == 1 && parts[0] == "stages")
        {
            errors.Add(
                At,
                Path,
                $"there is no stage {ErrorList.Quote(part)}",
                string.Join(", ", map.Entries.Select(e => e.Key.Text)),
                Nearest.To(part, map.Entries.Select(e => e.Key.Text))
            );
            return null;
        }
        switch (entry?.Value)
        {
            case null when Value is null:
                return map;
            case null or YamlText { IsNull: true }:
                return Set(new YamlMap(At, []), parts, depth + 1, errors) is { } made ? map.With(key, made) : null;
            case YamlMap inner:
                return Set(inner, parts, depth + 1, errors) is { } changed ? map.With(key, changed) : null;
            case YamlList:
                errors.Add(At, Path, $"'{here}' is a list: set it as a whole, for example {here}=[a, b]");
                return null;
            default:
                errors.Add(At, Path, $"'{here}' is {entry.Value.Described}: it has no keys below it");
                return null;
        }
    }
}
