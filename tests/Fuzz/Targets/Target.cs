using Pipelines.Fuzz.Mutators;

namespace Pipelines.Fuzz.Targets;

/// <summary>A reader under test: one file is damaged, everything beside it is sound.</summary>
/// <param name="name">What <c>--target</c> calls it.</param>
/// <param name="format">The file's format: kept findings of a format go through every target of it.</param>
/// <param name="mutators">What damages its files.</param>
internal abstract class Target(string name, string format, params Mutator[] mutators)
{
    /// <summary>What the law gives every reader: 64 MiB.</summary>
    protected const long Free = 64L << 20;

    private IReadOnlyList<byte[]>? seeds;

    /// <summary>What <c>--target</c> calls it.</summary>
    public string Name => name;

    /// <summary>The file's format.</summary>
    public string Format => format;

    /// <summary>What damages its files.</summary>
    public IReadOnlyList<Mutator> Mutators => mutators;

    /// <summary>Sound files. Inputs 0, 1, ... of a campaign are these as they are.</summary>
    public IReadOnlyList<byte[]> Seeds => seeds ??= MakeSeeds();

    /// <summary>Whether refusing a sound file breaks the law; false where the program may leave a format out.</summary>
    public virtual bool ReadsSeeds => true;

    /// <summary>Inputs of the run with a fixed seed: those of all targets together take about a minute.</summary>
    public virtual int Fixed => 500;

    /// <summary>Works outside the managed heap: the process's resident memory is measured, too.</summary>
    public virtual bool IsNative => false;

    /// <summary>Reads a file.</summary>
    /// <returns>
    /// Bytes of what was read that any reader of such a file would need (pixels, rows), which the law gives on top;
    /// null where the reader's own result says what is wrong.
    /// </returns>
    public abstract long? Read(byte[] input);

    /// <summary>Bytes that the reading of an input may take beside those of what it read.</summary>
    /// <param name="input">The file.</param>
    public virtual long Allowance(byte[] input) => Free + (64L * input.Length);

    /// <summary>Makes the sound files.</summary>
    protected abstract IReadOnlyList<byte[]> MakeSeeds();
}
