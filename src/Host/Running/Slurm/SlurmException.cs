namespace Pipelines.Host.Running.Slurm;

/// <summary>Slurm refused something or gave no answer; the message holds its own words.</summary>
internal sealed class SlurmException(string message) : Exception(message)
{
    /// <summary>Whether what was asked for was done is not known: the answer came too late, or is none.</summary>
    public bool IsUnknown { get; init; }
}
