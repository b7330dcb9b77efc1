using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>
/// <c>SHA256SUMS</c> of a run's folder: the checksum of every file that the run left there, as <c>sha256sum -c
/// SHA256SUMS</c> checks them. It is written last: without it the folder holds no whole run.
/// </summary>
public sealed class PublishedFiles
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "SHA256SUMS";

    private const string ResultsHead = "# results ",
        ListHead = "# files ",
        LinkHead = "# link ",
        UnitsHead = "# units ";
    private const int DigestLength = 64,
        NameStart = DigestLength + 2; // as sha256sum writes lines
    private readonly string folder;
    private readonly Dictionary<string, KeyBytes> sums;
    private readonly Dictionary<string, KeyBytes> links;

    private PublishedFiles(
        string folder,
        string results,
        UnitsMark units,
        Dictionary<string, KeyBytes> sums,
        Dictionary<string, KeyBytes> links
    )
    {
        this.folder = folder;
        this.sums = sums;
        this.links = links;
        Results = results;
        Units = units;
    }

    /// <summary>Names the results: the digest that they were published under.</summary>
    public string Results { get; }

    /// <summary>What units.txt held when the run was whole; later runs add to it.</summary>
    public UnitsMark Units { get; }

    /// <summary>Files and folders directly in the run's folder that hold results.</summary>
    public IReadOnlyList<string> Tops =>
        [.. sums.Keys.Concat(links.Keys).Select(f => f.Split('/')[0]).Distinct(StringComparer.Ordinal)];

    /// <summary>Files that the run left, relative, with slashes; links to stored part files are none of them.</summary>
    public IReadOnlyCollection<string> Files => sums.Keys;

    /// <summary>
    /// Links to stored part files that the run left, relative, with slashes, and the checksums of these.
    /// </summary>
    internal IReadOnlyDictionary<string, KeyBytes> Links => links;

    /// <summary>Reads the file of a run's folder; null where it is missing or damaged.</summary>
    public static PublishedFiles? Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            return NetworkDisk.IsThere(path) ? Of(folder, RegularFile.ReadAllBytes(path)) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // another process replaces it
        }
    }

    /// <summary>From the bytes: a run of 100,000 part files has ten megabytes of them.</summary>
    private static PublishedFiles? Of(string folder, ReadOnlySpan<byte> text)
    {
        string results = Encoding.UTF8.GetString(TakeLine(ref text)),
            list = Encoding.UTF8.GetString(TakeLine(ref text));
        if (
            !results.StartsWith(ResultsHead, StringComparison.Ordinal)
            || !text.EndsWith("\n"u8)
            || list != ListHead + Convert.ToHexStringLower(SHA256.HashData(text[..^1]))
            || UnitsOf(Encoding.UTF8.GetString(TakeLine(ref text))) is not { } units
        )
        {
            return null;
        }

        byte[] linkHead = Encoding.UTF8.GetBytes(LinkHead);
        var sums = new Dictionary<string, KeyBytes>(StringComparer.Ordinal);
        var links = new Dictionary<string, KeyBytes>(StringComparer.Ordinal);
        while (!text.IsEmpty)
        {
            ReadOnlySpan<byte> line = TakeLine(ref text);
            bool isLink = line.StartsWith(linkHead);
            line = isLink ? line[linkHead.Length..] : line;
            if (line.Length <= NameStart || KeyBytes.Of(line[..DigestLength]) is not { } sum)
            {
                return null;
            }

            (isLink ? links : sums)[Encoding.UTF8.GetString(line[NameStart..])] = sum;
        }

        return new PublishedFiles(folder, results[ResultsHead.Length..], units, sums, links);
    }

    private static ReadOnlySpan<byte> TakeLine(ref ReadOnlySpan<byte> text)
    {
        int end = text.IndexOf((byte)'\n');
        ReadOnlySpan<byte> line = end < 0 ? text : text[..end];
        text = end < 0 ? [] : text[(end + 1)..];
        return line;
    }

    /// <summary>Writes the checksums of files that are there.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="results">Names the results.</param>
    /// <param name="files">Relative paths. Links lead to stored files, which have checksums of their own: theirs are
    /// kept for a copy of the folder in which files stand in place of links.</param>
    /// <param name="units">What units.txt holds.</param>
    public static void Write(string folder, string results, IEnumerable<string> files, UnitsMark units)
    {
        string Line(string file)
        {
            string path = Path.Combine(folder, file),
                name = file.Replace(Path.DirectorySeparatorChar, '/');
            return $"{(IsLink(path) ? LinkHead : "")}{FileDigests.Compute(path)}  {name}";
        }

        string list = string.Join(
            '\n',
            files
                .Order(StringComparer.Ordinal)
                .Select(Line)
                .Prepend(Invariant.Text($"{UnitsHead}{units.Lines} {units.Sha256}"))
        );
        AtomicFile.Write(
            Path.Combine(folder, FileName),
            $"{ResultsHead}{results}\n{ListHead}{FileDigests.OfText(list)}\n{list}\n"
        );
    }

    /// <summary>
    /// What is wrong with a file of the run, as a sentence about it; null where it is as it was written.
    /// </summary>
    /// <param name="relative">Path in the run's folder.</param>
    public string? ProblemOf(string relative)
    {
        string name = relative.Replace(Path.DirectorySeparatorChar, '/'),
            path = Path.Combine(folder, relative);
        if (!File.Exists(path))
        {
            return "is missing.";
        }

        if (links.TryGetValue(name, out KeyBytes sum))
        {
            if (IsLink(path))
            {
                return null;
            }
        }
        else if (!sums.TryGetValue(name, out sum))
        {
            return $"is none of the files that the run left ({FileName}).";
        }

        return FileDigests.Compute(path) == sum.ToString()
            ? null
            : $"is not the file that the run left: its checksum differs from that in {FileName}.";
    }

    /// <summary>
    /// Every file is as it was written, and every link is one. Where a link leads is not looked at: a run may have
    /// linked 100,000 stored files, whose units are known to be stored, and which are checked when they are read.
    /// </summary>
    public bool IsWhole() => sums.Keys.All(f => ProblemOf(f) is null) && HasLinks();

    /// <summary>Folders are listed once, in place of a question to the system for each link.</summary>
    private bool HasLinks()
    {
        var listed = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        var folders = listed.GetAlternateLookup<ReadOnlySpan<char>>();
        var others = new List<string>();
        foreach (string link in links.Keys)
        {
            int slash = link.LastIndexOf('/');
            ReadOnlySpan<char> parent = link.AsSpan(0, Math.Max(0, slash));
            if (!folders.TryGetValue(parent, out HashSet<string>? names))
            {
                folders[parent] = names = LinkNames.In(Path.Join(folder, parent));
            }

            if (!names.GetAlternateLookup<ReadOnlySpan<char>>().Contains(link.AsSpan(slash + 1)))
            {
                others.Add(link);
            }
        }

        return others.AsParallel().All(f => ProblemOf(f) is null); // files in place of links, in a copy
    }

    private static bool IsLink(string path) => RegularFile.IsLink(path);

    private static UnitsMark? UnitsOf(string line)
    {
        string[] parts = line.StartsWith(UnitsHead, StringComparison.Ordinal)
            ? line[UnitsHead.Length..].Split(' ')
            : [];
        return
            parts is [_, { Length: DigestLength }]
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            ? new UnitsMark(count, parts[1])
            : null;
    }
}

/// <summary>The first lines of units.txt: those that a whole run wrote.</summary>
/// <param name="Lines">How many.</param>
/// <param name="Sha256">Of these lines, each with its line feed.</param>
public sealed record UnitsMark(int Lines, string Sha256)
{
    /// <summary>The mark of some lines.</summary>
    public static UnitsMark Of(IReadOnlyCollection<string> lines) =>
        new(
            lines.Count,
            Convert.ToHexStringLower(
                SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(lines.Select(l => l + "\n"))))
            )
        );
}
