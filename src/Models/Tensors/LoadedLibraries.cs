using Pipelines.Files;

namespace Pipelines.Models.Tensors;

/// <summary>The libraries that this process has really loaded, whatever was asked for.</summary>
internal static class LoadedLibraries
{
    private const string Maps = "/proc/self/maps";

    /// <summary>Full paths of all mapped shared libraries, links resolved, by Linux; none elsewhere.</summary>
    public static IReadOnlyList<string> Read() =>
        File.Exists(Maps)
            ?
            [
                .. RegularFile.ReadAllLines(Maps)
                    .Select(line => line.IndexOf('/') is >= 0 and int at ? line[at..] : "")
                    .Where(path => Path.GetFileName(path).Contains(".so", StringComparison.Ordinal))
                    .Distinct(StringComparer.Ordinal),
            ]
            : [];

    /// <summary>What was loaded in another place than it was wanted from, with both.</summary>
    /// <param name="wanted">Full paths.</param>
    /// <param name="loaded">Full paths, links resolved.</param>
    /// <returns>Sentences' ends: <c>libc10.so from /usr/lib instead of /opt/torch/lib</c>.</returns>
    public static IReadOnlyList<string> Strayed(IEnumerable<string> wanted, IReadOnlyList<string> loaded)
    {
        ILookup<string, string> found = loaded.ToLookup(path => Path.GetFileName(path), StringComparer.Ordinal);
        var strayed = new List<string>();
        foreach (string path in wanted)
        {
            string real = new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
            string name = Path.GetFileName(real);
            string[] others = [.. found[name].Where(other => other != real).Select(other => Folder(other))];
            if (others.Length > 0)
            {
                strayed.Add($"{name} from {string.Join(" and ", others)} instead of {Folder(real)}");
            }
        }

        return strayed;

        static string Folder(string path) => Path.GetDirectoryName(path)!;
    }
}
