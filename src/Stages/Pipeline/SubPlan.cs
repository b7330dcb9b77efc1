using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>
/// A part of the experiment once more, with other settings: a stage and all that it is made from. Their units have the
/// usual kinds and keys, so what is stored is shared, whoever computed it.
/// </summary>
internal sealed class SubPlan
{
    private readonly Dictionary<string, Stage> stages = new(StringComparer.Ordinal);

    /// <summary>The plan that ends with the stage called <paramref name="end"/>.</summary>
    /// <param name="context">The experiment, perhaps with another question.</param>
    /// <param name="end">Name of the stage that is wanted.</param>
    /// <param name="change">The settings of a stage in this plan; those that it does not change as they are.</param>
    public SubPlan(StageContext context, string end, Func<StageSpec, StageSpec> change)
    {
        var wanted = new HashSet<string>(StringComparer.Ordinal) { end };
        foreach (StageNode node in context.Experiment.Stages.Reverse().Where(n => wanted.Contains(n.Name)))
        {
            wanted.UnionWith(node.Inputs.Values);
        }

        foreach (StageNode node in context.Experiment.Stages.Where(n => wanted.Contains(n.Name)))
        {
            var inputs = node.Inputs.ToDictionary(i => i.Key, i => stages[i.Value], StringComparer.Ordinal);
            stages[node.Name] = StageFactory.Create(context, node with { Spec = change(node.Spec) }, inputs);
        }
    }

    /// <summary>A stage of the plan.</summary>
    /// <param name="name">Its name in the experiment.</param>
    public TStage Stage<TStage>(string name)
        where TStage : Stage => (TStage)stages[name];
}
