using System.Text.RegularExpressions;

namespace Pipelines.Spec.Reading;

/// <summary>
/// A spec that lists other specs, <c>{ name, experiments: [files] }</c>: their experiments are one plan, in the order
/// of the list, and share what they can.
/// </summary>
internal static partial class Collection
{
    public const string Key = "experiments";

    private const int MostFiles = 1000;

    /// <summary>Whether a document lists specs.</summary>
    public static bool Is(YamlMap root) => root.Find(Key) is not null;

    /// <summary>The name of the list: the folder of its overview in <c>artifacts/runs</c>.</summary>
    public static string Name(YamlMap root, ErrorList errors)
    {
        const string allowed = "letters, digits, '-', '_' and '.', at most 100, for example 'name: paper'";
        YamlValue? value = root.Find("name")?.Value;
        if (value is YamlText { IsNull: false } text && Form().IsMatch(text.Text))
        {
            return text.Text;
        }

        if (value is null)
        {
            errors.Add(root.At, "name", "the name is missing", allowed);
        }
        else
        {
            errors.Add(value.At, "name", $"{value.Described} is no name", allowed);
        }

        return "";
    }

    /// <summary>
    /// The files that a document lists, with the places where they are named and as they are named. What is wrong with
    /// the document is in <paramref name="errors"/>.
    /// </summary>
    /// <param name="root">The document.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="variables">Values of <c>${NAME}</c>.</param>
    /// <param name="errors">Takes what is wrong.</param>
    public static IReadOnlyList<(YamlText Place, string Named, string Full)> Files(
        YamlMap root,
        string folder,
        Func<string, string?> variables,
        ErrorList errors
    )
    {
        foreach (YamlEntry other in root.Entries.Where(e => e.Key.Text is not "name" and not Key))
        {
            errors.Add(
                other.Key.At,
                "",
                $"{ErrorList.Quote(other.Key.Text)} has no place in a spec that lists specs",
                $"name, {Key}; a field of all of them is set by --set",
                null
            );
        }
        YamlValue value = root.Find(Key)!.Value;
        if (value is not YamlList { Items.Count: > 0 and <= MostFiles } list)
        {
            errors.Add(
                value.At,
                Key,
                $"{(value is YamlList ? "this list" : value.Described)} names no specs",
                $"a list of 1 to {MostFiles} spec files, for example [quickstart.yaml]"
            );
            return [];
        }
        var files = new List<(YamlText, string, string)>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (YamlValue item in list.Items)
        {
            if (item is not YamlText { IsNull: false } text)
            {
                errors.Add(item.At, Key, $"{item.Described} is no spec file");
            }
            else if (PathText.Full(text.Text, variables, folder, out string? problem) is not { } full)
            {
                errors.Add(item.At, Key, problem!);
            }
            else if (PathText.Expand(text.Text, variables, out _) is not { } named || !seen.Add(named))
            {
                errors.Add(item.At, Key, $"{item.Described} is in the list twice");
            }
            else
            {
                files.Add((text, named, full));
            }
        }
        return files;
    }

    [GeneratedRegex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
