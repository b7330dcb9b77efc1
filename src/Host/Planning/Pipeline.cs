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
        return new Pipeline(context, StageFactory.CreateAll(context, experiment.Stages.Select(n => n.Name)));
    }
}
