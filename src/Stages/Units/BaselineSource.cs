using Pipelines.Models.Ablation;
using Pipelines.Spec;

namespace Pipelines.Stages.Units;

/// <summary>
/// What ablated heads see, as a unit depends on it: the unit of the means, or the kind where there is none.
/// </summary>
public sealed class BaselineSource : IKeyed
{
    private readonly Engine engine;
    private readonly BaselineKind kind;
    private readonly Unit? mean;

    internal BaselineSource(Engine engine, BaselineKind kind, Unit? mean) =>
        (this.engine, this.kind, this.mean) = (engine, kind, mean);

    /// <summary>The baseline in memory, read at the first call.</summary>
    /// <param name="artifacts">Hold the unit of the means.</param>
    internal ResidentBaseline Open(Artifacts artifacts) =>
        engine.Baseline(mean?.Key ?? Spelling.Of(kind), () => Load(artifacts));

    IEnumerable<KeyPart> IKeyed.KeyParts(string name) =>
        [mean is null ? new KeyPart.Text(name, Spelling.Of(kind)) : new KeyPart.Inputs(name, [mean])];

    private Baseline Load(Artifacts artifacts) =>
        kind switch
        {
            BaselineKind.Mean => BaselineFile.Read(artifacts.File(mean!, MeanKeysAndValues.FileName)),
            BaselineKind.Zero => new Baseline.Zero(),
            BaselineKind.Knockout => new Baseline.Knockout(),
            _ => throw new InvalidOperationException($"No baseline {kind}."),
        };
}
