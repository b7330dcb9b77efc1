using Pipelines.Domain.Errors;
using Pipelines.Models.Vision;

namespace Pipelines.Stages.Data;

/// <summary>Reads any folder of pictures (not in depth), with or without a CSV of labels.</summary>
internal static class FolderReader
{
    /// <summary>
    /// The folder's pictures. With labels: those not labelled are left out, and most labelled ones must exist.
    /// </summary>
    /// <param name="images">Folder with the pictures.</param>
    /// <param name="labels">CSV with the columns file and category (and super_category where wanted), or null.</param>
    /// <param name="missing">Share of the labelled pictures that may be missing.</param>
    /// <param name="nearest">Of some names the one that was probably meant by another, or null: proposed for a misspelt
    /// column. Nothing is proposed without.</param>
    /// <exception cref="InputException">A file is missing or damaged, the folder holds no picture, or too many labelled
    /// ones are not on disk.</exception>
    public static PictureSet Read(
        string images,
        string? labels = null,
        double missing = 0,
        Func<string, IEnumerable<string>, string?>? nearest = null
    )
    {
        var (files, others) = PictureFolder.Files(images);
        if (labels is null)
        {
            return files.Count > 0
                ? new PictureSet(images, [.. files.Select(Item)]) { PassedOver = others }
                : throw new InputException(
                    images,
                    $"holds no picture ({PictureFormats.Read}){Also(others)}.",
                    "Folders inside it are not searched."
                );
        }

        IReadOnlyList<LabelLine> known = LabelFile.Read(labels, nearest);
        string[] names = [.. known.Select(l => l.File).Distinct(StringComparer.Ordinal)];
        var gone = PictureFolder.Missing(images, names, labels, missing);
        var labelled = known.Select(l => Labelled(images, labels, l, gone.Contains(l.File)));
        HashSet<string> labelledFiles = [.. names.Select(PictureFolder.Plain)];
        var unlabelled = files
            .Select(Item)
            .Where(i => !labelledFiles.Contains(i.File))
            .Select(i => i with { LeftOut = $"not labelled in {Path.GetFileName(labels)}" });
        return new PictureSet(images, [.. labelled, .. unlabelled])
        {
            PassedOver = Unexplained(others, images, labels, names),
        };
    }

    /// <summary>
    /// A labelled picture. With a question it is that line of the file of labels, for a picture may have several.
    /// </summary>
    private static DataItem Labelled(string images, string labels, LabelLine line, bool isGone)
    {
        string file = Path.GetFileName(labels);
        return Item(Path.Combine(images, line.File)) with
        {
            SampleId = line.Question is null ? line.File : Invariant.Text($"{file}:{line.Line}"),
            File = line.File,
            Category = line.Label.Category,
            SuperCategory = line.Label.SuperCategory,
            Gone = isGone ? PictureFolder.NotOnDisk : null,
            Question = line.Question is null
                ? null
                : new Question
                {
                    Text = line.Question,
                    File = file,
                    Row = line.Line,
                    Answers = [line.Label.Category],
                },
        };
    }

    /// <summary>
    /// Without the file of labels itself, labelled files of other names, and the folders that labelled pictures lie in.
    /// </summary>
    private static PassedOver Unexplained(PassedOver others, string images, string labels, IEnumerable<string> labelled)
    {
        string[] names = [.. labelled.Select(PictureFolder.Plain)];
        string ownName = Path.GetFullPath(labels);
        int folders = names
            .Select(n => n.Split('/'))
            .Where(n => n.Length > 1)
            .Select(n => n[0])
            .Distinct(StringComparer.Ordinal)
            .Count();
        return others with
        {
            Files =
            [
                .. others
                    .Files.Except(names, StringComparer.Ordinal)
                    .Where(f => Path.GetFullPath(Path.Combine(images, f)) != ownName),
            ],
            Folders = Math.Max(0, others.Folders - folders),
        };
    }

    private static string Also(PassedOver others) => others.InWords() is { } words ? $"; {words}" : "";

    private static DataItem Item(string file)
    {
        string name = Path.GetFileName(file);
        return new DataItem(name, name, Path.GetFullPath(file));
    }
}
