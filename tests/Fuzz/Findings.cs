using System.Globalization;
using Pipelines.Fuzz.Targets;

namespace Pipelines.Fuzz;

/// <summary>The folder of what a campaign found: a folder a finding, one finding a kind of fault.</summary>
/// <param name="folder">Where they go.</param>
internal sealed class Findings(string folder)
{
    /// <summary>Findings that lie there.</summary>
    public int Count => Directory.Exists(folder) ? Directory.GetDirectories(folder).Length : 0;

    /// <summary>Whether a fault of this kind of this reader lies there.</summary>
    public bool Has(Target target, string kind) => Directory.Exists(PathOf(target, kind));

    /// <summary>Writes a finding and says so.</summary>
    /// <param name="target">The reader.</param>
    /// <param name="seed">Seed of the campaign.</param>
    /// <param name="number">Number of the input.</param>
    /// <param name="verdict">What is wrong.</param>
    /// <param name="input">The input.</param>
    /// <param name="minimised">The same, cut down.</param>
    public void Add(Target target, ulong seed, long number, Verdict verdict, byte[] input, byte[] minimised)
    {
        string path = Directory.CreateDirectory(PathOf(target, verdict.Kind)).FullName;
        File.WriteAllBytes(Path.Combine(path, "input"), input);
        File.WriteAllBytes(Path.Combine(path, "minimised"), minimised);
        string said = string.Create(
            CultureInfo.InvariantCulture,
            $"FINDING {target.Name}, seed {seed}, number {number}: {verdict.Kind} ({input.Length} bytes, cut down to "
                + $"{minimised.Length}; {path})"
        );
        File.WriteAllText(
            Path.Combine(path, "finding.txt"),
            $"{said}\n\n{verdict.Detail}\n\nagain: dotnet run --project tests/Fuzz -- again {target.Name} "
                + $"{seed} {number}\n"
        );
        Console.WriteLine(said);
        Console.WriteLine(
            "    "
                + string.Join(
                    "\n    ",
                    verdict
                        .Detail.Split('\n')
                        .Take(6)
                        .Select(l => l.Trim().Length > 200 ? l.Trim()[..200] + "…" : l.Trim())
                )
        );
    }

    private string PathOf(Target target, string kind) =>
        Path.Combine(
            folder,
            $"{target.Name}--{new string([.. kind.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')])}"[
                ..Math.Min(150, target.Name.Length + 2 + kind.Length)
            ]
        );
}
