using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>What a worker's heartbeat file says: who it is, and a counter that it raises as long as it lives.</summary>
/// <param name="Worker">The process.</param>
/// <param name="Job">The cluster's job that it belongs to; null outside of jobs.</param>
/// <param name="NumericClass">The class of its arithmetic (<see cref="Manifest.NumericClass"/>); null where it has not
/// said.</param>
/// <param name="HasEnded">It has ended in order, and claims of its are left.</param>
public sealed record WorkerSign(Worker Worker, JobElement? Job, string? NumericClass, bool HasEnded = false)
{
    private const int CounterDigits = 20,
        LongestFile = 1 << 16;

    private static readonly JsonSerializerOptions Options = new()
    {
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    /// <summary>The file's bytes: as many whatever the counter is, so that it is written in its place.</summary>
    internal byte[] ToBytes(long counter) =>
        Encoding.UTF8.GetBytes(
            counter.ToString(CultureInfo.InvariantCulture).PadLeft(CounterDigits, '0')
                // "true" is shorter than "false"
                + $"\n{JsonSerializer.Serialize(this, Options)}{(HasEnded ? " " : "")}\n"
        );

    /// <summary>Reads a heartbeat file; null where there is none or it is not whole.</summary>
    internal static (WorkerSign Sign, long Counter)? Read(string path)
    {
        try
        {
            byte[] bytes = new FileInfo(path) is { Exists: true, Length: > LongestFile }
                ? []
                : RegularFile.ReadAllBytes(path);
            return
                bytes.Length > CounterDigits
                && long.TryParse(
                    Encoding.ASCII.GetString(bytes, 0, CounterDigits),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out long counter
                )
                && JsonSerializer.Deserialize<WorkerSign>(bytes.AsSpan(CounterDigits + 1), Options) is { } sign
                ? (sign, counter)
                : null;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Job is null ? $"{Worker}" : $"{Worker}, {Job}";
}
