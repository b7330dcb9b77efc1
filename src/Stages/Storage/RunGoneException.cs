namespace Pipelines.Stages.Storage;

/// <summary>The folder of a run was deleted while a process worked under its name; the store is there.</summary>
public sealed class RunGoneException : Exception
{
    /// <summary>A run's folder is gone.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="cause">What failed for that.</param>
    public RunGoneException(string folder, Exception cause)
        : base(
            $"{folder} is gone: somebody deleted the run's folder while it was run. What was finished is stored, and "
                + "the same command goes on from there.",
            cause
        )
    { }
}
