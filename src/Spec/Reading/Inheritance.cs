namespace Pipelines.Spec.Reading;

/// <summary>
/// A spec that builds on another, <c>base: other.yaml</c>: it holds what differs. Mappings are merged key by key;
/// anything else replaces what the base has, and nothing (<c>key:</c>) takes the key out, which brings the default
/// back. Data of another kind, or a stage of another kind, replace the base's as a whole. New stages stand before the
/// base's report, which so shows them.
/// </summary>
internal static class Inheritance
{
    public const string Key = "base";

    /// <summary>
    /// The document that <paramref name="child"/> stands for on top of <paramref name="parent"/>. Every value keeps the
    /// place where it is written.
    /// </summary>
    public static YamlMap Merge(YamlMap parent, YamlMap child)
    {
        YamlMap merged = MergeKeys(parent, child, "");
        if (
            merged.Find("stages") is not { Value: YamlMap stages } entry
            || parent.Find("stages")?.Value is not YamlMap before
        )
        {
            return merged;
        }

        return merged.With(
            entry.Key,
            BeforeReport(stages, [.. stages.Entries.Select(e => e.Key.Text).Where(name => before.Find(name) is null)])
        );
    }

    private static YamlMap MergeKeys(YamlMap parent, YamlMap child, string path)
    {
        YamlMap merged = new(child.At, parent.Entries);
        foreach (YamlEntry entry in child.Entries)
        {
            YamlValue? value = (parent.Find(entry.Key.Text)?.Value, entry.Value) switch
            {
                (_, YamlText { IsNull: true }) => null,
                (YamlMap before, YamlMap after) when IsSameKind(before, after, path + entry.Key.Text) => MergeKeys(
                    before,
                    after,
                    path + entry.Key.Text + "."
                ),
                _ => entry.Value,
            };
            merged = merged.With(entry.Key, value);
        }
        return merged;
    }

    /// <summary>
    /// The stages of a document with those of <paramref name="names"/> moved before the first report.
    /// </summary>
    private static YamlMap BeforeReport(YamlMap stages, HashSet<string> names)
    {
        bool IsReport(YamlEntry entry) =>
            entry.Value is YamlMap map && map.Find("stage")?.Value is YamlText { Text: "report" };
        YamlEntry[] old = [.. stages.Entries.Where(e => !names.Contains(e.Key.Text))];
        return new YamlMap(
            stages.At,
            [
                .. old.TakeWhile(e => !IsReport(e)),
                .. stages.Entries.Where(e => names.Contains(e.Key.Text)),
                .. old.SkipWhile(e => !IsReport(e)),
            ]
        );
    }

    /// <summary>
    /// Whether what stands at a path is of the kind that the base has there; a choice that is not named is the base's.
    /// </summary>
    private static bool IsSameKind(YamlMap before, YamlMap after, string path)
    {
        string? choice =
            path == "data" ? "kind"
            : path.StartsWith("stages.", StringComparison.Ordinal) && path.Count(c => c == '.') == 1 ? "stage"
            : null;
        return choice is null
            || after.Find(choice)?.Value is not YamlText now
            || before.Find(choice)?.Value is not YamlText was
            || now.Text == was.Text;
    }
}
