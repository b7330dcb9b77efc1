using Pipelines.Domain.Errors;
using Pipelines.Stages;
using Pipelines.Stages.Storage;

namespace Pipelines.Host.Commands;

/// <summary><c>report</c>: tables, figures and the page from what is stored.</summary>
internal static class ReportCommand
{
    /// <summary>
    /// Publishes the runs of a spec again. The model is not run: what it must compute has to be stored.
    /// </summary>
    public static int Execute(RunOptions options)
    {
        using var session = Session.Open(options);
        session.Admit(pipeline =>
        {
            foreach (Stage stage in pipeline.Stages.Where(s => s is not WriteReport))
            {
                var list = session.Within(pipeline, () => stage.Units(session.Catalog.Artifacts));
                int missing = list.Known.Count(u => !session.Catalog.Artifacts.Has(u));
                if (missing > 0 || list.WaitsFor is not null)
                {
                    throw new InputException(
                        options.Spec,
                        $"stage {stage.Name} of {pipeline.Experiment.Name} is not whole.",
                        "Run the experiment first."
                    );
                }
            }

            RunFolder.Forget(session.RunFolderOf(pipeline));
        });

        return RunCommand.Execute(session);
    }
}
