using Pipelines.Stages.Attribution;

namespace Pipelines.Stages.Units;

/// <summary>A sample's masks with phi, as fits depend on them.</summary>
/// <param name="Heads">N.</param>
/// <param name="Masks">Units of the masks, in order.</param>
/// <param name="Forward">Units of the passes over them.</param>
internal sealed record Observed(int Heads, IReadOnlyList<Unit> Masks, IReadOnlyList<Unit> Forward)
{
    /// <summary>The observations, as trainers read them.</summary>
    public MaskDataset Open(UnitRun run) => run.Observations(Masks, Forward, Heads);
}
