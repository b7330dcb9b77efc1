using Pipelines.Domain.Errors;

namespace Pipelines.Host.Planning;

/// <summary>
/// Memory and disk that a run would find, and the refusal of what cannot fit, before anything is loaded.
/// </summary>
/// <param name="Limits">Bounds on memory, the tightest first.</param>
/// <param name="FreeDisk">Bytes free where results are written.</param>
/// <param name="Folder">That place.</param>
internal sealed record Room(IReadOnlyList<MemoryLimit> Limits, long FreeDisk, string Folder)
{
    /// <summary>A part of the bound beyond which a run is warned: estimates are not exact.</summary>
    private const double Tight = 0.9;

    /// <summary>What there is for a run that writes into <paramref name="folder"/>, which need not exist.</summary>
    /// <param name="folder">That place.</param>
    /// <param name="share">Bytes of memory that this process may take beside others; null = all there is.</param>
    public static Room Of(string folder, long? share = null)
    {
        string? existing = Path.GetFullPath(folder);
        while (existing is not null && !Directory.Exists(existing))
        {
            existing = Path.GetDirectoryName(existing);
        }

        IEnumerable<MemoryLimit> limits = MemoryLimits.Read();
        if (share is { } bytes)
        {
            limits = limits.Append(new MemoryLimit(bytes, "this device's share of the memory")).OrderBy(l => l.Bytes);
        }

        return new Room([.. limits], new DriveInfo(existing ?? "/").AvailableFreeSpace, folder);
    }

    /// <summary>The bound on memory that a plan comes closest to, or exceeds most; null where none is known.</summary>
    public MemoryLimit? Binding(PlanTotals totals) =>
        totals.Peak is { } peak ? Limits.MinBy(l => l.Bytes - l.Needed(peak.Memory, totals.MappedFiles))
        : Limits.Count > 0 ? Limits[0]
        : null;

    /// <summary>Why a plan does not fit; null where it does.</summary>
    /// <param name="name">The experiment.</param>
    /// <param name="totals">What it needs.</param>
    /// <param name="others">What would need less, with the bytes that it would need, the largest first.</param>
    public InputException? Refusal(string name, PlanTotals totals, IReadOnlyList<(string What, long Bytes)> others)
    {
        if (
            totals.Peak is { } peak
            && Binding(totals) is { } memory
            && memory.Needed(peak.Memory, totals.MappedFiles) is var needed
            && needed > memory.Bytes
        )
        {
            long files = needed - peak.Memory.Total;
            (string What, long Bytes)[] fitting = [.. others.Where(o => o.Bytes + files <= memory.Bytes)];
            IEnumerable<string> ways = fitting.Select(o => $"{o.What} ({Sizes.Of(o.Bytes + files)})");
            string instead =
                fitting.Length > 0
                    ? $"{string.Join(", or ", ways)} would fit"
                    : $"A machine or job with {Sizes.Of(needed)} free would do, or a smaller model";
            string mapped = files > 0 ? $", and {Sizes.Of(files)} of mapped files" : "";
            return new InputException(
                name,
                $"needs about {Sizes.Of(needed)} of memory (stage {peak.Stage}: "
                    + $"{Sizes.Parts(peak.Memory)}{mapped}), but {memory.What} leaves {Sizes.Of(memory.Bytes)}.",
                $"{instead}; --ignore-limits tries it as it is."
            );
        }

        return totals.DiskBytes > FreeDisk
            ? new InputException(
                name,
                $"would write about {Sizes.Of(totals.DiskBytes)} in {totals.Files} files, but {Sizes.Of(FreeDisk)} "
                    + $"are free at {Folder}.",
                "Name a folder on another disk with --artifacts, remove what no run uses with gc, or ask for fewer "
                    + "samples or masks; --ignore-limits tries it as it is."
            )
            : null;
    }

    /// <summary>A word where it is close; null where there is room.</summary>
    public string? Warning(PlanTotals totals) =>
        totals.Peak is { } peak
        && Binding(totals) is { } memory
        && memory.Needed(peak.Memory, totals.MappedFiles) is var needed
        && needed > Tight * memory.Bytes
        && needed <= memory.Bytes
            ? $"Memory is tight: about {Sizes.Of(needed)} of the {Sizes.Of(memory.Bytes)} that {memory.What} leaves "
                + $"(stage {peak.Stage})."
            : null;
}
