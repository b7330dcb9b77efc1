using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>
/// While it lives, libtorch works on one thread of the caller's, and packed layers on as many as before. libtorch cuts
/// element-wise work by threads and rounds the last elements of a part by other code, so that bits would depend on the
/// number of threads; the large products, which are worth the threads, are <see cref="PackedLinear"/>'s. Does nothing
/// for other arithmetic than packed.
/// </summary>
public readonly struct OneTorchThread : IDisposable
{
    private readonly int torchThreads;
    private readonly int packedThreads;

    /// <summary>Starts the stretch.</summary>
    public OneTorchThread(Arithmetic arithmetic)
    {
        if (arithmetic.Linear == LinearChoice.Packed)
        {
            torchThreads = torch.get_num_threads();
            packedThreads = PackedLinear.Threads;
            PackedLinear.Threads = packedThreads > 0 ? packedThreads : torchThreads;
            torch.set_num_threads(1);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (torchThreads > 0)
        {
            torch.set_num_threads(torchThreads);
            PackedLinear.Threads = packedThreads;
        }
    }
}
