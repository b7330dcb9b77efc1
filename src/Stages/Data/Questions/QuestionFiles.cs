using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Stages.Data.Questions;

/// <summary>Finds files of questions and gives each a name of its own.</summary>
internal static class QuestionFiles
{
    private static readonly char[] Wild = ['*', '?'];

    /// <summary>The files, patterns expanded in ordinal order; one that is named twice comes once.</summary>
    /// <exception cref="InputException">A file is not there, or none matches a pattern.</exception>
    public static IReadOnlyList<string> Expand(IReadOnlyList<string> files) =>
        [.. files.SelectMany(Matching).Distinct(StringComparer.Ordinal)];

    /// <summary>
    /// A name for each file: its own, with as much of the folders before it as tells files of one name apart.
    /// </summary>
    public static IReadOnlyList<string> Names(IReadOnlyList<string> files)
    {
        string[][] parts = [.. files.Select(f => Path.GetFullPath(f).Split(Path.DirectorySeparatorChar))];
        int[] taken = [.. files.Select(_ => 1)];
        while (true)
        {
            string[] names = [.. parts.Select((p, i) => string.Join('/', p[^Math.Min(taken[i], p.Length)..]))];
            int[] alike =
            [
                .. names
                    .Select((name, i) => (name, i))
                    .GroupBy(n => n.name, StringComparer.Ordinal)
                    .Where(g => g.Count() > 1)
                    .SelectMany(g => g.Select(n => n.i)),
            ];
            if (alike.Length == 0 || alike.All(i => taken[i] >= parts[i].Length))
            {
                return names;
            }

            foreach (int i in alike)
            {
                taken[i]++;
            }
        }
    }

    /// <summary>Opens a file to be read once from its beginning.</summary>
    /// <exception cref="InputException">It cannot be opened.</exception>
    public static FileStream Open(string file)
    {
        try
        {
            return RegularFile.Open(file, buffer: 1, options: FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string what =
                Directory.Exists(file) ? "is a folder, not a file of questions."
                : File.Exists(file) ? $"cannot be read: {e.Message}"
                : "this file of questions does not exist.";
            throw new InputException(file, what, "Correct the path in the spec.", e);
        }
    }

    private static IEnumerable<string> Matching(string file)
    {
        if (file.IndexOfAny(Wild) < 0 || File.Exists(file))
        {
            return [Path.GetFullPath(file)];
        }

        string[] parts = Path.GetFullPath(file).Split(Path.DirectorySeparatorChar);
        int first = Array.FindIndex(parts, p => p.IndexOfAny(Wild) >= 0);
        IEnumerable<string> found = [string.Join(Path.DirectorySeparatorChar, parts[..first]) + "/"];
        for (int i = first; i < parts.Length; i++)
        {
            string pattern = parts[i];
            bool last = i == parts.Length - 1;
            found = [.. found.SelectMany(folder => Entries(folder, pattern, last))];
        }

        string[] files = [.. found.Order(StringComparer.Ordinal)];
        return files.Length > 0
            ? files
            : throw new InputException(
                file,
                "no file of questions matches this pattern.",
                "* stands for any characters of a name, ? for one."
            );
    }

    private static IEnumerable<string> Entries(string folder, string pattern, bool last)
    {
        if (pattern.IndexOfAny(Wild) < 0)
        {
            string path = Path.Combine(folder, pattern);
            return (last ? File.Exists(path) : Directory.Exists(path)) ? [path] : [];
        }

        var options = new EnumerationOptions { MatchType = MatchType.Simple, IgnoreInaccessible = true };
        return !Directory.Exists(folder) ? []
            : last ? Directory.EnumerateFiles(folder, pattern, options)
            : Directory.EnumerateDirectories(folder, pattern, options);
    }
}
