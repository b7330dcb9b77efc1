using System.Globalization;
using Pipelines.Files;
using Pipelines.Models.Ablation;

namespace Pipelines.Host.Planning;

/// <summary>Memory that this process may still take, and what sets the bound.</summary>
/// <param name="Bytes">Bytes left below the bound.</param>
/// <param name="What">What bounds it, for people: <c>the cgroup /slurm/job_7 (memory.max)</c>.</param>
/// <param name="CountsFiles">Every file that is mapped counts whole, whether its pages are resident or not.</param>
internal sealed record MemoryLimit(long Bytes, string What, bool CountsFiles = false)
{
    /// <summary>What a stage takes of it.</summary>
    /// <param name="memory">What the stage holds.</param>
    /// <param name="files">Bytes of the files that are mapped while it does.</param>
    public long Needed(StageMemory memory, long files) => memory.Total + (CountsFiles ? files : 0);
}

/// <summary>
/// The bounds on this process's memory: every memory cgroup from its own up to the root (versions 1 and 2; a job's own
/// group often says "max" while a parent holds the limit), what the machine has free, and
/// <c>ulimit</c> on address space and data. On other systems than Linux the runtime's own figure.
/// </summary>
internal static class MemoryLimits
{
    /// <summary>Larger figures mean "no limit": cgroup version 1 writes the largest multiple of a page.</summary>
    private const long Unlimited = 1L << 60;

    private const string AddressSpace = "ulimit -v",
        DataSize = "ulimit -d",
        Kills = "oom_kill";

    /// <summary>All bounds, the tightest first.</summary>
    /// <param name="root">Where <c>proc</c> and <c>sys</c> lie; tests bring their own.</param>
    public static IReadOnlyList<MemoryLimit> Read(string root = "/")
    {
        if (!OperatingSystem.IsLinux())
        {
            return [new MemoryLimit(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, "the machine's memory")];
        }

        return [.. Groups(root).Concat(Machine(root)).Concat(UserLimits(root)).OrderBy(l => l.Bytes)];
    }

    /// <summary>
    /// What each of several processes may take of the memory that they share; null where nothing bounds it. Limits of a
    /// process by itself bind each of them as they stand.
    /// </summary>
    /// <param name="processes">How many.</param>
    public static long? ShareOf(int processes) =>
        Read().FirstOrDefault(l => l.What is not (AddressSpace or DataSize)) is { } limit
            ? limit.Bytes / processes
            : null;

    /// <summary>
    /// The most that the process's own memory cgroup has held, cache of files included: of a job that is the job, not
    /// this process alone. null where the system does not say (version 2 before Linux 5.19).
    /// </summary>
    /// <param name="root">As of <see cref="Read"/>.</param>
    public static long? PeakOfGroup(string root = "/") =>
        FoldersOfGroups(root)
            .Where(g => g.IsOwn)
            .Select(g => Value(g.Folder, g.IsSecond ? "memory.peak" : "memory.max_usage_in_bytes"))
            .FirstOrDefault(peak => peak is not null);

    /// <summary>How often the system has killed a process for memory, by where that is counted.</summary>
    /// <param name="root">As of <see cref="Read"/>.</param>
    public static IEnumerable<(string Where, long Count)> KillsForMemory(string root = "/")
    {
        foreach (var (folder, name, _, isSecond) in FoldersOfGroups(root))
        {
            if (Keyed(folder, isSecond ? "memory.events" : "memory.oom_control", Kills) is { } kills)
            {
                yield return ($"the cgroup {name}", kills);
            }
        }

        if (Keyed(Path.Combine(root, "proc"), "vmstat", Kills) is { } all)
        {
            yield return ("the machine", all);
        }
    }

    private static IEnumerable<MemoryLimit> Machine(string root) =>
        Fields(Path.Combine(root, "proc", "meminfo")).GetValueOrDefault("MemAvailable") is { } free
            ? [new MemoryLimit(1024 * free, "the machine's free memory (MemAvailable)")]
            : [];

    /// <summary>
    /// Address space counts mapped files, too, so it is measured against what the process has mapped already.
    /// </summary>
    private static IEnumerable<MemoryLimit> UserLimits(string root)
    {
        var status = Fields(Path.Combine(root, "proc", "self", "status"));
        foreach (
            var (line, used, what) in new[]
            {
                ("Max address space", "VmSize", AddressSpace),
                ("Max data size", "VmData", DataSize),
            }
        )
        {
            string? limit = Lines(Path.Combine(root, "proc", "self", "limits"))
                .FirstOrDefault(l => l.StartsWith(line, StringComparison.Ordinal));
            if (limit is not null && Number(limit[line.Length..]) is { } bytes)
            {
                yield return new MemoryLimit(
                    Math.Max(0, bytes - (1024 * (status.GetValueOrDefault(used) ?? 0))),
                    what,
                    CountsFiles: what == AddressSpace
                );
            }
        }
    }

    /// <summary>The limits of the process's memory cgroup and of all above it.</summary>
    private static IEnumerable<MemoryLimit> Groups(string root) =>
        FoldersOfGroups(root).SelectMany(g => g.IsSecond ? OfSecond(g.Folder, g.Name) : OfFirst(g.Folder, g.Name));

    /// <summary>
    /// The process's memory cgroup and all above it, of each hierarchy that there is; <c>IsOwn</c> where it is the
    /// process's own, <c>IsSecond</c> where it is of version 2.
    /// </summary>
    private static IEnumerable<(string Folder, string Name, bool IsOwn, bool IsSecond)> FoldersOfGroups(string root)
    {
        foreach (string line in Lines(Path.Combine(root, "proc", "self", "cgroup")))
        {
            string[] parts = line.Split(':', 3); // hierarchy:controllers:path
            if (parts.Length < 3)
            {
                continue;
            }

            bool second = parts[1].Length == 0;
            if (!second && !parts[1].Split(',').Contains("memory"))
            {
                continue;
            }

            if (Mount(root, second) is not { } mount)
            {
                continue;
            }

            bool isOwn = true;
            foreach (var (folder, name) in FromOwnToRoot(root, mount, parts[2]))
            {
                yield return (folder, name, isOwn, second);
                isOwn = false;
            }
        }
    }

    /// <summary>
    /// Version 2: memory.max kills, memory.high throttles to a standstill. Cache of files can be taken back: it does
    /// not count as used, but for what lies in /dev/shm and the like, which is counted with it and has no file behind.
    /// </summary>
    private static IEnumerable<MemoryLimit> OfSecond(string folder, string name)
    {
        long cached = (Stat(folder, "file") ?? 0) - (Stat(folder, "shmem") ?? 0);
        long used = Math.Max(0, (Value(folder, "memory.current") ?? 0) - cached);
        foreach (string file in new[] { "memory.max", "memory.high" })
        {
            if (Value(folder, file) is { } limit)
            {
                yield return new MemoryLimit(Math.Max(0, limit - used), $"the cgroup {name} ({file})");
            }
        }
    }

    /// <summary>Version 1; <c>hierarchical_memory_limit</c> tells of parents that a container does not show.</summary>
    private static IEnumerable<MemoryLimit> OfFirst(string folder, string name)
    {
        long cached = (Stat(folder, "total_cache") ?? 0) - (Stat(folder, "total_shmem") ?? 0);
        long used = Math.Max(0, (Value(folder, "memory.usage_in_bytes") ?? 0) - cached);
        if (Value(folder, "memory.limit_in_bytes") is { } limit)
        {
            yield return new MemoryLimit(Math.Max(0, limit - used), $"the cgroup {name} (memory.limit_in_bytes)");
        }

        if (Stat(folder, "hierarchical_memory_limit") is { } parents && parents < Unlimited)
        {
            yield return new MemoryLimit(
                Math.Max(0, parents - used),
                $"a cgroup above {name} (hierarchical_memory_limit)"
            );
        }
    }

    /// <summary>Where a cgroup hierarchy is mounted, and which of its groups the mount shows as its root.</summary>
    private static (string Folder, string Root)? Mount(string root, bool second)
    {
        foreach (string line in Lines(Path.Combine(root, "proc", "self", "mountinfo")))
        {
            string[] halves = line.Split(" - ", 2);
            if (halves.Length < 2)
            {
                continue;
            }

            string[] mount = halves[0].Split(' '),
                source = halves[1].Split(' ');
            bool wanted = second
                ? source[0] == "cgroup2"
                : source[0] == "cgroup" && source[^1].Split(',').Contains("memory");
            if (wanted && mount.Length > 4)
            {
                return (Path.Combine(root, Unescaped(mount[4]).TrimStart('/')), Unescaped(mount[3]));
            }
        }

        return null;
    }

    /// <summary>
    /// The groups of a path, its own first. A path outside what the mount shows is that of another namespace: the
    /// mount's root is all there is to see.
    /// </summary>
    private static IEnumerable<(string Folder, string Name)> FromOwnToRoot(
        string root,
        (string Folder, string Root) mount,
        string path
    )
    {
        string shown = mount.Root.TrimEnd('/');
        string inside =
            path == shown || path.StartsWith(shown + "/", StringComparison.Ordinal)
                ? path[shown.Length..].Trim('/')
                : path.Trim('/');
        string[] names = inside.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (int depth = names.Length; depth >= 0; depth--)
        {
            if (names.Take(depth).Contains(".."))
            {
                continue;
            }

            string folder = Path.Combine([mount.Folder, .. names.Take(depth)]);
            if (Directory.Exists(folder))
            {
                yield return (folder, "/" + string.Join('/', names.Take(depth)));
            }
        }
    }

    /// <summary>mountinfo writes blanks and the like in octal.</summary>
    private static string Unescaped(string text) =>
        text.Replace("\\040", " ", StringComparison.Ordinal)
            .Replace("\\011", "\t", StringComparison.Ordinal)
            .Replace("\\134", "\\", StringComparison.Ordinal);

    private static long? Value(string folder, string file) =>
        Lines(Path.Combine(folder, file)).FirstOrDefault() is { } line ? Number(line) : null;

    private static long? Stat(string folder, string key) => Keyed(folder, "memory.stat", key);

    private static long? Keyed(string folder, string file, string key) =>
        Lines(Path.Combine(folder, file)).FirstOrDefault(l => l.StartsWith(key + " ", StringComparison.Ordinal))
            is { } line
            ? Number(line[key.Length..])
            : null;

    /// <summary>Lines "Name: 123 kB" by name.</summary>
    internal static Dictionary<string, long?> Fields(string path)
    {
        var fields = new Dictionary<string, long?>(StringComparer.Ordinal);
        foreach (string line in Lines(path))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
            {
                fields[line[..colon]] = Number(line[(colon + 1)..]);
            }
        }

        return fields;
    }

    /// <summary>The first number of a text; null for "max", "unlimited" and what means the same.</summary>
    private static long? Number(string text)
    {
        string first = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).FirstOrDefault("");
        return
            long.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number < Unlimited
            ? number
            : null;
    }

    /// <summary>Lines of a file that may not be there, or not be ours to read.</summary>
    private static string[] Lines(string path)
    {
        try
        {
            return File.Exists(path) ? RegularFile.ReadAllLines(path) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
