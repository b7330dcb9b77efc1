using System.Text;
using Pipelines.Fuzz.Mutators;
using Pipelines.Stages.Data;

namespace Pipelines.Fuzz.Targets;

/// <summary>
/// A tree of domains, classes and pictures; the input lists its files, one a line, folders with '/' at the end.
/// </summary>
internal sealed class DomainNetTarget() : Target("domainnet", "paths", new LinesMutator(Pieces))
{
    private static readonly string[] Pieces =
    [
        "/",
        "real/",
        "sketch/cat/",
        "real/cat",
        ".",
        "..",
        ".hidden/",
        "\u202e",
        "\n",
        "\u001b[2J",
        "e\u0301",
        " ",
        "a.PNG",
        "a.jpeg",
        "\U0001F431",
        new('x', 250),
        "real/cat/a.png",
        "_",
        "'",
        "\"",
        ",",
    ];

    public override int Fixed => 200;

    public override long? Read(byte[] input)
    {
        string root = Scratch.Folder(Name);
        foreach (string line in Encoding.UTF8.GetString(input).Split('\n'))
        {
            Lay(root, line);
        }

        DomainNetReader.Read(root, ["real", "sketch"]).InQuestionOrder(seed: 1);
        return 0;
    }

    protected override IReadOnlyList<byte[]> MakeSeeds() =>
        [
            """
            real/cat/a.png
            real/cat/b.jpg
            real/big_dog/c.png
            sketch/cat/d.png
            real/notes.txt
            quickdraw/
            """u8.ToArray(),
        ];

    /// <summary>Lays down a file or folder below the root; names that the disk does not take are left out.</summary>
    private static void Lay(string root, string line)
    {
        if (line.Length == 0 || line.Contains('\0', StringComparison.Ordinal))
        {
            return;
        }

        string full = Path.GetFullPath(Path.Combine(root, line.TrimStart('/')));
        if (!full.StartsWith(root + "/", StringComparison.Ordinal))
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(line.EndsWith('/') ? full : Path.GetDirectoryName(full)!);
            if (!line.EndsWith('/'))
            {
                File.WriteAllBytes(full, []);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // a name too long, or a folder of that name
        }
    }
}
