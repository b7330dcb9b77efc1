using System.Globalization;
using Pipelines.Stages.Errors;

namespace Pipelines.Stages.Data;

/// <summary>Looks into folders of pictures.</summary>
internal static class PictureFolder
{
    private static readonly string[] Extensions = [".jpg", ".jpeg", ".png"];

    /// <summary>The JPEG and PNG files of a folder by their extension, hidden ones left out; not searched in depth; ordinal order.</summary>
    public static IReadOnlyList<string> Files(string folder) =>
        Listed(folder, () => Directory.EnumerateFiles(folder).Where(f => IsPicture(f)).Order(StringComparer.Ordinal));

    /// <summary>The folders of a folder, hidden ones left out; ordinal order.</summary>
    public static IReadOnlyList<string> Folders(string folder) =>
        Listed(folder, () => Directory.EnumerateDirectories(folder).Where(d => !IsHidden(d)).Order(StringComparer.Ordinal));

    /// <summary>Demands that a list's files lie in the folder, which is listed once (a look-up a file is slow on network drives).</summary>
    /// <param name="folder">The picture folder.</param>
    /// <param name="names">Paths below the folder.</param>
    /// <param name="namedBy">The file that names them, for the message.</param>
    /// <exception cref="InputException">Some are missing: how many, and the first.</exception>
    public static void RequireFiles(string folder, IEnumerable<string> names, string namedBy)
    {
        HashSet<string> present = [.. Listed(folder, () => Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)!))];
        int total = 0, missing = 0;
        string? first = null;
        foreach (string name in names)
        {
            total++;
            if (!present.Contains(name) && !File.Exists(Path.Combine(folder, name)))
            {
                missing++;
                first ??= name;
            }
        }

        if (first is not null)
        {
            throw new InputException(
                folder,
                string.Create(CultureInfo.InvariantCulture, $"lacks {missing} of the {total} pictures that {namedBy} names; the first is '{first}'."),
                "Get the pictures that belong to that file, or name the folder that holds them.");
        }
    }

    /// <summary>Whether a path stays below the folder that it is relative to.</summary>
    public static bool StaysBelow(string relative) =>
        relative.Length > 0 && !Path.IsPathRooted(relative) && !relative.Contains('\0', StringComparison.Ordinal) && !relative.Split('/', '\\').Contains("..");

    private static bool IsPicture(string file) => !IsHidden(file) && Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase);

    private static bool IsHidden(string path) => Path.GetFileName(path).StartsWith('.');

    private static IReadOnlyList<string> Listed(string folder, Func<IEnumerable<string>> list)
    {
        if (!Directory.Exists(folder))
        {
            throw new InputException(folder, File.Exists(folder) ? "is a file, not a folder of pictures." : "this folder of pictures does not exist.", "Correct the path in the spec.");
        }

        try
        {
            return [.. list()];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(folder, $"cannot be listed: {e.Message}", "Check the folder's permissions.", e);
        }
    }
}
