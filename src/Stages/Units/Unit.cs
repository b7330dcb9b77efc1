using System.Reflection;

namespace Pipelines.Stages.Units;

/// <summary>
/// A unit of work as planning, storing and running see it: a name, a key, an amount of work. Two units are the same
/// when their keys are.
/// </summary>
public sealed class Unit : IEquatable<Unit>
{
    private readonly Lazy<string> key;
    private readonly Action<UnitRun> compute;

    /// <summary>A unit from its parts; stages make them by <see cref="Of{TUnit}"/>.</summary>
    internal Unit(
        string kind,
        int version,
        string name,
        IReadOnlyList<KeyPart> parts,
        long work,
        string workUnit,
        Action<UnitRun> compute
    )
    {
        if (parts.Select(p => p.Name).Distinct(StringComparer.Ordinal).Count() != parts.Count)
        {
            throw new ArgumentException($"{kind} {name} has two key parts of one name.", nameof(parts));
        }

        (Kind, Version, Name, Parts, Work, WorkUnit) = (kind, version, name, parts, work, workUnit);
        this.compute = compute;
        key = new Lazy<string>(() => Fingerprint.Compute(this));
    }

    /// <summary>The unit of a value.</summary>
    /// <param name="name">What it covers, stable when settings change, for example <c>000000000012/masks
    /// 250-499</c>.</param>
    /// <param name="unit">All that its bytes depend on.</param>
    /// <param name="work">Its size; progress and cost estimates are made of it.</param>
    public static Unit Of<TUnit>(string name, TUnit unit, long work = 1)
        where TUnit : class, IUnit<TUnit>
    {
        UnitKindAttribute kind =
            typeof(TUnit).GetCustomAttribute<UnitKindAttribute>()
            ?? throw new InvalidOperationException($"{typeof(TUnit)} does not say its kind.");
        return new Unit(
            kind.Kind,
            kind.Version,
            name,
            CanonicalForm.Of(unit),
            work,
            kind.Work,
            run => TUnit.Compute(unit, run)
        );
    }

    /// <summary>Stage kind as specs name it, for example <c>forward-passes</c>.</summary>
    public string Kind { get; }

    /// <summary>Version of the stage's bytes.</summary>
    public int Version { get; }

    /// <summary>What it covers, stable when settings change.</summary>
    public string Name { get; }

    /// <summary>All that its bytes depend on, in canonical form.</summary>
    public IReadOnlyList<KeyPart> Parts { get; }

    /// <summary>Size in <see cref="WorkUnit"/>.</summary>
    public long Work { get; }

    /// <summary>What <see cref="Work"/> counts: masks, pictures, fits.</summary>
    public string WorkUnit { get; }

    /// <summary>SHA-256 of kind, version and <see cref="Parts"/>, hexadecimal.</summary>
    public string Key => key.Value;

    /// <summary>Computes the files into the folder of <paramref name="run"/>.</summary>
    public void Compute(UnitRun run) => compute(run);

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Name}";

    /// <inheritdoc/>
    public bool Equals(Unit? other) => other is not null && (ReferenceEquals(this, other) || Key == other.Key);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Unit);

    /// <inheritdoc/>
    public override int GetHashCode() => Key.GetHashCode(StringComparison.Ordinal);
}
