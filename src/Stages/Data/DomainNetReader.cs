using Pipelines.Domain.Errors;
using Pipelines.Models.Vision;

namespace Pipelines.Stages.Data;

/// <summary>
/// Reads DomainNet's layout <c>root/domain/class/file</c>: the class is the category ('_' stands for a blank), the
/// domain is the style.
/// </summary>
internal static class DomainNetReader
{
    /// <summary>The pictures of the domains.</summary>
    /// <param name="root">Folder that holds the domains.</param>
    /// <param name="domains">Names of the domains to use.</param>
    /// <exception cref="InputException">A folder is missing or holds no picture.</exception>
    public static PictureSet Read(string root, IReadOnlyList<string> domains)
    {
        IReadOnlyList<string> present = [.. PictureFolder.Folders(root).Select(f => Path.GetFileName(f)!)];
        var pictures = new List<DataItem>();
        PassedOver others = PassedOver.Nothing;
        foreach (string domain in domains.Distinct(StringComparer.Ordinal))
        {
            if (!present.Contains(domain, StringComparer.Ordinal))
            {
                throw new InputException(
                    root,
                    $"has no domain '{domain}' (there is: "
                        + $"{(present.Count == 0 ? "no folder" : string.Join(", ", present))}).",
                    "Correct 'domains' or 'root' in the spec."
                );
            }

            int before = pictures.Count;
            var (loose, beside) = PictureFolder.Files(Path.Combine(root, domain));
            others = others.And(
                beside with
                {
                    Files = [.. beside.Files, .. loose.Select(f => Path.GetFileName(f)!)],
                    Folders = 0,
                }
            ); // its folders are the classes
            foreach (string folder in PictureFolder.Folders(Path.Combine(root, domain)))
            {
                var (files, within) = PictureFolder.Files(folder);
                others = others.And(within);
                pictures.AddRange(files.Select(file => Item(domain, Path.GetFileName(folder), file)));
            }

            if (pictures.Count == before)
            {
                throw new InputException(
                    Path.Combine(root, domain),
                    $"holds no picture ({PictureFormats.Read}) in its class folders.",
                    "DomainNet's layout is domain/class/file."
                );
            }
        }

        return pictures.Count > 0
            ? new PictureSet(root, pictures) { PassedOver = others }
            : throw new InputException(
                root,
                "no domain is asked for.",
                "List at least one under 'domains' in the spec."
            );
    }

    private static DataItem Item(string domain, string className, string file)
    {
        string relative = $"{domain}/{className}/{Path.GetFileName(file)}";
        return new DataItem(
            relative,
            relative,
            Path.GetFullPath(file),
            Category: className.Replace('_', ' '),
            Domain: domain
        );
    }
}
