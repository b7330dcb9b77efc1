using System.Security.Cryptography;
using System.Text;

namespace Pipelines.Spec.Reading;

/// <summary>
/// The cross product of a spec: every combination of the values of its axes is an experiment of its own, named
/// <c>name/axis=value,…</c>.
/// </summary>
internal sealed class Matrix
{
    public const string Key = "matrix";

    private const int MostMembers = 1000;
    private const int LongestValue = 40;
    private const int LongestName = 180;

    private readonly List<(string Path, string Short, IReadOnlyList<(Override Set, string Label)> Points)> axes = [];

    private Matrix() { }

    /// <summary>
    /// Reads <c>matrix:</c>; null stands for one member without axes. What is wrong with an axis is in
    /// <paramref name="errors"/>, and the axis left out.
    /// </summary>
    public static Matrix Read(YamlValue? value, ErrorList errors)
    {
        var matrix = new Matrix();
        if (value is null)
        {
            return matrix;
        }

        if (value is not YamlMap map || map.Entries.Count == 0)
        {
            errors.Add(
                value.At,
                Key,
                value is YamlMap ? "the matrix has no axis" : $"{value.Described} stands where a mapping is wanted",
                "field: [values], for example 'prompt: [default, p1]'"
            );
            return matrix;
        }
        string[] paths = [.. map.Entries.Select(e => e.Key.Text)];
        foreach (YamlEntry entry in map.Entries)
        {
            matrix.AddAxis(entry, paths, errors);
        }

        if (matrix.axes.Aggregate(1L, (n, a) => Math.Min(n * a.Points.Count, MostMembers + 1)) > MostMembers)
        {
            errors.Add(map.At, Key, $"the matrix stands for more than {MostMembers} experiments");
            matrix.axes.Clear();
        }
        return matrix;
    }

    /// <summary>The members in file order, the last axis running fastest.</summary>
    public IEnumerable<(IReadOnlyList<Override> Sets, string Suffix)> Members()
    {
        IEnumerable<(IReadOnlyList<Override> Sets, string Suffix)> members = [([], "")];
        foreach ((_, string name, IReadOnlyList<(Override Set, string Label)> points) in axes)
        {
            members = members.SelectMany(m =>
                points.Select(p =>
                    (
                        (IReadOnlyList<Override>)[.. m.Sets, p.Set],
                        m.Suffix + (m.Suffix.Length > 0 ? "," : "") + $"{name}={p.Label}"
                    )
                )
            );
        }
        return members.Select(m => (m.Sets, Bounded(m.Suffix)));
    }

    private void AddAxis(YamlEntry entry, string[] paths, ErrorList errors)
    {
        string path = entry.Key.Text,
            field = $"{Key}.{path}";
        if (
            path.Split('.').Any(p => p.Length == 0)
            || path is "name" or Key
            || path.StartsWith(Key + ".", StringComparison.Ordinal)
        )
        {
            errors.Add(
                entry.Key.At,
                Key,
                $"{ErrorList.Quote(path)} cannot be an axis",
                "a field of the experiment, for example prompt or stages.masks.ablate"
            );
        }
        else if (paths.FirstOrDefault(p => path.StartsWith(p + ".", StringComparison.Ordinal)) is { } outer)
        {
            errors.Add(entry.Key.At, Key, $"the axis '{path}' lies inside the axis '{outer}'");
        }
        else if (entry.Value is not YamlList { Items.Count: > 0 and <= MostMembers } list)
        {
            errors.Add(
                entry.Value.At,
                field,
                $"{(entry.Value is YamlList ? "this list" : entry.Value.Described)} is no axis",
                $"a list of 1 to {MostMembers} values"
            );
        }
        else
        {
            axes.Add((path, ShortName(path, paths), Points(entry.Key, field, list, errors)));
        }
    }

    private static List<(Override, string)> Points(YamlText path, string field, YamlList list, ErrorList errors)
    {
        var points = new List<(Override, string)>();
        var texts = new HashSet<string>(StringComparer.Ordinal);
        var labels = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (YamlValue item in list.Items)
        {
            var text = item as YamlText;
            if (text is not null && !texts.Add(text.Text))
            {
                errors.Add(item.At, field, $"{item.Described} is in the list twice");
            }

            string label = text is null ? $"{points.Count + 1}" : Label(text.Text);
            for (int n = 2; !labels.Add(label); n++)
            {
                label = $"{label.Split('~')[0]}~{n}";
            }

            points.Add((new Override(path.Text, text is { IsNull: true } ? null : item, path.At), label));
        }
        return points;
    }

    /// <summary>The fewest last parts of a path that tell it from the other axes.</summary>
    private static string ShortName(string path, string[] paths)
    {
        string[] parts = path.Split('.');
        for (int from = parts.Length - 1; from > 0; from--)
        {
            string name = string.Join('.', parts[from..]);
            if (paths.Count(p => p == name || p.EndsWith("." + name, StringComparison.Ordinal)) == 1)
            {
                return Safe(name);
            }
        }
        return Safe(path);
    }

    private static string Label(string value)
    {
        string last = value.TrimEnd('/', '\\');
        string safe = Safe(last[(last.LastIndexOfAny(['/', '\\']) + 1)..]);
        return safe.Length <= LongestValue ? safe : safe[..LongestValue].TrimEnd('-', '.');
    }

    /// <summary>Only what every file system and shell takes.</summary>
    private static string Safe(string text)
    {
        var safe = new StringBuilder();
        foreach (char c in text)
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '_' or '.')
            {
                safe.Append(c);
            }
            else if (safe.Length > 0 && safe[^1] != '-')
            {
                safe.Append('-');
            }
            else if (c == '-')
            {
                safe.Append('-');
            }
        }
        string trimmed = safe.ToString().TrimEnd('-', '.');
        return trimmed.Length > 0 ? trimmed : "_";
    }

    private static string Bounded(string suffix)
    {
        if (suffix.Length <= LongestName)
        {
            return suffix;
        }

        string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(suffix)));
        return $"{suffix[..LongestName]}~{digest[..12]}";
    }
}
