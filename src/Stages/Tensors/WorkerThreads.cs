using TorchSharp;

namespace Pipelines.Stages.Tensors;

/// <summary>Arithmetic threads of a worker.</summary>
internal static class WorkerThreads
{
    /// <summary>
    /// Gives the calling thread its share. On the packed path only our own kernels go parallel: the sums of libtorch's products may depend on the number of threads, theirs do not,
    /// so a shard's bytes are the same whatever the share; what libtorch is left with there is a small part of the time.
    /// </summary>
    /// <param name="arithmetic">What the worker computes in.</param>
    /// <param name="threads">At least 1.</param>
    public static void Use(Arithmetic arithmetic, int threads)
    {
        torch.set_num_threads(arithmetic.Linear == LinearChoice.Packed ? 1 : threads);
        PackedLinear.Threads = threads;
    }
}
