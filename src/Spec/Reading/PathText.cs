using System.Text;

namespace Pipelines.Spec.Reading;

/// <summary>
/// A path as a spec writes it: relative to the spec's folder, with <c>${NAME}</c> and <c>${NAME:-default}</c> from the
/// environment (unset and empty are the same); <c>$${</c> stands for <c>${</c>.
/// </summary>
public static class PathText
{
    /// <summary>Bytes that a name has at most on the file systems of today, and a whole path on Linux.</summary>
    private const int LongestName = 255,
        LongestPath = 4095;

    /// <summary>
    /// The absolute path that a text means, or what is wrong with it: a path that the system cannot have is told here,
    /// not when it is opened.
    /// </summary>
    /// <param name="raw">As the spec writes it.</param>
    /// <param name="environment">Values of variables.</param>
    /// <param name="folder">Absolute folder that relative paths start from.</param>
    /// <param name="problem">What is wrong, or null.</param>
    public static string? Full(string raw, Func<string, string?> environment, string folder, out string? problem)
    {
        if (raw == "~" || raw.StartsWith("~/", StringComparison.Ordinal))
        {
            return Problem(out problem, $"'~' is not expanded: write '${{HOME}}{raw[1..]}'");
        }

        if (Expand(raw, environment, out problem) is not { } path)
        {
            return null;
        }

        if (string.IsNullOrWhiteSpace(path))
        {
            return Problem(out problem, "the path is empty");
        }

        if (!Scalars.IsWellFormed(path))
        {
            return Problem(out problem, "the path holds half of a surrogate pair or a NUL");
        }

        string full = Path.GetFullPath(path, folder);
        int longest = full.Split(Path.DirectorySeparatorChar).Max(Encoding.UTF8.GetByteCount),
            all = Encoding.UTF8.GetByteCount(full);
        if (longest > LongestName)
        {
            return Problem(
                out problem,
                $"a name in the path has {longest} bytes: file systems take at most {LongestName}"
            );
        }

        return all <= LongestPath
            ? full
            : Problem(out problem, $"the path has {all} bytes: a system takes at most {LongestPath}");
    }

    /// <summary>Names of the environment variables that a path is written with, in order.</summary>
    public static IReadOnlyList<string> Variables(string raw)
    {
        var names = new List<string>();
        _ = Expand(
            raw,
            name =>
            {
                names.Add(name);
                return name;
            },
            out _
        );
        return names;
    }

    /// <summary>The text with variables filled in, or what is wrong with it.</summary>
    public static string? Expand(string raw, Func<string, string?> environment, out string? problem)
    {
        var text = new StringBuilder();
        problem = null;
        for (int i = 0; i < raw.Length;)
        {
            if (Starts(raw, i, "$${"))
            {
                text.Append("${");
                i += 3;
                continue;
            }
            if (!Starts(raw, i, "${"))
            {
                text.Append(raw[i++]);
                continue;
            }
            int end = raw.IndexOf('}', i);
            if (end < 0)
            {
                return Problem(out problem, $"'{raw[i..]}' has no closing brace");
            }

            string inside = raw[(i + 2)..end];
            int separator = inside.IndexOf(":-", StringComparison.Ordinal);
            string name = separator < 0 ? inside : inside[..separator];
            string? standard = separator < 0 ? null : inside[(separator + 2)..];
            if (!IsName(name))
            {
                return Problem(
                    out problem,
                    $"{ErrorList.Quote(raw[i..(end + 1)])} is no variable: write ${{NAME}} or ${{NAME:-default}}"
                );
            }

            if (standard?.Contains("${", StringComparison.Ordinal) == true)
            {
                return Problem(out problem, $"the default of ${{{name}}} may not hold another variable");
            }

            string? value = environment(name);
            if (string.IsNullOrEmpty(value))
            {
                value = standard;
            }

            if (value is null)
            {
                return Problem(
                    out problem,
                    $"the environment variable {name} is not set: set it, or give a default: ${{{name}:-path}}"
                );
            }

            text.Append(value);
            i = end + 1;
        }
        return text.ToString();
    }

    /// <summary>A literal path in the form that <see cref="Expand"/> gives back unchanged.</summary>
    public static string Escape(string literal) => literal.Replace("${", "$${", StringComparison.Ordinal);

    private static bool Starts(string text, int at, string part) =>
        string.CompareOrdinal(text, at, part, 0, part.Length) == 0;

    private static bool IsName(string name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private static string? Problem(out string? problem, string what)
    {
        problem = what;
        return null;
    }
}
