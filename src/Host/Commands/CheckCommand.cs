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
    /// <summary>Drawing masks, which runs no model.</summary>
    private const string MaskKind = "sample-masks";

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
        Console.WriteLine($"prompt template: {pipeline.Context.Template.Described}");
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
        var counted = new HashSet<string>(StringComparer.Ordinal); // stages may share units
        foreach (Stage stage in pipeline.Stages)
        {
            if (Known(stage, session) is not { } list) break;
            var work = list.Known.Where(u => u.Kind != MaskKind && counted.Add(Fingerprint.Of(u))).Select(u => (u.WorkUnit, u.Work))
                .Append((stage.WorkUnit, Work: stage.Kind == MaskKind ? 0 : list.ExpectedMore)).GroupBy(w => w.WorkUnit, w => w.Work, StringComparer.Ordinal)
                .Select(w => (Of: w.Key, Count: w.Sum(), Seconds: SecondsOf(w.Key, check))).Where(w => w.Count > 0 && w.Seconds is not null).ToList();
            if (work.Count == 0) continue;
            double seconds = work.Sum(w => w.Count * w.Seconds!.Value) / session.Jobs;
            total += seconds;
            yield return [stage.Name, string.Join(", ", work.Select(w => string.Create(CultureInfo.InvariantCulture, $"{w.Count:N0} {w.Of}"))), About(seconds)];
        }

        yield return ["altogether", session.Jobs > 1 ? $"{session.Jobs} at a time" : "", About(total)];
    }

    /// <summary>Time of one unit of work; null where it is not worth counting.</summary>
    private static double? SecondsOf(string workUnit, ModelCheck check) => workUnit switch
    {
        "pictures" => check.SecondsPerPicture,
        "masks" or "passes" => check.SecondsPerMask,
        "gradients" => 2 * check.SecondsPerMask,
        _ => null,
    };

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
