using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>A stage with one unit for every accepted sample of some forward passes.</summary>
/// <param name="forward">The passes.</param>
public abstract class SampleStage(ForwardPasses forward) : Stage
{
    /// <summary>The passes.</summary>
    public ForwardPasses Forward => forward;

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) =>
        forward.AcceptedSoFar(artifacts).Units(s => [UnitOf(artifacts, s)]);

    /// <summary>The unit of an accepted sample.</summary>
    public Unit UnitOf(Artifacts artifacts, Sample sample)
    {
        ArgumentNullException.ThrowIfNull(artifacts);
        return artifacts.Once(this, nameof(Create), sample.Id, () => Create(artifacts, sample));
    }

    /// <summary>The rows that the units of all samples make, in order; all are there.</summary>
    protected IReadOnlyList<TRow> Rows<TRow>(Artifacts artifacts)
        where TRow : class => artifacts.Rows<TRow>(Units(artifacts).Known);

    /// <summary>Makes the unit of an accepted sample.</summary>
    protected abstract Unit Create(Artifacts artifacts, Sample sample);
}
