using System.Globalization;
using Pipelines.Domain.Errors;

namespace Pipelines.Host.Running.Slurm;

/// <summary>
/// What became of submitted jobs, in lines for people. What runs is known from the queue, what has ended from the queue
/// for some minutes, then from the accounting where there is one; what neither knows is unknown. Whether units are done
/// is known from the store alone.
/// </summary>
internal static class QueueText
{
    private const string Unknown = "UNKNOWN",
        Pending = "PENDING";

    /// <summary>A reason that never goes away.</summary>
    private const string NeverMet = "DependencyNeverSatisfied";

    private const int NodesNamed = 4;

    /// <summary>
    /// States in which a job is over. Every other, those of later versions among them, is taken for one in which it may
    /// be at work: what is cancelled for nothing does no harm, what is not goes on.
    /// </summary>
    private static readonly string[] Ended =
    [
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "LAUNCH_FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "RECONFIG_FAIL",
        "REVOKED",
        "TIMEOUT",
    ];

    /// <summary>Whether a job still is, or will be, at work.</summary>
    public static bool IsAlive(JobLine job) => IsAlive(job.State);

    /// <summary>A line a job, and one for what is to be done about it.</summary>
    /// <param name="submission">What was submitted.</param>
    /// <param name="known">What queue and accounting say; of an element said twice, the first holds.</param>
    /// <param name="haveAnswered">They gave an answer.</param>
    public static IEnumerable<string> Lines(
        Submission submission,
        IReadOnlyList<JobLine> known,
        bool haveAnswered = true
    )
    {
        HashSet<string> anew = [.. submission.NumberedAnewIn(known).Select(j => j.Id)];
        int width = submission.Jobs.Select(j => j.ToString().Length).DefaultIfEmpty(0).Max();
        foreach (SubmittedJob job in submission.Jobs)
        {
            string whyUnknown =
                !haveAnswered ? "not known here"
                : anew.Contains(job.Id) ? "its number now belongs to another job"
                : "Slurm no longer tells";
            JobLine[] elements = [.. Elements(job, [.. known.Where(line => line.IsOf(submission))])];
            yield return $"  {job.ToString().PadRight(width)}  {Described(elements, whyUnknown)}";
            if (elements.Any(e => e.Reason == NeverMet))
            {
                yield return $"    it waits for what can never be, and would wait for ever: scancel {job.Id}";
            }
        }
    }

    /// <summary>Every element of a job once, one that nobody knows as unknown.</summary>
    private static IEnumerable<JobLine> Elements(SubmittedJob job, IReadOnlyList<JobLine> known)
    {
        ILookup<int, JobLine> said = known.Where(k => k.HasNumberOf(job)).ToLookup(k => k.Element ?? 0);
        return Enumerable
            .Range(0, job.Elements ?? 1)
            .Select(i => said[i].FirstOrDefault() ?? new JobLine(job.Id, i, Unknown, "", "", ""));
    }

    private static bool IsAlive(string state) => state != Unknown && !Ended.Contains(state);

    private static string Described(IReadOnlyList<JobLine> elements, string whyUnknown)
    {
        var states = elements
            .GroupBy(e => (e.State, Reason: e.State == Pending ? e.Reason : ""))
            .OrderBy(g =>
                g.Key.State == Pending ? 0
                : IsAlive(g.Key.State) ? 1
                : 2
            )
            .ThenBy(g => g.Key.State, StringComparer.Ordinal)
            .Select(g => Described(g.Key.State, g.Key.Reason, [.. g], elements.Count == 1, whyUnknown));
        return string.Join(", ", states);
    }

    private static string Described(
        string state,
        string reason,
        IReadOnlyList<JobLine> elements,
        bool isOne,
        string whyUnknown
    )
    {
        string count = isOne ? "" : elements.Count.ToString(CultureInfo.InvariantCulture) + " ";
        string word = state.ToLowerInvariant().Replace('_', ' ');
        string[] nodes =
        [
            .. elements.Select(e => e.Nodes).Where(n => n.Length > 0).Distinct().Order(StringComparer.Ordinal),
        ];
        string where =
            nodes.Length == 0 || !IsAlive(state) ? ""
            : nodes.Length <= NodesNamed ? $" on {string.Join(", ", nodes)}"
            : Invariant.Text($" on {nodes.Length} nodes");
        string why =
            state == Unknown ? $" ({whyUnknown})"
            : reason.Length > 0 ? $" ({reason})"
            : "";
        return count + word + where + why;
    }
}
