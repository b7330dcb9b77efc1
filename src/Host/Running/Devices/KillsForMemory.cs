using Pipelines.Host.Planning;

namespace Pipelines.Host.Running.Devices;

/// <summary>
/// How often the system has killed a process for memory, by where that is counted: each memory cgroup from the
/// process's own up, then the machine. A killed process cannot say why; the counter that rises with it can.
/// </summary>
/// <param name="Counts">Where, for people, and how often.</param>
internal sealed record KillsForMemory(IReadOnlyList<(string Where, long Count)> Counts)
{
    /// <summary>What the system counts now.</summary>
    /// <param name="root">Where <c>proc</c> and <c>sys</c> lie; tests bring their own.</param>
    public static KillsForMemory Read(string root = "/") => new([.. MemoryLimits.KillsForMemory(root)]);

    /// <summary>Where a count is higher than before, the nearest group first; null where none is.</summary>
    public string? Since(KillsForMemory before) =>
        Counts
            .Where(c => c.Count > before.Counts.FirstOrDefault(b => b.Where == c.Where).Count)
            .Select(c => c.Where)
            .FirstOrDefault();
}
