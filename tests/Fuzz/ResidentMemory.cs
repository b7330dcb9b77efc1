using System.Globalization;

namespace Pipelines.Fuzz;

/// <summary>
/// What the process holds in memory, natives included, by Linux's own count; elsewhere nothing is known and nothing is
/// judged.
/// </summary>
internal static class ResidentMemory
{
    private const string Status = "/proc/self/status",
        Forget = "/proc/self/clear_refs";

    /// <summary>Bytes resident now, after which the peak begins anew; 0 where the system does not say.</summary>
    public static long StartPeak()
    {
        try
        {
            File.WriteAllText(Forget, "5"); // 5 = reset the peak
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }

        return Field("VmRSS:");
    }

    /// <summary>Most bytes resident since <see cref="StartPeak"/>; 0 where the system does not say.</summary>
    public static long Peak() => Field("VmHWM:");

    private static long Field(string name)
    {
        if (!File.Exists(Status))
        {
            return 0;
        }

        string? line = File.ReadLines(Status).FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal));
        return line is null
            ? 0
            : 1024
                * long.Parse(
                    line[name.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(),
                    CultureInfo.InvariantCulture
                );
    }
}
