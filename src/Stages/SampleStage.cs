using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>A stage with one unit for every accepted sample of some forward passes.</summary>
/// <param name="context">What the stages of the experiment share.</param>
/// <param name="forward">The passes.</param>
public abstract class SampleStage(StageContext context, ForwardPasses forward) : Stage(context)
{
    private readonly Dictionary<string, Unit> units = new(StringComparer.Ordinal);

    /// <summary>The passes.</summary>
    public ForwardPasses Forward => forward;

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) =>
        forward.Accepted(artifacts) is { } samples
            ? new UnitList([.. samples.Select(UnitOf)])
            : new UnitList([], $"{forward.Name} is done", forward.ExpectedSamples);

    /// <summary>The unit of an accepted sample.</summary>
    public Unit UnitOf(Sample sample)
    {
        lock (units)
        {
            return units.TryGetValue(sample.Id, out Unit? unit) ? unit : units[sample.Id] = Create(sample);
        }
    }

    /// <summary>Makes the unit of an accepted sample.</summary>
    protected abstract Unit Create(Sample sample);
}
