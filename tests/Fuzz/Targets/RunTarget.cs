using Pipelines.Fuzz.Mutators;
using Pipelines.Stages;

namespace Pipelines.Fuzz.Targets;

/// <summary>A file of a finished run's folder, as <c>diff</c> reads it: the settings, or a table.</summary>
/// <param name="file">Below the run's folder.</param>
/// <param name="format">Its format.</param>
/// <param name="mutator">What damages it.</param>
internal sealed class RunTarget(string file, string format, Mutator mutator)
    : FileTarget($"run-{Path.GetFileNameWithoutExtension(file)}", format, file, mutator)
{
    private readonly Lazy<FinishedRun> sound = new(() =>
        FinishedRun.Open(SmallRun.RunFolder(SmallRun.Artifacts), "sound")
    );

    public override int Fixed => 60;

    /// <summary>Thousands of resamples are drawn and dropped.</summary>
    public override long Allowance(byte[] input) => (4 * Free) + (64L * input.Length);

    protected override IReadOnlyList<byte[]> MakeSeeds() =>
        [File.ReadAllBytes(Path.Combine(SmallRun.RunFolder(SmallRun.Artifacts), FileName))];

    protected override void Lay(string into) =>
        SmallRun.Copy(SmallRun.RunFolder(SmallRun.Artifacts), into, keepLinks: false);

    protected override long? ReadFile(string path)
    {
        CompareRuns.Of(sound.Value, FinishedRun.Open(Folder, "damaged"), []);
        return 0;
    }
}
