using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Pipelines.Models.Tensors;

namespace Pipelines.Benchmarks;

/// <summary>Where and when a result was measured.</summary>
/// <param name="Cpu">Name of the processor.</param>
/// <param name="Instructions">What our products use.</param>
/// <param name="Has">Instruction sets beside it that peers may use.</param>
/// <param name="Processors">That this process may use.</param>
/// <param name="Threads">Used.</param>
/// <param name="Load">Load average of the last minute when the measurement began; null = unknown. Above
/// <see cref="Processors"/> others worked, too.</param>
/// <param name="Date">When, UTC.</param>
internal sealed record Machine(
    string Cpu,
    string Instructions,
    string Has,
    int Processors,
    int Threads,
    double? Load,
    string Date
)
{
    private const string CpuInfo = "/proc/cpuinfo",
        LoadAverage = "/proc/loadavg";

    /// <summary>This machine, now.</summary>
    /// <param name="threads">Threads used.</param>
    public static Machine Now(int threads) =>
        new(
            Line("model name") ?? RuntimeInformation.ProcessArchitecture.ToString(),
            PackedKernels.Best switch
            {
                PackedTile.Avx512 => "AVX-512",
                PackedTile.Avx2 => "AVX2",
                _ => "128 bits",
            },
            Extensions(),
            Environment.ProcessorCount,
            threads,
            File.Exists(LoadAverage)
                ? double.Parse(File.ReadAllText(LoadAverage).Split(' ')[0], CultureInfo.InvariantCulture)
                : null,
            DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture)
        );

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Cpu}; {Instructions}{(Has.Length > 0 ? $" (has {Has})" : "")}; {Threads} threads of {Processors} "
                + $"processors, load {Load:0.0}; {Date}"
        );

    private static string Extensions()
    {
        string[] flags = Line("flags")?.Split(' ') ?? (Avx512F.IsSupported ? ["avx512f"] : []);
        return string.Join(
            ' ',
            new[] { "avx2", "avx512f", "avx512_bf16", "avx512_vpopcntdq", "amx_bf16" }.Intersect(flags)
        );
    }

    private static string? Line(string name) =>
        File.Exists(CpuInfo)
            ? File.ReadLines(CpuInfo)
                .FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))
                ?.Split(':', 2)[1]
                .Trim()
            : null;
}
