using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>Arithmetic threads of a worker.</summary>
public static class WorkerThreads
{
    /// <summary>
    /// Gives the calling thread its share. On a CPU only our own kernels go parallel inside a worker: the sums of
    /// libtorch's products may depend on the number of threads, theirs do not, so a shard's bytes are the same whatever
    /// the share. Where libtorch does the products (<c>engine.linear: torch</c>), workers side by side use the cores.
    /// </summary>
    /// <param name="arithmetic">What the worker computes in.</param>
    /// <param name="threads">At least 1.</param>
    public static void Use(Arithmetic arithmetic, int threads)
    {
        torch.set_num_threads(arithmetic.Device.type == DeviceType.CPU ? 1 : threads);
        PackedLinear.Threads = threads;
    }
}
