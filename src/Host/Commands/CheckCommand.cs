using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Stages;
using Pipelines.Stages.Checking;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Units;

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
            Console.WriteLine(
                $"{Format.Many(failed, "check")} FAILED: what this model would give is not head ablation."
            );
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
                + $"{pipeline.Context.Info.Family.Name}, {pipeline.Context.Arithmetic}, {threads} "
                + $"{(threads == 1 ? "thread" : "threads")}"
        );
        Console.WriteLine($"prompt template: {pipeline.Context.Template.Described}");
        foreach (string remark in ModelRemarks.Of(pipeline.Context.Info.Decoder))
        {
            Console.WriteLine(remark);
        }

        using var check = new ModelCheck(pipeline.Context);
        PlainTable.Print(
            ["position", "", "id", "token"],
            [.. check.Prompt().Select(p => (string[])[p.Position, p.Part, p.Id, p.Text])]
        );
        var results = new List<CheckResult>();
        foreach (CheckResult result in check.Run())
        {
            results.Add(result);
            if (!Console.IsErrorRedirected)
            {
                Console.Error.Write($"\r{result.What.PadRight(70)[..70]}"); // a large model takes minutes
            }
        }

        if (!Console.IsErrorRedirected)
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

        session.RequireRoomForModel(pipeline, Console.WriteLine);
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
    /// What the whole experiment takes, whatever of it is stored, as <c>plan</c> counts it: as stored units of the same
    /// sort took, else from the passes that were just timed.
    /// </summary>
    private static IEnumerable<string[]> Costs(Session session, Pipeline pipeline, ModelCheck check)
    {
        PlanCosts costs = session.CostsOf(
            pipeline,
            new Reasons(session.Store, session.Runs),
            new PassTimes(check.SecondsPerPicture, check.SecondsPerMask)
        );
        double total = 0;
        bool isWhole = true;
        HashSet<string> counted = new(StringComparer.Ordinal), // stages may share units
            prepared = new(StringComparer.Ordinal);
        foreach (Stage stage in pipeline.Stages)
        {
            if (Known(stage, session) is not { } list)
            {
                isWhole = false;
                break;
            }

            PlannedWork[] work =
            [
                .. PlannedWork
                    .Of(stage, list.Known.Where(u => counted.Add(Fingerprint.Of(u))), prepared)
                    .Concat(PlannedWork.Expected(stage, list, session.Catalog.Artifacts))
                    .Where(w => w.Units > 0),
            ];
            if (work.Length == 0)
            {
                continue;
            }

            (double Seconds, bool IsTimed)[] times = [.. work.Select(costs.TimeOf)];
            double seconds = times.Sum(t => t.Seconds);
            total += seconds;
            string timed = Array.TrueForAll(times, t => t.IsTimed) ? " (as stored units took)" : "";
            yield return [stage.Name, WorkOf(stage, work), About(seconds) + timed];
        }

        yield return
        [
            isWhole ? "altogether" : "so far",
            session.Jobs > 1 ? $"{session.Jobs} at a time" : "",
            About(total),
        ];
    }

    /// <summary>What a stage does, in its own measure, and the pictures that it prepares for it.</summary>
    private static string WorkOf(Stage stage, PlannedWork[] work)
    {
        long passes = work.Where(w => RunsMasks(w.Kind, w.Class)).Sum(w => w.Work),
            count = passes > 0 ? passes : work.Sum(w => w.Work),
            pictures = work.Sum(w => w.Preparations);
        string main = Counted(count, stage.WorkUnit);
        return pictures == 0 ? main : $"{main}, {Counted(pictures, "pictures")}";
    }

    private static string Counted(long count, string unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count != 1 ? unit : Format.One(unit))}");

    /// <summary>Units whose work is counted in passes of the model over a suffix.</summary>
    private static bool RunsMasks(string kind, string @class) =>
        kind is "forward-passes" or "validate" or "gradient-passes" || (kind == "token-trace" && @class != "image fit");

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

    private static string About(double seconds) => $"about {Format.Duration(seconds)}";
}
