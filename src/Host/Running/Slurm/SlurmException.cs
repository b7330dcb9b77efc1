namespace Pipelines.Host.Running.Slurm;

/// <summary>Slurm refused something or gave no answer; the message holds its own words.</summary>
internal sealed class SlurmException(string message) : Exception(message);
