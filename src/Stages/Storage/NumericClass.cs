using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Pipelines.Stages.Storage;

/// <summary>
/// A class of arithmetic: sums of float32 come out with the same bits on all its machines. CPUs differ in them by
/// instruction set and maker (libraries choose their kernels by both, and by variables of the environment), cards by
/// their model, and libraries by version.
/// </summary>
public static class NumericClass
{
    /// <summary>Variables by which libtorch, MKL and oneDNN choose other kernels of a processor.</summary>
    private static readonly string[] ChoicesOfProcessors =
    [
        "ATEN_CPU_CAPABILITY",
        "MKL_CBWR",
        "MKL_DEBUG_CPU_TYPE",
        "MKL_ENABLE_INSTRUCTIONS",
        "DNNL_MAX_CPU_ISA",
        "DNNL_DEFAULT_FPMATH_MODE",
        "ONEDNN_MAX_CPU_ISA",
        "ONEDNN_DEFAULT_FPMATH_MODE",
    ];

    /// <summary>Variables by which libtorch and cuBLAS choose other kernels of a card.</summary>
    private static readonly string[] ChoicesOfCards =
    [
        "CUBLAS_WORKSPACE_CONFIG",
        "NVIDIA_TF32_OVERRIDE",
        "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    ];

    /// <summary>What a processor has where libtorch takes its AVX-512 kernels.</summary>
    private static readonly string[] LibrariesAvx512 = ["avx512f", "avx512bw", "avx512dq", "avx512vl"];

    /// <summary>The class of this process.</summary>
    /// <param name="card">The card's name; empty on a CPU, where maker and instructions count.</param>
    /// <param name="arithmetic">Kind of the device, number types and kernels.</param>
    /// <param name="libraries">Libraries that take part in the arithmetic, with versions.</param>
    public static string Of(string card, string arithmetic, IEnumerable<string> libraries) =>
        Of(card, arithmetic, libraries, Environment.GetEnvironmentVariable);

    /// <summary>As <see cref="Of(string, string, IEnumerable{string})"/>, in some environment.</summary>
    internal static string Of(
        string card,
        string arithmetic,
        IEnumerable<string> libraries,
        Func<string, string?> variable
    )
    {
        bool isCard = card.Length > 0;
        IEnumerable<string> chosen = (isCard ? ChoicesOfCards : ChoicesOfProcessors)
            .Where(name => variable(name) is { Length: > 0 })
            .Select(name => $"{name}={variable(name)}");
        return string.Join(", ", [arithmetic, isCard ? card : Instructions, .. libraries, .. chosen]);
    }

    /// <summary>Maker and widest vectors of the processor, as the runtime sees them, and libraries where they see
    /// others.</summary>
    public static string Instructions { get; } =
        Described(
            "/proc/cpuinfo",
            Vector512.IsHardwareAccelerated ? "AVX-512"
                : Avx2.IsSupported ? "AVX2"
                : AdvSimd.IsSupported ? "NEON"
                : "no vectors"
        );

    /// <summary>
    /// The runtime leaves AVX-512 alone where it is told to, and on processors that it slows down; libraries take it
    /// all the same, and their sums are others than on a processor without.
    /// </summary>
    /// <param name="cpuInfo">What Linux says of the processor.</param>
    /// <param name="runtime">The runtime's widest vectors.</param>
    internal static string Described(string cpuInfo, string runtime)
    {
        string[] has = (Origin.Line(cpuInfo, "flags") ?? "").Split(' ');
        bool isWider = runtime != "AVX-512" && LibrariesAvx512.All(has.Contains);
        return $"{Maker(cpuInfo)}{runtime}{(isWider ? " (libraries AVX-512)" : "")}";
    }

    /// <summary>The processor's maker with a blank behind it, as Linux names it; empty elsewhere.</summary>
    internal static string Maker(string cpuInfo) =>
        Origin.Line(cpuInfo, "vendor_id") is { Length: > 0 } maker ? maker + " " : "";
}
