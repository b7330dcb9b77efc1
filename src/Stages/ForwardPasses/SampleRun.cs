using Pipelines.Models.Ablation;

namespace Pipelines.Stages;

/// <summary>What is made of pictures, and is of no use without them.</summary>
internal interface IOverPictures : IDisposable
{
    /// <summary>The pictures, as caches that hold keys and values (<see cref="PrefixCache.Origin"/>).</summary>
    IEnumerable<PrefixCache> Pictures { get; }
}

/// <summary>
/// A sample ready for forward passes: what its picture and prefix give is computed, only masks are missing. Read-only;
/// worker threads share it.
/// </summary>
/// <param name="Prefix">Keys and values of prefix and image.</param>
/// <param name="Forward">The fast path.</param>
/// <param name="Own">A baseline that is the sample's alone, or null.</param>
internal sealed record SampleRun(PrefixCache Prefix, SuffixForward Forward, IOverPictures? Own = null) : IOverPictures
{
    /// <inheritdoc/>
    public IEnumerable<PrefixCache> Pictures => [Prefix.Origin, .. Own?.Pictures ?? []];

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
internal sealed record GatedRun(PrefixCache Prefix, GatedForward Forward, IOverPictures? Own = null) : IOverPictures
{
    /// <inheritdoc/>
    public IEnumerable<PrefixCache> Pictures => [Prefix.Origin, .. Own?.Pictures ?? []];

    /// <inheritdoc/>
    public void Dispose()
    {
        Own?.Dispose();
        Prefix.Dispose();
    }
}
