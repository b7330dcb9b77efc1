using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>
/// Settings of an analysis. Its inputs are declared once: they are the stages that the constructor of
/// <typeparamref name="TStage"/> asks for.
/// </summary>
/// <typeparam name="TStage">The stage that is made from the settings.</typeparam>
public abstract record AnalysisSpec<TStage> : StageSpec
    where TStage : Stage
{
    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> Needs => StageFactory.InputsOf(typeof(TStage));
}
