using System.Globalization;
using Pipelines.Host.Planning;
using Pipelines.Host.Progress;
using Pipelines.Stages;
using Pipelines.Stages.Ablation;
using Pipelines.Stages.Errors;
using Pipelines.Stages.Tensors;

namespace Pipelines.Host.Commands;

/// <summary><c>check</c>: does the model do what the method needs of it, and what would the experiment cost?</summary>
internal static class CheckCommand
{
    /// <summary>Checks the model of every experiment of the spec on its first picture.</summary>
    /// <returns>Exit code: 1 where a check fails.</returns>
    public static int Execute(RunOptions options)
    {
        using var session = Session.Open(options);
        session.Store.Damaged = Console.WriteLine;
        int failed = 0;
        foreach (Pipeline pipeline in session.Pipelines) failed += Check(session, pipeline);
        Console.WriteLine(failed == 0 ? "All checks passed." : $"{failed} checks FAILED: what this model would give is not head ablation.");
        return failed == 0 ? Program.Done : Program.Failed;
    }

    private static int Check(Session session, Pipeline pipeline)
    {
        int threads = Math.Max(1, session.Threads / session.Jobs);
        WorkerThreads.Use(pipeline.Context.Arithmetic, threads);
        Console.WriteLine($"{pipeline.Experiment.Name}: {pipeline.Context.Info.Name}, {ImageSettings.NameOf(pipeline.Context.Info.Family)}, {pipeline.Context.Arithmetic}, {threads} {(threads == 1 ? "thread" : "threads")}");
        using var check = new ModelCheck(pipeline.Context);
        PlainTable.Print(["position", "", "id", "token"], [.. check.Prompt().Select(p => (string[])[p.Position, p.Part, p.Id, p.Text])]);
        var results = new List<CheckResult>();
        foreach (CheckResult result in check.Run())
        {
            results.Add(result);
            if (!Console.IsOutputRedirected) Console.Error.Write($"\r{result.What.PadRight(70)[..70]}"); // a large model takes minutes
        }

        if (!Console.IsOutputRedirected) Console.Error.Write($"\r{new string(' ', 70)}\r");
        PlainTable.Print(["", "check", "found"], [.. results.Select(r => (string[])[r.Passed ? "ok" : "FAILED", r.What, r.Found])]);
        PlainTable.Print(["stage", "work", "time"], [.. Costs(session, pipeline, check)]);
        return results.Count(r => !r.Passed);
    }

    /// <summary>The experiment's work at the speed just measured, with one worker a job; a gradient counts as two passes.</summary>
    private static IEnumerable<string[]> Costs(Session session, Pipeline pipeline, ModelCheck check)
    {
        double total = 0;
        foreach (Stage stage in pipeline.Stages)
        {
            if (Known(stage, session) is not { } list) break;
            long work = list.Known.DistinctBy(Fingerprint.Of).Sum(u => u.Work) + list.ExpectedMore;
            double? one = stage is SampleMasks ? null : stage.WorkUnit switch { "pictures" => check.SecondsPerPicture, "masks" or "passes" => check.SecondsPerMask, "gradients" => 2 * check.SecondsPerMask, _ => null };
            if (one is not { } seconds || work == 0) continue;
            total += work * seconds / session.Jobs;
            yield return [stage.Name, string.Create(CultureInfo.InvariantCulture, $"{work:N0} {stage.WorkUnit}"), About(work * seconds / session.Jobs)];
        }

        yield return ["altogether", session.Jobs > 1 ? $"{session.Jobs} at a time" : "", About(total)];
    }

    /// <summary>The units of a stage; null where what is stored leaves it nothing to do, which a run says by itself.</summary>
    private static UnitList? Known(Stage stage, Session session)
    {
        try
        {
            return stage.Units(session.Catalog.Artifacts);
        }
        catch (InputException)
        {
            return null;
        }
    }

    private static string About(double seconds) => $"about {RunProgress.Duration(TimeSpan.FromSeconds(Math.Min(seconds, 1e10)))}";
}
