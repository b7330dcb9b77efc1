using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Questions;

/// <summary>A picture that a row names or holds.</summary>
/// <param name="File">Its name as the data give it, or file and row of one that is inside.</param>
/// <param name="FullPath">The file that holds it.</param>
/// <param name="Location">Where its bytes lie.</param>
/// <param name="Gone">Whether there is no such file.</param>
internal sealed record FoundPicture(string File, string FullPath, PictureLocation Location, bool Gone);

/// <summary>
/// Finds pictures by their names. A folder is listed once (a look-up a file is slow on network drives), and rows of one
/// picture share what is known of it.
/// </summary>
/// <param name="images">Folder that names are relative to; null = that of the file which names them.</param>
internal sealed class Pictures(string? images)
{
    private readonly Dictionary<string, HashSet<string>> listed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, FoundPicture>> found = new(StringComparer.Ordinal);

    /// <summary>The picture of a name.</summary>
    /// <param name="name">Path below the folder.</param>
    /// <param name="namedBy">The file that names it.</param>
    /// <param name="wrong">Why the name cannot be taken, where it cannot.</param>
    public FoundPicture? Named(string name, string namedBy, out string? wrong)
    {
        wrong = null;
        string folder = images ?? Path.GetDirectoryName(namedBy)!;
        if (!found.TryGetValue(folder, out var known))
        {
            found[folder] = known = new Dictionary<string, FoundPicture>(StringComparer.Ordinal);
        }

        if (known.TryGetValue(name, out FoundPicture? picture))
        {
            return picture;
        }

        wrong = WrongName(name);
        if (wrong is null)
        {
            string path = Path.GetFullPath(Path.Combine(folder, name));
            picture = new FoundPicture(name, path, new PictureFile(path), !IsThere(path));
            known.Add(name, picture);
        }

        return picture;
    }

    private static string? WrongName(string name) =>
        name.StartsWith("http://", StringComparison.Ordinal) || name.StartsWith("https://", StringComparison.Ordinal)
            ? "the picture is an address on the web, and pictures are read from files"
        : ControlCharacters.In(name) is { } control ? $"the picture's name holds {control}"
        : !PictureFolder.StaysBelow(name) ? $"'{Short(name)}' does not name a file below the picture folder"
        : null;

    private static string Short(string name) => name.Length <= 100 ? name : name[..100] + "…";

    private bool IsThere(string path)
    {
        string folder = Path.GetDirectoryName(path)!;
        if (!listed.TryGetValue(folder, out var files))
        {
            listed[folder] = files = Listed(folder);
        }

        return files.Contains(Path.GetFileName(path)) || (files.Count > 0 && File.Exists(path));
    }

    private static HashSet<string> Listed(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return [];
        }

        try
        {
            return Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)!).ToHashSet(StringComparer.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(folder, $"cannot be listed: {e.Message}", "Check the folder's permissions.", e);
        }
    }
}
