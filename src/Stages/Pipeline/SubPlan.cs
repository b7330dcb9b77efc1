using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>
/// A part of the experiment once more, with other settings: a stage and all that it is made from. Their units have the
/// usual kinds and keys, so what is stored is shared, whoever computed it.
/// </summary>
internal sealed class SubPlan
{
    private readonly IReadOnlyDictionary<string, Stage> stages;

    /// <summary>The plan that ends with the stage called <paramref name="end"/>.</summary>
    /// <param name="context">The experiment, perhaps with another question.</param>
    /// <param name="end">Name of the stage that is wanted.</param>
    /// <param name="change">The settings of a stage in this plan; those that it does not change as they are.</param>
    public SubPlan(StageContext context, string end, Func<StageSpec, StageSpec> change) =>
        stages = StageFactory.CreateAll(context, [end], change).ToDictionary(s => s.Name, StringComparer.Ordinal);

    /// <summary>A stage of the plan.</summary>
    /// <param name="name">Its name in the experiment.</param>
    public TStage Stage<TStage>(string name)
        where TStage : Stage => (TStage)stages[name];
}
