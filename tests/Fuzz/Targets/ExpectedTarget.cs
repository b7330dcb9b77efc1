using Pipelines.Fuzz.Mutators;
using Pipelines.Host.Running;

namespace Pipelines.Fuzz.Targets;

/// <summary>
/// A file of expected tables, as <c>reproduce</c> compares them: a table, the tolerances, or the table found.
/// </summary>
/// <param name="name">What <c>--target</c> calls it.</param>
/// <param name="format">Its format.</param>
/// <param name="file">The damaged file.</param>
/// <param name="mutator">What damages it.</param>
internal sealed class ExpectedTarget(string name, string format, string file, Mutator mutator)
    : FileTarget(name, format, file, mutator)
{
    private static readonly Dictionary<string, byte[]> Files = new()
    {
        ["expected/tolerances.json"] = """{"fits.csv": {"r2": 0.001, "mae": 0.1}, "samples.csv": {}}"""u8.ToArray(),
        ["expected/fits.csv"] = "sample_id,r2,mae\n1,0.5,\n2,0.25,1e-3\n"u8.ToArray(),
        ["expected/samples.csv"] = "sample_id,answer\n1,\"a, \"\"b\"\"\"\n"u8.ToArray(),
        ["tables/fits.csv"] = "sample_id,r2,mae\n1,0.5,\n2,0.25,1e-3\n"u8.ToArray(),
        ["tables/samples.csv"] = "sample_id,answer\n1,\"a, \"\"b\"\"\"\n"u8.ToArray(),
    };

    protected override IReadOnlyList<byte[]> MakeSeeds() => [Files[FileName]];

    protected override void Lay(string into)
    {
        foreach ((string path, byte[] bytes) in Files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(into, path))!);
            File.WriteAllBytes(Path.Combine(into, path), bytes);
        }
    }

    protected override long? ReadFile(string path) =>
        ExpectedTables
            .Compare(Path.Combine(Folder, "expected"), Path.Combine(Folder, "tables"))
            .Sum(t => t.Differences.Count) * 0;
}
