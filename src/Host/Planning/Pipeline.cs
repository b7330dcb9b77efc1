using Pipelines.Spec;
using Pipelines.Stages;

namespace Pipelines.Host.Planning;

/// <summary>An experiment compiled into stages: the DAG, each stage after those it reads.</summary>
internal sealed record Pipeline(StageContext Context, IReadOnlyList<Stage> Stages)
{
    /// <summary>The experiment.</summary>
    public Experiment Experiment => Context.Experiment;

    /// <summary>
    /// Compiles <paramref name="experiment"/>, which <paramref name="command"/> runs again. Its stages are known to be
    /// free of circles: the spec's reader has checked it.
    /// </summary>
    public static Pipeline Compile(Experiment experiment, Engine engine, string command)
    {
        var context = new StageContext(experiment, engine, command);
        var nodes = experiment.Stages.ToDictionary(n => n.Name, StringComparer.Ordinal);
        var made = new Dictionary<string, Stage>(StringComparer.Ordinal);
        var ordered = new List<Stage>();
        Stage Make(string name)
        {
            if (made.TryGetValue(name, out Stage? stage))
            {
                return stage;
            }

            StageNode node = nodes[name];
            stage = StageFactory.Create(
                context,
                node,
                node.Inputs.ToDictionary(i => i.Key, i => Make(i.Value), StringComparer.Ordinal)
            );
            made[name] = stage;
            ordered.Add(stage);
            return stage;
        }

        foreach (StageNode node in experiment.Stages)
        {
            Make(node.Name);
        }

        return new Pipeline(context, ordered);
    }
}
