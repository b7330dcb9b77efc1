using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>
/// When this process will be ended, and which units would not be done by then: a job that is killed in the middle of a
/// unit has worked for nothing, and the next one would do the same. Units are measured as they are computed.
/// </summary>
/// <param name="left">Time that is left now.</param>
/// <param name="clock">Time since then; monotonic, for clocks of machines are set.</param>
internal sealed class Deadline(TimeSpan left, Func<TimeSpan> clock)
{
    /// <summary>Where Slurm says when the job ends, in seconds since 1970.</summary>
    public const string EndVariable = "SLURM_JOB_END_TIME";

    /// <summary>Kept free for what comes behind the last unit: writing, and a moment slower than measured.</summary>
    private const double Spare = 0.02,
        LeastSpare = 2,
        MostSpare = 60;

    /// <summary>
    /// A job that had ended this long before this process began is not its own: shells outlive jobs, and pass on what
    /// Slurm told them.
    /// </summary>
    private static readonly TimeSpan Outlived = TimeSpan.FromMinutes(1);

    /// <summary>Units of a sort differ: the slowest that was measured, or what is known, and a quarter more.</summary>
    private const double Caution = 1.25;

    private readonly ConcurrentDictionary<(string Kind, string Class), Measured> measured = new();
    private readonly ConcurrentDictionary<(string Kind, string Class), double?> guessed = new();
    private readonly double seconds = left.TotalSeconds - Math.Clamp(left.TotalSeconds * Spare, LeastSpare, MostSpare);

    private Func<string, string, double?> guess = (_, _) => null;
    private bool isAnythingLeft;
    private double shortest = double.PositiveInfinity;

    /// <summary>Another experiment begins: its units are others, and are measured anew.</summary>
    /// <param name="secondsPerWork">What units of a kind and class are known to take, a piece of work; null where none
    /// was ever timed. Asked once a sort, and only before one is measured.</param>
    public void Begins(Func<string, string, double?> secondsPerWork)
    {
        guess = secondsPerWork;
        measured.Clear();
        guessed.Clear();
    }

    /// <summary>Nothing more is begun, or units were left because they would not have been done.</summary>
    public bool IsReached => isAnythingLeft || Rest <= 0;

    /// <summary>Seconds in which units may still be at work.</summary>
    private double Rest => seconds - clock().TotalSeconds;

    /// <summary>
    /// The end of this process: the earlier of what Slurm says and of a limit from its start; null where there is
    /// neither.
    /// </summary>
    /// <param name="limit">Time from the process's start.</param>
    public static Deadline? Of(TimeSpan? limit) =>
        Of(limit, Environment.GetEnvironmentVariable(EndVariable), DateTimeOffset.UtcNow, Running());

    /// <summary>Time since the start of this process, from which limits count.</summary>
    public static TimeSpan Running()
    {
        using var self = Process.GetCurrentProcess();
        return DateTime.UtcNow - self.StartTime.ToUniversalTime();
    }

    /// <summary>As <see cref="Of(TimeSpan?)"/>.</summary>
    /// <param name="limit">Time from the process's start.</param>
    /// <param name="jobEnd">What Slurm says; null or anything else than a number of seconds: nothing.</param>
    /// <param name="now">The time.</param>
    /// <param name="running">Time since the process's start.</param>
    internal static Deadline? Of(TimeSpan? limit, string? jobEnd, DateTimeOffset now, TimeSpan running)
    {
        TimeSpan? ofLimit = limit - running;
        TimeSpan? ofJob =
            long.TryParse(jobEnd, NumberStyles.None, CultureInfo.InvariantCulture, out long end)
            && end is > 0 and < 253402300800 // the year 10000
                ? DateTimeOffset.FromUnixTimeSeconds(end) - now
                : null;
        if (ofJob + running < -Outlived)
        {
            ofJob = null;
        }

        if ((ofLimit ?? ofJob) is not { } first)
        {
            return null;
        }

        var watch = Stopwatch.StartNew();
        return new Deadline(ofJob < first ? ofJob.Value : first, () => watch.Elapsed);
    }

    /// <summary>Whether a unit would be done in time. One of which nothing is known is tried.</summary>
    public bool Allows(Unit unit)
    {
        double rest = Rest;
        return rest > 0 && (Expected(unit) ?? 0) <= rest;
    }

    /// <summary>All that is ready and could be begun here, were there the time: none, if there is nothing.</summary>
    public void Leaves(IEnumerable<Unit> units)
    {
        (isAnythingLeft, shortest) = (false, double.PositiveInfinity);
        foreach (Unit unit in units)
        {
            isAnythingLeft = true;
            shortest = Math.Min(shortest, Expected(unit) ?? double.PositiveInfinity);
        }
    }

    /// <summary>A unit was computed.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="took">Time that it took.</param>
    public void Took(Unit unit, TimeSpan took) =>
        measured.GetOrAdd(SortOf(unit), _ => new Measured()).Add(took.TotalSeconds / Math.Max(1, unit.Work));

    /// <summary>Why the process ends with units left, in a sentence.</summary>
    public string Words
    {
        get
        {
            double rest = Math.Max(0, left.TotalSeconds - clock().TotalSeconds);
            string first = double.IsFinite(shortest)
                ? Invariant.Text($"the shortest of what is ready takes about {Math.Ceiling(shortest)} s")
                : "nothing more is begun";
            return Invariant.Text($"This job's time ends in {Math.Floor(rest)} s, and {first}: it ends here.");
        }
    }

    private double? Expected(Unit unit) =>
        measured.TryGetValue(SortOf(unit), out Measured? of)
            ? of.Slowest * Math.Max(1, unit.Work) * Caution
            : guessed.GetOrAdd(SortOf(unit), sort => guess(sort.Kind, sort.Class)) * Math.Max(1, unit.Work) * Caution;

    private static (string Kind, string Class) SortOf(Unit unit) =>
        (unit.Kind, PlannedWork.ClassOf(unit.Kind, unit.Name));

    /// <summary>Seconds of one piece of work, of units of a sort.</summary>
    private sealed class Measured
    {
        private readonly Lock adding = new();
        private double first,
            others;
        private bool hasOthers;

        /// <summary>
        /// The slowest. The first unit waits for the model to be loaded, so it counts as long as it is the only one.
        /// </summary>
        public double Slowest
        {
            get
            {
                lock (adding)
                {
                    return hasOthers ? others : first;
                }
            }
        }

        public void Add(double seconds)
        {
            lock (adding)
            {
                if (first == 0)
                {
                    first = seconds;
                }
                else
                {
                    hasOthers = true;
                    others = Math.Max(others, seconds);
                }
            }
        }
    }
}
