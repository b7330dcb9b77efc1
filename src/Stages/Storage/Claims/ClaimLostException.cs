namespace Pipelines.Stages.Storage;

/// <summary>
/// Another worker has taken a claim over, because this one gave no sign for long (it was paused, or cut off from the
/// disk): what it has computed is not published. No failure of the unit.
/// </summary>
/// <param name="key">What was claimed.</param>
public sealed class ClaimLostException(string key) : Exception($"The claim on {key} was taken over.");
