using System.Globalization;
using Pipelines.Files;

namespace Pipelines.Models.Tensors;

/// <summary>
/// Processors that this process may use. Arithmetic wants one thread a physical core: the second hardware thread of a
/// core shares its multipliers, and two products on one core evict each other's blocks. With 64 cores the products
/// would still be cut into enough blocks (two a thread), but what lies between them (norms, attention of few heads)
/// would not, and all cores would read one copy of the weights from one socket's memory: there workers side by side,
/// each on the cores of a socket, serve better than one that uses them all.
/// </summary>
/// <param name="Cores">Physical cores with a hardware thread in the affinity mask.</param>
/// <param name="HardwareThreads">Hardware threads in the affinity mask: what schedulers count as CPUs.</param>
/// <param name="Limit">Threads that the runtime allows: by affinity and a cgroup's quota.</param>
public sealed record Processors(int Cores, int HardwareThreads, int Limit)
{
    /// <summary>Arithmetic threads where nobody says how many.</summary>
    public int Threads => Math.Max(1, Math.Min(Cores, Limit));

    /// <summary>How many and why, for people.</summary>
    public string Words =>
        (Limit < Cores, Cores < HardwareThreads) switch
        {
            (true, _) => $"{Counted(Threads, "thread")}: a quota allows {Limit} of {Counted(Cores, "core")}",
            (_, true) => $"{Counted(Threads, "thread")}: physical cores of {HardwareThreads} hardware threads",
            _ => $"{Counted(Threads, "thread")}, one a core",
        };

    /// <summary>Reads what the system says; where it says nothing, every processor is a core.</summary>
    public static Processors Read() => Read("/", Environment.ProcessorCount);

    /// <summary>Reads a tree of files.</summary>
    /// <param name="root">Holds <c>proc</c> and <c>sys</c>.</param>
    /// <param name="limit">Threads that the runtime allows.</param>
    internal static Processors Read(string root, int limit)
    {
        IReadOnlyList<int> allowed = Allowed(Path.Combine(root, "proc/self/status"));
        if (allowed.Count == 0)
        {
            return new Processors(limit, limit, limit);
        }

        int cores = allowed.Select(cpu => Siblings(root, cpu)).Distinct(StringComparer.Ordinal).Count();
        return new Processors(cores, allowed.Count, limit);
    }

    /// <summary>The numbers of a list as the kernel writes it, <c>0-3,8,10-11</c>; none where it is no list.</summary>
    internal static IReadOnlyList<int> NumbersOf(string list)
    {
        const int most = 1 << 16; // CPUs
        var numbers = new List<int>();
        foreach (string part in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] ends = part.Split('-');
            if (
                ends.Length > 2
                || !int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first)
                || !int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int last)
                || last < first
                || last >= most
            )
            {
                return [];
            }

            numbers.AddRange(Enumerable.Range(first, last - first + 1));
        }

        return numbers;
    }

    private static IReadOnlyList<int> Allowed(string status)
    {
        const string name = "Cpus_allowed_list:";
        string? line = LinesOf(status).FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal));
        return line is null ? [] : NumbersOf(line[name.Length..]);
    }

    /// <summary>What names a CPU's core: the list of its hardware threads.</summary>
    private static string Siblings(string root, int cpu)
    {
        string file = Path.Combine(root, $"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list");
        return LinesOf(file).FirstOrDefault() ?? cpu.ToString(CultureInfo.InvariantCulture);
    }

    private static string[] LinesOf(string file)
    {
        try
        {
            return RegularFile.ReadAllLines(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // not Linux, or a container that hides it
        }
    }

    private static string Counted(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
