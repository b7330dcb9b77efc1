using Pipelines.Models.Ablation;

namespace Pipelines.Stages;

/// <summary>
/// A sample ready for forward passes: what its picture and prefix give is computed, only masks are missing. Read-only;
/// worker threads share it.
/// </summary>
/// <param name="Prefix">Keys and values of prefix and image.</param>
/// <param name="Forward">The fast path.</param>
/// <param name="Own">A baseline that is the sample's alone, or null.</param>
internal sealed record SampleRun(PrefixCache Prefix, SuffixForward Forward, IDisposable? Own = null) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Forward.Dispose();
        Own?.Dispose();
        Prefix.Dispose();
    }
}

/// <summary>A sample ready for gradient passes. Read-only; worker threads share it.</summary>
/// <param name="Prefix">Keys and values of prefix and image.</param>
/// <param name="Forward">The passes with a gate a head.</param>
/// <param name="Own">A baseline that is the sample's alone, or null.</param>
internal sealed record GatedRun(PrefixCache Prefix, GatedForward Forward, IDisposable? Own = null) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Own?.Dispose();
        Prefix.Dispose();
    }
}
