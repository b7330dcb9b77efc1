using System.Diagnostics;
using System.Globalization;
using Pipelines.Host.Planning;
using Pipelines.Models.Ablation;

namespace Pipelines.Host.Running;

/// <summary>
/// The most memory that the process has held, as the system itself counts it (VmHWM), beside what was expected. Looking
/// from time to time would miss what is held for a moment, and that is what a process is killed for.
/// </summary>
/// <param name="expected">What units of a kind were expected to need.</param>
/// <param name="limit">What bounds memory; null where nothing is known to.</param>
/// <param name="root">Where <c>proc</c> and <c>sys</c> lie; tests bring their own.</param>
internal sealed class HighWater(Func<string, StageMemory> expected, MemoryLimit? limit, string root = "/")
{
    private StageMemory? most;
    private string stage = "";

    /// <summary>The high-water mark in bytes.</summary>
    public long Bytes { get; private set; }

    /// <summary>What was expected of the stages so far, in bytes; 0 where none computed anything.</summary>
    public long Expected => most?.Total ?? 0;

    /// <summary>Looks at the mark after a stage.</summary>
    /// <param name="name">The stage.</param>
    /// <param name="kinds">Kinds of units that it computed.</param>
    /// <returns>What to say of it; null where it computed nothing.</returns>
    public string? After(string name, IEnumerable<string> kinds)
    {
        StageMemory[] needs = [.. kinds.Select(expected)];
        if (needs.Length == 0)
        {
            return null;
        }

        StageMemory need = needs.MaxBy(n => n.Total)!;
        most = most is null || need.Total > most.Total ? need : most;
        long now = Read(root);
        bool isHigher = now > Bytes;
        (Bytes, stage) = isHigher ? (now, name) : (Bytes, stage);
        string mark = isHigher
            ? $"memory up to {Text(Bytes)} so far"
            : $"memory still within the {Text(Bytes)} seen when {stage} ended";
        return $"{mark}, about {Text(need.Total)} expected";
    }

    /// <summary>A sentence about the run; null where nothing was computed.</summary>
    public string? Summary =>
        most is null
            ? null
            : $"Memory: {Text(Bytes)} at most (seen when stage {stage} ended), about {Text(Expected)} expected"
                + (MemoryLimits.PeakOfGroup(root) is { } job ? $"; {Text(job)} of the job, page cache included" : "")
                + (limit is null ? "." : $", of the {Sizes.Of(limit.Bytes)} that {limit.What} left at the start.");

    /// <summary>In hundredths of a gigabyte: the stages of small models differ by less than a tenth.</summary>
    private static string Text(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB");

    /// <summary>The process's high-water mark; on other systems than Linux the runtime's own figure.</summary>
    private static long Read(string root)
    {
        string status = Path.Combine(root, "proc", "self", "status");
        if (MemoryLimits.Fields(status).GetValueOrDefault("VmHWM") is { } kilobytes)
        {
            return 1024 * kilobytes;
        }

        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
