using System.Globalization;
using Pipelines.Models.Ablation;
using Pipelines.Stages.Reporting;

namespace Pipelines.Host.Planning;

/// <summary>All that a plan would do.</summary>
/// <param name="Units">Units to compute, known or expected.</param>
/// <param name="Seconds">Time by the clock.</param>
/// <param name="Timed">Part of that time, 0 to 1, which is that of stored units of the same sort.</param>
/// <param name="Bytes">Bytes written.</param>
/// <param name="Files">Files written.</param>
/// <param name="Peak">The stage that needs most memory; null where nothing is to do.</param>
internal sealed record PlanTotals(
    long Units,
    double Seconds,
    double Timed,
    long Bytes,
    long Files,
    (string Stage, StageMemory Memory)? Peak
)
{
    /// <summary>Bytes of the files of weights, which are mapped while a model is loaded and run.</summary>
    public long MappedFiles { get; init; }

    /// <summary>A block of a disk's file system: a small file takes one.</summary>
    private const long Block = 4096;

    /// <summary>What it takes on a disk.</summary>
    public long DiskBytes => Bytes + (Files * Block);

    /// <summary>Totals of the work of stages.</summary>
    public static PlanTotals Of(
        IReadOnlyDictionary<string, IReadOnlyList<PlannedWork>> byStage,
        PlanCosts costs,
        bool withTime = true
    )
    {
        PlannedWork[] work = [.. byStage.Values.SelectMany(w => w)];
        double seconds = 0,
            timed = 0;
        if (withTime && work.Any(w => w.Units > 0))
        {
            foreach (PlannedWork one in work)
            {
                var (of, isTimed) = costs.TimeOf(one);
                seconds += of;
                if (isTimed)
                {
                    timed += of;
                }
            }

            double loading = costs.LoadingSeconds(work);
            (seconds, timed) = (seconds + loading, timed + loading);
        }

        var sizes = work.Select(costs.SizeOf).ToList();
        return new PlanTotals(
            work.Sum(w => w.Units),
            seconds,
            seconds > 0 ? timed / seconds : 1,
            sizes.Sum(s => s.Bytes),
            sizes.Sum(s => s.Files),
            costs.Peak(byStage)
        )
        {
            MappedFiles = PlanCosts.NeedsModel(work) ? costs.ModelFiles : 0,
        };
    }

    /// <summary>Several plans, one after the other.</summary>
    public static PlanTotals Sum(IReadOnlyList<PlanTotals> all)
    {
        double seconds = all.Sum(t => t.Seconds);
        return new PlanTotals(
            all.Sum(t => t.Units),
            seconds,
            seconds > 0 ? all.Sum(t => t.Seconds * t.Timed) / seconds : 1,
            all.Sum(t => t.Bytes),
            all.Sum(t => t.Files),
            all.Select(t => t.Peak).OrderByDescending(p => p?.Memory.Total ?? 0).FirstOrDefault()
        )
        {
            MappedFiles = all.Select(t => t.MappedFiles).DefaultIfEmpty(0).Max(),
        };
    }

    /// <summary>Lines for people.</summary>
    /// <param name="jobs">Units computed at the same time.</param>
    /// <param name="measured">The speed that was measured for what was never timed; null where nothing was.</param>
    /// <param name="memory">The tightest bound on memory.</param>
    /// <param name="free">Bytes free where results are written.</param>
    /// <param name="folder">That place.</param>
    public IEnumerable<string> Lines(int jobs, PassSpeed? measured, MemoryLimit? memory, long free, string folder)
    {
        if (Units == 0)
        {
            yield return "altogether: nothing to compute";
            yield break;
        }

        string rate = measured is { } at
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"shapes and {at.OperationsPerSecond / 1e9:0} GFLOP/s a worker, measured just now"
            )
            : "shapes";
        string source =
            Timed > 0.99 ? "as stored units took"
            : Timed < 0.01 ? $"from {rate}: such units were never timed here"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{100 * Timed:0} % of it as stored units took, the rest from {rate}"
            );
        string workers = jobs == 1 ? "one at a time" : $"{jobs} at a time";
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"altogether: {Units:N0} {(Units == 1 ? "unit" : "units")}, about "
                + $"{Format.Duration(Seconds)}, {workers} ({source})"
        );
        if (Peak is { } peak)
        {
            string bound = memory is null ? "" : $" of the {Sizes.Of(memory.Bytes)} that {memory.What} leaves";
            yield return $"  memory: about {Sizes.Of(peak.Memory.Total)} resident at most (stage {peak.Stage}: "
                + $"{Sizes.Parts(peak.Memory)}){bound}";
        }

        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"  disk: about {Sizes.Of(Bytes)} in {Files:N0} files, of {Sizes.Of(free)} free at {folder}"
        );
    }
}

/// <summary>Bytes for people.</summary>
internal static class Sizes
{
    private const int PartsShown = 4;

    /// <summary>12.3 GB, 456 MB, 7 kB.</summary>
    public static string Of(long bytes) =>
        bytes switch
        {
            >= 950_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB"),
            >= 950_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0} MB"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0} kB"),
        };

    /// <summary>The largest parts of what a stage holds.</summary>
    public static string Parts(StageMemory memory)
    {
        string shown = string.Join(", ", memory.Parts.Take(PartsShown).Select(p => $"{p.What} {Of(p.Bytes)}"));
        long rest = memory.Parts.Skip(PartsShown).Sum(p => p.Bytes);
        return rest > 0 ? $"{shown}, the rest {Of(rest)}" : shown;
    }
}
