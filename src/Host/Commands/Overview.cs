using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Stages;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Commands;

/// <summary>The page over the experiments of a matrix, or of a spec that lists specs.</summary>
internal static class Overview
{
    /// <summary>
    /// Writes <c>runs/NAME/overview/</c>; nothing where no experiment has a report.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="finished">Its experiments that are finished.</param>
    public static void Write(Session session, IReadOnlyList<Pipeline> finished)
    {
        string folder = FolderOf(session);
        OverviewExperiment[] experiments =
        [
            .. finished.Select(p => Of(session, p, folder)).OfType<OverviewExperiment>(),
        ];
        if (experiments.Length == 0)
        {
            return;
        }

        string[] missing =
        [
            .. session.Refused.Select(name => NameIn(session, name)),
            .. session.Pipelines.Except(finished).Select(p => NameIn(session, p.Experiment.Name)),
        ];
        OverviewPage.Write(
            new OverviewData(session.Name, RunCommand.CommandOf(session.Options), experiments) { Missing = missing },
            folder
        );
        string without = missing.Length > 0 ? $" (without {string.Join(", ", missing.Select(Shown.Name))})" : "";
        Console.WriteLine($"overview: {Path.Combine(folder, OverviewPage.PageName)}{without}");
    }

    /// <summary>
    /// Takes the page away, whose numbers are those of reports that are about to be replaced: an old one is not to
    /// stand beside new reports where a run does not come to its end.
    /// </summary>
    public static void Withdraw(Session session)
    {
        string page = Path.Combine(FolderOf(session), OverviewPage.PageName);
        if (File.Exists(page))
        {
            File.Delete(page);
        }
    }

    private static string FolderOf(Session session) => Path.Combine(session.Root, "runs", session.Name, "overview");

    /// <summary>What the page says of an experiment; null where that has no report.</summary>
    internal static OverviewExperiment? Of(Session session, Pipeline pipeline, string folder)
    {
        Artifacts artifacts = session.Catalog.Artifacts;
        if (pipeline.Stages.OfType<WriteReport>().FirstOrDefault() is not { } report)
        {
            return null;
        }

        string page = Path.Combine(session.RunFolderOf(pipeline), report.PublishedPage);
        return report.InOverview(
            artifacts,
            NameIn(session, pipeline.Experiment.Name),
            Path.GetRelativePath(folder, page).Replace(Path.DirectorySeparatorChar, '/')
        );
    }

    /// <summary>Of a member of a matrix its axes alone.</summary>
    private static string NameIn(Session session, string experiment) =>
        experiment.StartsWith(session.Name + "/", StringComparison.Ordinal)
            ? experiment[(session.Name.Length + 1)..]
            : experiment;
}
