using System.Globalization;
using Pipelines.Host.Planning;
using Pipelines.Host.Progress;
using Pipelines.Stages;
using Pipelines.Stages.Ablation;
using Pipelines.Stages.Checking;
using Pipelines.Stages.Errors;
using Pipelines.Stages.Tensors;

namespace Pipelines.Host.Commands;

/// <summary><c>check</c>: does the model do what the method needs of it, and what would the experiment cost?</summary>
internal static class CheckCommand
{
    /// <summary>
    /// Checks the model of every experiment of the spec on its first picture, or one model against another program.
    /// </summary>
    /// <param name="options">Spec and settings.</param>
    /// <param name="against">What the other program computed; null checks the model by itself.</param>
    /// <returns>Exit code: 1 where a check fails.</returns>
    public static int Execute(RunOptions options, string? against)
    {
        Reference? reference = against is null ? null : Reference.Read(against);
        using var session = Session.Open(options);
        if (reference is not null)
        {
            return Compare(session, reference);
        }

        session.Store.Damaged = Console.WriteLine;
        int failed = 0;
        int code = session.Each(pipeline =>
        {
            int failedHere = Check(session, pipeline);
            failed += failedHere;
            return failedHere == 0 ? Program.Done : Program.Failed;
        });
        if (failed > 0)
        {
            Console.WriteLine($"{failed} checks FAILED: what this model would give is not head ablation.");
        }
        else if (code == Program.Done)
        {
            Console.WriteLine("All checks passed.");
        }

        return code;
    }

    private static int Check(Session session, Pipeline pipeline)
    {
        session.RequireRoomForModel(pipeline, Console.WriteLine);
        int threads = Math.Max(1, session.Threads / session.Jobs);
        WorkerThreads.Use(pipeline.Context.Arithmetic, threads);
        Console.WriteLine(
            $"{pipeline.Experiment.Name}: {pipeline.Context.Info.Name}, "
                + $"{ImageSettings.NameOf(pipeline.Context.Info.Family)}, {pipeline.Context.Arithmetic}, {threads} "
                + $"{(threads == 1 ? "thread" : "threads")}"
        );
        Console.WriteLine($"prompt template: {pipeline.Context.Template.Described}");
        using var check = new ModelCheck(pipeline.Context);
        PlainTable.Print(
            ["position", "", "id", "token"],
            [.. check.Prompt().Select(p => (string[])[p.Position, p.Part, p.Id, p.Text])]
        );
        var results = new List<CheckResult>();
        foreach (CheckResult result in check.Run())
        {
            results.Add(result);
            if (!Console.IsOutputRedirected)
            {
                Console.Error.Write($"\r{result.What.PadRight(70)[..70]}"); // a large model takes minutes
            }
        }

        if (!Console.IsOutputRedirected)
        {
            Console.Error.Write($"\r{new string(' ', 70)}\r");
        }

        PlainTable.Print(
            ["", "check", "found"],
            [.. results.Select(r => (string[])[r.Passed ? "ok" : "FAILED", r.What, r.Found])]
        );
        PlainTable.Print(["stage", "work", "time"], [.. Costs(session, pipeline, check)]);
        return results.Count(r => !r.Passed);
    }

    private static int Compare(Session session, Reference reference)
    {
        // Experiments of a matrix or a list that share the model would give the same
        Pipeline pipeline = session.Pipelines[0];
        if (session.Pipelines.Any(p => !p.Context.HasModelOf(pipeline.Context)))
        {
            throw new InputException(
                session.Pipelines[0].Experiment.Name,
                "the experiments are of several models; a reference is of one.",
                "Name the spec of one experiment."
            );
        }

        WorkerThreads.Use(pipeline.Context.Arithmetic, Math.Max(1, session.Threads));
        var comparison = new ReferenceComparison(pipeline.Context.HubModel, reference);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{pipeline.Context.Info.Name}, {pipeline.Context.Arithmetic}, against {reference.File} "
                    + $"({reference.ComputeType}); the picture as the hub's processor takes it, "
                    + $"{comparison.Tolerance} of a quantity's size allowed"
            )
        );
        List<CheckResult> results = [.. comparison.Run()];
        PlainTable.Print(
            ["", "compared", "found"],
            [.. results.Select(r => (string[])[r.Passed ? "ok" : "FAILED", r.What, r.Found])]
        );
        CheckResult? first = results.Find(r => !r.Passed);
        Console.WriteLine(
            first is null
                ? "Both compute the same."
                : $"First difference: {first.What}, {first.Found}. What comes after it follows from it."
        );
        return first is null ? session.Code : Math.Max(session.Code, Program.Failed);
    }

    /// <summary>
    /// The experiment's work at the speed just measured; a gradient counts as two passes, and each sample's picture
    /// comes once a stage, or twice where its units wait for each other.
    /// </summary>
    private static IEnumerable<string[]> Costs(Session session, Pipeline pipeline, ModelCheck check)
    {
        double total = 0;
        var counted = new HashSet<string>(StringComparer.Ordinal); // stages may share units
        foreach (Stage stage in pipeline.Stages)
        {
            if (Known(stage, session) is not { } list)
            {
                break;
            }

            PlannedWork[] work =
            [
                .. PlannedWork
                    .Of(list.Known.Where(u => counted.Add(Fingerprint.Of(u))))
                    .Concat(PlannedWork.Expected(stage, list))
                    .Where(w => PassesOf(w) + PicturesOf(w) > 0),
            ];
            if (work.Length == 0)
            {
                continue;
            }

            double seconds =
                work.Sum(w => (PassesOf(w) * check.SecondsPerMask) + (PicturesOf(w) * check.SecondsPerPicture))
                / session.Jobs;
            total += seconds;
            string passes = work.Sum(w => PassesOf(w) > 0 ? w.Work : 0) is > 0 and var count
                ? string.Create(CultureInfo.InvariantCulture, $"{count:N0} {stage.WorkUnit}")
                : "";
            string pictures = work.Sum(PicturesOf) is > 0 and var shown
                ? string.Create(CultureInfo.InvariantCulture, $"{shown:N0} {(shown == 1 ? "picture" : "pictures")}")
                : "";
            yield return
            [
                stage.Name,
                string.Join(", ", new[] { passes, pictures }.Where(t => t.Length > 0)),
                About(seconds),
            ];
        }

        yield return ["altogether", session.Jobs > 1 ? $"{session.Jobs} at a time" : "", About(total)];
    }

    /// <summary>Passes of the model over a suffix.</summary>
    private static long PassesOf(PlannedWork work) =>
        work.Kind switch
        {
            "forward-passes" or "validate" => work.Work,
            "token-trace" when work.Class != "image fit" => work.Work,
            "gradient-passes" => 2 * work.Work,
            _ => 0,
        };

    /// <summary>Pictures through tower and prefix.</summary>
    private static long PicturesOf(PlannedWork work) =>
        work.Kind is "answer-questions" or "collect-mean-kv" ? work.Work : work.Preparations;

    /// <summary>
    /// The units of a stage; null where what is stored leaves it nothing to do, which a run says by itself.
    /// </summary>
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

    private static string About(double seconds) =>
        $"about {RunProgress.Duration(TimeSpan.FromSeconds(Math.Min(seconds, 1e10)))}";
}
