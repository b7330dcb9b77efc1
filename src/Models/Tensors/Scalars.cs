using System.Collections.Concurrent;
using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>
/// Numbers for libtorch, and sums of tensors. TorchSharp passes the bare handle of a <see cref="Scalar"/>; one that is
/// made in passing (by a conversion, or inside <c>a + b</c>, whose alpha is one) may be freed by the garbage
/// collector's finalizer while libtorch reads it, and the sum then has any alpha. These are never freed. A test sees to
/// it that nothing else makes one.
/// </summary>
internal static class Scalars
{
    private static readonly ConcurrentDictionary<double, Scalar> Made = new();

    /// <summary>1.</summary>
    public static Scalar One { get; } = Of(1);

    /// <summary>A number that the code knows: as each is kept for good, it must not come from data.</summary>
    public static Scalar Of(double value) => Made.GetOrAdd(value, static v => v);

    /// <summary>a + b.</summary>
    public static torch.Tensor Plus(this torch.Tensor a, torch.Tensor b) => a.add(b, One);
}
