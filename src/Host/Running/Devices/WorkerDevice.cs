namespace Pipelines.Host.Running.Devices;

/// <summary>A device that gets a process of its own.</summary>
/// <param name="Name">As a spec writes it: <c>cpu</c>, <c>cuda:1</c>.</param>
/// <param name="Label">As people tell it from the others: <c>cpu 2</c>, <c>cuda:1</c>.</param>
internal sealed record WorkerDevice(string Name, string Label)
{
    /// <summary>The variable by which CUDA and batch systems say which cards a process may see.</summary>
    public const string VisibleVariable = "CUDA_VISIBLE_DEVICES";

    /// <summary>
    /// The device as a process of its own names it, and what that process may see. Where a list of visible cards
    /// stands, the process gets one entry of it as it stands: entries may be numbers, UUIDs or names of parts of a
    /// card, and within any such list the first is <c>cuda:0</c>. Without a list nothing needs to be hidden.
    /// </summary>
    /// <param name="visible">Value of <see cref="VisibleVariable"/>; null = not set.</param>
    public (string Name, string? Visible) Alone(string? visible)
    {
        string[] entries = visible?.Split(',') ?? [];
        return CudaNumber is { } number && number < entries.Length ? ("cuda:0", entries[number]) : (Name, null);
    }

    /// <summary>Number of a CUDA device; null for the CPU.</summary>
    public int? CudaNumber =>
        Name.StartsWith(DeviceList.CudaPrefix, StringComparison.Ordinal)
            ? int.Parse(Name[DeviceList.CudaPrefix.Length..], System.Globalization.CultureInfo.InvariantCulture)
            : null;
}
