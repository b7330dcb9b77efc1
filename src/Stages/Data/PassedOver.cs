using System.Globalization;

namespace Pipelines.Stages.Data;

/// <summary>
/// What lies in folders of pictures and is no picture: counted, so that nothing is passed over in silence.
/// </summary>
/// <param name="Files">Names of files that are no pictures by their content.</param>
/// <param name="Hidden">Files and folders whose name begins with a point.</param>
/// <param name="Folders">Folders that are not searched.</param>
/// <param name="Unnamed">Files whose name is not UTF-8, so that they cannot be opened by it.</param>
public sealed record PassedOver(IReadOnlyList<string> Files, int Hidden, int Folders, int Unnamed)
{
    private const int MostNamed = 3;

    /// <summary>Nothing is passed over.</summary>
    public static PassedOver Nothing { get; } = new([], 0, 0, 0);

    /// <summary>What two folders hold together.</summary>
    public PassedOver And(PassedOver other) =>
        new([.. Files, .. other.Files], Hidden + other.Hidden, Folders + other.Folders, Unnamed + other.Unnamed);

    /// <summary>All of it in words; null where there is nothing.</summary>
    public string? InWords()
    {
        string names = string.Join(", ", Files.Take(MostNamed)) + (Files.Count > MostNamed ? ", …" : "");
        string[] parts =
        [
            .. Part(Files.Count, $"file that is no picture ({names})", $"files that are no pictures ({names})"),
            .. Part(Hidden, "hidden file or folder", "hidden files or folders"),
            .. Part(Folders, "folder", "folders"),
            .. Part(Unnamed, "file whose name is not UTF-8", "files whose names are not UTF-8"),
        ];
        return parts.Length == 0 ? null : "passed over " + string.Join(", ", parts);
    }

    private static string[] Part(int count, string one, string several) =>
        count == 0 ? [] : [$"{count.ToString(CultureInfo.InvariantCulture)} {(count == 1 ? one : several)}"];
}
