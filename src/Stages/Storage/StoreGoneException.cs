namespace Pipelines.Stages.Storage;

/// <summary>The store was deleted, or its disk taken away, while a process worked in it.</summary>
public sealed class StoreGoneException : Exception
{
    /// <summary>A store is gone.</summary>
    /// <param name="root">Its folder.</param>
    /// <param name="cause">What failed for that.</param>
    public StoreGoneException(string root, Exception? cause = null)
        : base(
            $"{root} is gone: somebody deleted it, or its disk was unmounted, while this process worked in it. Where "
                + "it comes back the same command goes on from what it holds; else it computes all anew.",
            cause
        )
    { }
}
