using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Host.Running;
using Pipelines.Host.Running.Slurm;
using Pipelines.Spec.Reading;
using Pipelines.Stages;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Commands;

/// <summary>A part of what <c>status</c> says.</summary>
/// <param name="Title">What it is about.</param>
/// <param name="Lines">Its lines; none where there is nothing to say.</param>
internal sealed record StatusSection(string Title, IReadOnlyList<string> Lines);

/// <summary>
/// <c>status</c>: how far the processes on an experiment have come, who holds what, and what failed. It reads what is
/// stored and claimed at the moment, and what Slurm says of jobs, and writes nothing.
/// </summary>
internal static class StatusCommand
{
    private const int FailuresNamed = 10;

    /// <summary>Prints the status of every experiment of the spec, and of the jobs that were submitted of it.</summary>
    public static int Execute(RunOptions options)
    {
        try
        {
            return Units(options);
        }
        finally
        {
            Jobs(options); // also where this machine cannot tell the units, which are for a GPU that it has not
        }
    }

    private static void Jobs(RunOptions options)
    {
        ReadResult read = ExperimentReader.Read(options.Spec, options.Overrides, paths: PathRule.MayBeMissing);
        if (!read.Ok)
        {
            return; // that was told
        }

        string submissions = Submission.FolderOf(Path.Combine(Path.GetFullPath(options.Artifacts), "runs"), read.Name);
        foreach (string line in JobsOf.Lines(submissions))
        {
            Console.WriteLine(Shown.Name(line));
        }
    }

    private static int Units(RunOptions options)
    {
        using var session = Session.Open(options, toRead: true);
        session.Store.Damaged = Console.WriteLine;
        var claims = new ClaimsSeen(session.Store.Root);
        return session.Each(pipeline =>
        {
            foreach (StatusSection section in Of(pipeline, session.Catalog, claims).Where(s => s.Lines.Count > 0))
            {
                Console.WriteLine(Shown.Name(section.Title));
                foreach (string line in section.Lines)
                {
                    Console.WriteLine($"  {Shown.Name(line)}");
                }
            }

            return Program.Done;
        });
    }

    /// <summary>The sections about an experiment: its stages, the workers at the store, what failed.</summary>
    internal static IReadOnlyList<StatusSection> Of(Pipeline pipeline, Catalog catalog, ClaimsSeen claims)
    {
        StageStatus[] stages = [.. pipeline.Stages.Select(s => StageStatus.Of(s, catalog, claims))];
        int width = stages.Max(s => s.Stage.Length);
        int done = stages.Sum(s => s.Done),
            known = stages.Sum(s => s.Known);
        var holders = stages
            .SelectMany(s => s.Holders)
            .GroupBy(h => h.Worker)
            .ToDictionary(g => g.Key, g => g.Select(h => h.Claim).Distinct(StringComparer.Ordinal).Count());
        string[] failures = [.. stages.SelectMany(s => s.Failures.Select(f => $"{s.Stage}: {f}"))];
        return
        [
            new StatusSection(
                $"{pipeline.Experiment.Name}: {Format.Count(done)} of {Format.Many(known, "known unit")} done",
                [.. stages.Select(s => $"{s.Stage.PadRight(width)}  {s.Words}")]
            ),
            new StatusSection("workers", [.. claims.Workers.Select(w => Words(w, holders.GetValueOrDefault(w)))]),
            new StatusSection(
                "failed",
                [
                    .. failures.Take(FailuresNamed),
                    .. failures.Length > FailuresNamed
                        ? [$"and {Format.Count(failures.Length - FailuresNamed)} more"]
                        : (string[])[],
                ]
            ),
        ];
    }

    private static string Words(WorkerSeen worker, int claims)
    {
        string state = worker.IsRunning switch
        {
            true => "runs",
            false => "has ended: what it held is free",
            null => "cannot be seen from here",
        };
        string held = claims == 0 ? "holds nothing here" : $"holds {Format.Many(claims, "claim")} here";
        return $"{worker.Name}: {held}; {state}";
    }
}

/// <summary>How far a stage is, unit by unit: each counts once.</summary>
/// <param name="Stage">Its name.</param>
/// <param name="Known">Units that are known.</param>
/// <param name="Done">Of them stored.</param>
/// <param name="Held">Not stored, and held by a worker that is not known to be dead.</param>
/// <param name="Failed">Not stored, held by nobody, and failed when it was last tried.</param>
/// <param name="Stale">Held by a worker that has ended.</param>
/// <param name="Unknown">Held by nobody knows whom.</param>
/// <param name="WaitsFor">What further units depend on; null where these are all.</param>
internal sealed record StageStatus(
    string Stage,
    int Known,
    int Done,
    int Held,
    int Failed,
    int Stale,
    int Unknown,
    string? WaitsFor
)
{
    /// <summary>Who holds units of it, and by which claim.</summary>
    public IReadOnlyList<(WorkerSeen Worker, string Claim)> Holders { get; init; } = [];

    /// <summary>Units that failed, and why.</summary>
    public IReadOnlyList<string> Failures { get; init; } = [];

    /// <summary>It in words.</summary>
    public string Words
    {
        get
        {
            var parts = new List<string> { $"{Format.Count(Done)} of {Format.Many(Known, "unit")} done" };
            int left = Known - Done - Held - Failed - Stale - Unknown;
            foreach (
                var (count, what) in new[]
                {
                    (Held, "held"),
                    (Failed, "failed"),
                    (Stale, "held by a worker that has ended"),
                    (Unknown, "held by nobody knows whom"),
                    (left, "left"),
                }
            )
            {
                if (count > 0)
                {
                    parts.Add($"{Format.Count(count)} {what}");
                }
            }

            return string.Join(", ", parts) + (WaitsFor is null ? "" : $"; more once {WaitsFor}");
        }
    }

    /// <summary>The status of a stage.</summary>
    public static StageStatus Of(Stage stage, Catalog catalog, ClaimsSeen claims)
    {
        UnitList list;
        try
        {
            list = catalog.Rereading(() => stage.Units(catalog.Artifacts));
        }
        catch (InputException)
        {
            return new StageStatus(stage.Name, 0, 0, 0, 0, 0, 0, "the stages above are done");
        }

        IReadOnlyList<Unit> units = Catalog.Distinct(list.Known),
            open = catalog.Open(units);
        var holders = new List<(WorkerSeen, string)>();
        var failures = new List<string>();
        var counts = new Dictionary<ClaimState, int>();
        foreach (Unit unit in open)
        {
            string key = ClaimKey.Of(unit, unit.Parts.OfType<KeyPart.Inputs>().SelectMany(i => i.Units)).Key;
            var (state, worker) = claims.Of(key);
            counts[state] = counts.GetValueOrDefault(state) + 1;
            if (worker is not null)
            {
                holders.Add((worker, key));
            }
            else if (state == ClaimState.None && claims.FailureOf(Fingerprint.Of(unit)) is { } why)
            {
                failures.Add($"{stage.NameOf(unit)}. {why}");
            }
        }

        return new StageStatus(
            stage.Name,
            units.Count,
            units.Count - open.Count,
            counts.GetValueOrDefault(ClaimState.Held),
            failures.Count,
            counts.GetValueOrDefault(ClaimState.Stale),
            counts.GetValueOrDefault(ClaimState.Unknown),
            list.WaitsFor
        )
        {
            Holders = holders,
            Failures = failures,
        };
    }
}
