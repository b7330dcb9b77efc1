namespace Pipelines.Stages.Storage;

/// <summary>
/// The smallest piece of work that is stored: pure in its <see cref="Parts"/>, computed whole or not at all.
/// </summary>
/// <param name="Kind">Stage kind as specs name it, for example <c>forward-passes</c>.</param>
/// <param name="Version">Version of the stage's bytes.</param>
/// <param name="Name">What it covers, stable when parameters change, for example <c>000000000012/masks
/// 250-499</c>.</param>
/// <param name="Parts">All that its bytes depend on.</param>
/// <param name="Work">Size in <paramref name="WorkUnit"/>: progress and cost estimates are made of it.</param>
/// <param name="WorkUnit">What <paramref name="Work"/> counts: masks, pictures, fits.</param>
/// <param name="Compute">Computes the files into the folder of the <see cref="UnitRun"/>.</param>
public sealed record Unit(
    string Kind,
    int Version,
    string Name,
    IReadOnlyList<KeyPart> Parts,
    long Work,
    string WorkUnit,
    Action<UnitRun> Compute
)
{
    /// <inheritdoc cref="Unit"/>
    public IReadOnlyList<KeyPart> Parts { get; } =
        Parts.Select(p => p.Name).Distinct(StringComparer.Ordinal).Count() == Parts.Count
            ? Parts
            : throw new ArgumentException($"{Kind} {Name} has two key parts of one name.", nameof(Parts));

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Name}";

    /// <summary>Units are the same when they are the same object; keys tell whether they give the same bytes.</summary>
    public bool Equals(Unit? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}

/// <summary>A unit while it is computed.</summary>
/// <param name="Folder">Where its files are written; becomes the artifact when all is done.</param>
/// <param name="Artifacts">The inputs.</param>
/// <param name="Advance">Reports work done, in the unit's own measure.</param>
/// <param name="Cancel">Set when the run is interrupted: drop the unit by
/// <see cref="OperationCanceledException"/>.</param>
public sealed record UnitRun(string Folder, Artifacts Artifacts, Action<long> Advance, CancellationToken Cancel)
{
    /// <summary>Path of a file of the artifact.</summary>
    public string File(string name) => Path.Combine(Folder, name);
}
