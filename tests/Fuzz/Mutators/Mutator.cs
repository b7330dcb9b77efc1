namespace Pipelines.Fuzz.Mutators;

/// <summary>
/// Damages a file in the way that its format can be damaged, so that the damage reaches the code behind checksums,
/// lengths and syntax. A pure function of input and stream.
/// </summary>
internal abstract class Mutator
{
    /// <summary>A damaged copy.</summary>
    /// <param name="input">The file; need not be sound.</param>
    /// <param name="random">Chooses.</param>
    public abstract byte[] Mutate(byte[] input, RandomStream random);

    /// <summary>
    /// The file without one of its parts, part by part: what the minimiser tries before it cuts bytes.
    /// </summary>
    public virtual IEnumerable<byte[]> Shrunk(byte[] input) => [];
}
