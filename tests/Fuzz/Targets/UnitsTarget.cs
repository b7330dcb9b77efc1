using Pipelines.Fuzz.Mutators;
using Pipelines.Host.Running;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Fuzz.Targets;

/// <summary>units.txt of a run's folder, as <c>gc</c> and the next run read it.</summary>
internal sealed class UnitsTarget()
    : FileTarget(
        "units",
        "lines",
        "units.txt",
        new LinesMutator([" ", "\0", "\r", "..", "regress ", "\uFEFF", "\u2028"])
    )
{
    protected override IReadOnlyList<byte[]> MakeSeeds() =>
        [
            System.Text.Encoding.UTF8.GetBytes(
                string.Concat(Enumerable.Range(0, 4).Select(i => $"regress {FileDigests.OfText($"{i}")}\n"))
            ),
        ];

    protected override long? ReadFile(string path)
    {
        UnitsFile.AllOf(Folder);
        var unit = new Unit("kind", 1, "unit", [], 1, "units", _ => { });
        var file = new UnitsFile(Folder);
        file.Add([unit]);
        file.Replace([unit]);
        return 0;
    }
}
