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
    /// <param name="device">Kind of the device: <c>cpu</c>, or the card's name.</param>
    /// <param name="isProcessor">The device is the CPU: then its instructions count.</param>
    /// <param name="arithmetic">Number types and kernels.</param>
    /// <param name="libraries">Libraries that take part in the arithmetic, with versions.</param>
    public static string Of(string device, bool isProcessor, string arithmetic, IEnumerable<string> libraries) =>
        string.Join(", ", [device, .. isProcessor ? [Instructions] : (string[])[], arithmetic, .. libraries]);

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
