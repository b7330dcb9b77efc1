using Pipelines.Models.Ablation;

namespace Pipelines.Stages;

/// <summary>
/// A sample ready for forward passes: what its picture and prefix give is computed, only masks are missing. Read-only;
/// worker threads share it.
/// </summary>
/// <param name="Prefix">Keys and values of prefix and image.</param>
/// <param name="Forward">The fast path.</param>
public sealed record SampleRun(PrefixCache Prefix, SuffixForward Forward) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Forward.Dispose();
        Prefix.Dispose();
    }
}
