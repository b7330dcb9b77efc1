using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Pipelines.Stages.Storage;

/// <summary>
/// A class of arithmetic: sums of float32 come out with the same bits on all its machines. CPUs differ in them by
/// instruction set and maker (libraries choose their kernels by both), cards by their model, and libraries by version.
/// </summary>
public static class NumericClass
{
    /// <summary>The class of this process.</summary>
    /// <param name="card">The card's name; empty on a CPU, where maker and instructions count.</param>
    /// <param name="arithmetic">Kind of the device, number types and kernels.</param>
    /// <param name="libraries">Libraries that take part in the arithmetic, with versions.</param>
    public static string Of(string card, string arithmetic, IEnumerable<string> libraries) =>
        string.Join(", ", [arithmetic, card.Length > 0 ? card : Instructions, .. libraries]);

    /// <summary>Maker and widest vectors of the processor, as the runtime sees them.</summary>
    public static string Instructions { get; } =
        $"{Maker("/proc/cpuinfo")}{(
            Vector512.IsHardwareAccelerated ? "AVX-512"
            : Avx2.IsSupported ? "AVX2"
            : AdvSimd.IsSupported ? "NEON"
            : "no vectors"
        )}";

    /// <summary>The processor's maker with a blank behind it, as Linux names it; empty elsewhere.</summary>
    internal static string Maker(string cpuInfo) =>
        Origin.Line(cpuInfo, "vendor_id") is { Length: > 0 } maker ? maker + " " : "";
}
