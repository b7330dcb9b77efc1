using Pipelines.Domain.Errors;
using Pipelines.Files;
using Pipelines.Models.Vision;

namespace Pipelines.Stages.Data;

/// <summary>Looks into folders of pictures.</summary>
internal static class PictureFolder
{
    /// <summary>Why a listed picture that is missing is left out.</summary>
    public const string NotOnDisk = "the picture is not on disk";

    private const char Undecodable = '\uFFFD';

    /// <summary>
    /// Names that promise a picture: such a file is one of the set, whatever it holds, and is judged when it is read.
    /// Every other file is looked into at once; so a folder of a million pictures is listed without opening one.
    /// </summary>
    private static readonly HashSet<string> PictureNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".webp",
        ".gif",
        ".bmp",
        ".dib",
        ".tif",
        ".tiff",
        ".heic",
        ".heif",
        ".avif",
        ".jxl",
        ".jp2",
    };

    /// <summary>The pictures of a folder in ordinal order, not searched in depth, and what else lies there.</summary>
    public static (IReadOnlyList<string> Pictures, PassedOver Others) Files(string folder)
    {
        ILookup<bool, string> byHidden = Listed(folder, () => Directory.EnumerateFileSystemEntries(folder))
            .ToLookup(IsHidden);
        string[] entries = [.. byHidden[false].Where(e => !IsUnnamed(e)).Order(StringComparer.Ordinal)];
        string[] files = [.. entries.Where(e => !Directory.Exists(e))];
        string[] pictures = [.. files.Where(IsPicture)];
        var others = new PassedOver(
            [.. files.Except(pictures, StringComparer.Ordinal).Select(f => Path.GetFileName(f)!)],
            byHidden[true].Count(),
            entries.Length - files.Length,
            byHidden[false].Count(IsUnnamed)
        );
        return (pictures, others);
    }

    /// <summary>The folders of a folder, hidden ones left out; ordinal order.</summary>
    public static IReadOnlyList<string> Folders(string folder) =>
        Listed(
            folder,
            () => Directory.EnumerateDirectories(folder).Where(d => !IsHidden(d)).Order(StringComparer.Ordinal)
        );

    /// <summary>
    /// Those of a list's files that do not lie in the folder, which is listed once (a look-up a file is slow on network
    /// drives).
    /// </summary>
    /// <param name="folder">The picture folder.</param>
    /// <param name="names">Paths below the folder.</param>
    /// <param name="namedBy">The file that names them, for the message.</param>
    /// <param name="allowed">Share of the names that may be missing.</param>
    /// <exception cref="InputException">More are missing, or all are: how many, and the first.</exception>
    public static IReadOnlySet<string> Missing(
        string folder,
        IReadOnlyCollection<string> names,
        string namedBy,
        double allowed
    )
    {
        HashSet<string> present =
        [
            .. Listed(folder, () => Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)!)),
        ];
        string[] missing =
        [
            .. names.Where(name => !present.Contains(name) && !File.Exists(Path.Combine(folder, name))),
        ];
        if (missing.Length > allowed * names.Count || (missing.Length > 0 && missing.Length == names.Count))
        {
            string share = Invariant.Text($"{100.0 * missing.Length / names.Count:0.#} %");
            throw new InputException(
                folder,
                Invariant.Text(
                    $"lacks {missing.Length} of the {names.Count} pictures that {namedBy} names ({share}; "
                        + $"data.missing allows {100 * allowed:0.#} %); the first is '{missing[0]}'."
                ),
                "Get the pictures that belong to that file, name the folder that holds them, or raise data.missing."
            );
        }

        return missing.ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Whether a path stays below the folder that it is relative to.</summary>
    public static bool StaysBelow(string relative) =>
        relative.Length > 0
        && !Path.IsPathRooted(relative)
        && !relative.Contains('\0', StringComparison.Ordinal)
        && !relative.Split('/', '\\').Contains("..");

    /// <summary>
    /// One spelling of a path below the folder: <c>x.jpg</c>, <c>./x.jpg</c> and <c>.//x.jpg</c> are one picture.
    /// </summary>
    public static string Plain(string relative)
    {
        string[] parts = relative.Split('/');
        return parts.Any(p => p is "" or ".") ? string.Join('/', parts.Where(p => p is not ("" or "."))) : relative;
    }

    private static bool IsPicture(string file)
    {
        if (PictureNames.Contains(Path.GetExtension(file)))
        {
            return true;
        }

        if (RegularFile.Other(file) is not null)
        {
            return false;
        }

        try
        {
            return PictureFormats.IsPicture(PictureDecoder.Start(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true; // perhaps one: it is listed with the reason why it cannot be read
        }
    }

    private static bool IsHidden(string path) => Path.GetFileName(path).StartsWith('.');

    /// <summary>
    /// Names that are not UTF-8 come with a sign in place of what they hold, and no file has that name.
    /// </summary>
    private static bool IsUnnamed(string path) =>
        Path.GetFileName(path).Contains(Undecodable, StringComparison.Ordinal) && !Path.Exists(path);

    private static IReadOnlyList<string> Listed(string folder, Func<IEnumerable<string>> list)
    {
        if (!Directory.Exists(folder))
        {
            throw new InputException(
                folder,
                File.Exists(folder)
                    ? "is a file, not a folder of pictures."
                    : "this folder of pictures does not exist.",
                "Correct the path in the spec."
            );
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
