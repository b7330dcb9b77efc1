using Pipelines.Stages.Errors;

namespace Pipelines.Stages.Data;

/// <summary>Reads any folder of pictures (not in depth), with or without a CSV of labels.</summary>
internal static class FolderReader
{
    /// <summary>The folder's pictures. With labels: those not labelled are left out, and every labelled one must exist.</summary>
    /// <param name="images">Folder with the pictures.</param>
    /// <param name="labels">CSV with the columns file and category (and super_category where wanted), or null.</param>
    /// <param name="nearest">Of some names the one that was probably meant by another, or null: proposed for a misspelt column. Nothing is proposed without.</param>
    /// <exception cref="InputException">A file is missing or damaged, or the folder holds no picture.</exception>
    public static PictureSet Read(string images, string? labels, Func<string, IEnumerable<string>, string?>? nearest = null)
    {
        IReadOnlyList<string> files = PictureFolder.Files(images);
        if (files.Count == 0)
        {
            throw new InputException(images, "holds no JPEG or PNG.", "Folders inside it are not searched.");
        }

        if (labels is null)
        {
            return new PictureSet(images, [.. files.Select(Item)]);
        }

        IReadOnlyDictionary<string, Label> known = LabelFile.Read(labels, nearest);
        PictureFolder.RequireFiles(images, known.Keys, labels);
        var labelled = known.Select(l => Item(Path.Combine(images, l.Key)) with { SampleId = l.Key, File = l.Key, Category = l.Value.Category, SuperCategory = l.Value.SuperCategory });
        var others = files.Select(Item).Where(i => !known.ContainsKey(i.File)).Select(i => i with { LeftOut = $"not labelled in {Path.GetFileName(labels)}" });
        return new PictureSet(images, [.. labelled, .. others]);
    }

    private static DataItem Item(string file)
    {
        string name = Path.GetFileName(file);
        return new DataItem(name, name, Path.GetFullPath(file));
    }
}
