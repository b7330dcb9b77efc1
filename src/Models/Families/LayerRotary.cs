using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families;

/// <summary>
/// Rotary tables of some positions, layer by layer: layers that see a window may turn by another base than the others
/// (Gemma 3). Read-only.
/// </summary>
/// <param name="full">Tables of the other layers.</param>
/// <param name="sliding">Tables of the layers that see a window; null = all layers turn alike.</param>
/// <param name="layers">Which layers those are.</param>
public sealed class LayerRotary(Rotary full, Rotary? sliding, SlidingLayers? layers) : IDisposable
{
    /// <summary>The tables of a layer.</summary>
    public Rotary this[int layer] => sliding is not null && layers!.Slides[layer] ? sliding : full;

    /// <summary>The tables of a run of positions, as views.</summary>
    public LayerRotary Slice(long start, long length) => Each(tables => tables.Slice(start, length));

    /// <summary>The tables in another order.</summary>
    /// <param name="index">int64, which position comes where.</param>
    public LayerRotary Ordered(torch.Tensor index) =>
        Each(tables => new Rotary(tables.Cos.Taken(0, index), tables.Sin.Taken(0, index)));

    /// <summary>These tables, no longer the dispose scope's.</summary>
    public LayerRotary Detached() =>
        Each(tables => new Rotary(tables.Cos.DetachFromDisposeScope(), tables.Sin.DetachFromDisposeScope()));

    /// <inheritdoc/>
    public void Dispose()
    {
        full.Dispose();
        sliding?.Dispose();
    }

    private LayerRotary Each(Func<Rotary, Rotary> of) => new(of(full), sliding is null ? null : of(sliding), layers);
}
