using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Host.Running.Slurm;
using Pipelines.Spec.Reading;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;

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

        string submissions = Submission.FolderOf(options.Artifacts, read.Name);
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
        bool isAnyLeft = false;
        int code = session.Each(pipeline =>
        {
            StageStatus[] stages = StagesOf(pipeline, session.Catalog, claims);
            isAnyLeft |= stages.Any(s => !s.IsDone);
            foreach (StatusSection section in Of(pipeline, stages, claims).Where(s => s.Lines.Count > 0))
            {
                Console.WriteLine(Shown.Name(section.Title));
                foreach (string line in section.Lines)
                {
                    Console.WriteLine($"  {Shown.Name(line)}");
                }
            }

            return Program.Done;
        });
        if (isAnyLeft && claims.Workers.All(w => w.IsRunning == false))
        {
            Console.WriteLine(
                $"What is left is computed by:{Environment.NewLine}  {Help.Program} run "
                    + JobWords.Shell(JobWords.Naming(options))
            );
        }

        return code;
    }

    /// <summary>How far each stage of an experiment is.</summary>
    internal static StageStatus[] StagesOf(Pipeline pipeline, Catalog catalog, ClaimsSeen claims) =>
        [.. pipeline.Stages.Select(s => StageStatus.Of(s, catalog, claims))];

    /// <summary>The sections about an experiment: its stages, the workers at the store, what failed.</summary>
    internal static IReadOnlyList<StatusSection> Of(Pipeline pipeline, StageStatus[] stages, ClaimsSeen claims)
    {
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
            new StatusSection(
                "workers",
                [
                    .. claims
                        .Workers.Where(w => w.IsRunning != false || holders.ContainsKey(w))
                        .Select(w => Words(w, holders.GetValueOrDefault(w))),
                ]
            ),
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
