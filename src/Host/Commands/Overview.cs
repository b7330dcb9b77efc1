using Pipelines.Host.Planning;
using Pipelines.Stages;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Commands;

/// <summary>The page over the experiments of a matrix, or of a spec that lists specs.</summary>
internal static class Overview
{
    /// <summary>
    /// Writes <c>runs/NAME/overview/</c>; nothing where no experiment has a report. All experiments are finished.
    /// </summary>
    public static void Write(Session session)
    {
        string folder = Path.Combine(session.Root, "runs", session.Name, "overview");
        OverviewExperiment[] experiments =
        [
            .. session.Pipelines.Select(p => Of(session, p, folder)).OfType<OverviewExperiment>(),
        ];
        if (experiments.Length == 0)
        {
            return;
        }

        OverviewPage.Write(new OverviewData(session.Name, RunCommand.CommandOf(session.Options), experiments), folder);
        Console.WriteLine($"overview: {Path.Combine(folder, OverviewPage.PageName)}");
    }

    /// <summary>What the page says of an experiment; null where that has no report.</summary>
    internal static OverviewExperiment? Of(Session session, Pipeline pipeline, string folder)
    {
        Artifacts artifacts = session.Catalog.Artifacts;
        if (pipeline.Stages.OfType<WriteReport>().FirstOrDefault() is not { } report)
        {
            return null;
        }

        string page = Path.Combine(session.RunFolderOf(pipeline), report.PublishedPage);
        string name = pipeline.Experiment.Name,
            matrix = session.Name + "/";
        return report.InOverview(
            artifacts,
            name.StartsWith(matrix, StringComparison.Ordinal) ? name[matrix.Length..] : name,
            Path.GetRelativePath(folder, page).Replace(Path.DirectorySeparatorChar, '/')
        );
    }
}
