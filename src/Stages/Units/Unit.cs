using System.Reflection;

namespace Pipelines.Stages.Units;

/// <summary>
/// A unit of work as planning, storing and running see it: a name, a key, an amount of work. Two units are the same
/// when their keys are.
/// </summary>
public sealed class Unit : IEquatable<Unit>
{
    /// <summary>The unit's record; its parts where it has none.</summary>
    private readonly object content;
    private readonly Action<object, UnitRun> compute;
    private string? key;
    private IReadOnlyList<string>? pictures;

    /// <summary>A unit from its parts; stages make them by <see cref="Of{TUnit}"/>.</summary>
    internal Unit(
        string kind,
        int version,
        string name,
        IReadOnlyList<KeyPart> parts,
        long work,
        string workUnit,
        Action<UnitRun> compute,
        IReadOnlyList<string>? pictures = null
    )
        : this(kind, version, name, (object)parts, work, workUnit, (_, run) => compute(run)) =>
        this.pictures = pictures ?? [];

    private Unit(
        string kind,
        int version,
        string name,
        object content,
        long work,
        string workUnit,
        Action<object, UnitRun> compute
    )
    {
        (Kind, Version, Name, Work, WorkUnit) = (kind, version, name, work, workUnit);
        (this.content, this.compute) = (content, compute);
    }

    /// <summary>The unit of a value.</summary>
    /// <param name="name">What it covers, stable when settings change, for example <c>000000000012/masks
    /// 250-499</c>.</param>
    /// <param name="unit">All that its bytes depend on.</param>
    /// <param name="work">Its size; progress and cost estimates are made of it.</param>
    public static Unit Of<TUnit>(string name, TUnit unit, long work = 1)
        where TUnit : class, IUnit<TUnit>
    {
        UnitKindAttribute kind = KindOf<TUnit>.Said;
        return new Unit(kind.Kind, kind.Version, name, (object)unit, work, kind.Work, KindOf<TUnit>.Compute)
        {
            AnyClass = kind.AnyClass,
        };
    }

    /// <summary>Stage kind as specs name it, for example <c>forward-passes</c>.</summary>
    public string Kind { get; }

    /// <summary>Version of the stage's bytes.</summary>
    public int Version { get; }

    /// <summary>What it covers, stable when settings change.</summary>
    public string Name { get; }

    /// <summary>
    /// All that its bytes depend on, in canonical form: made anew at each call. A run may have 100,000 units, and all
    /// their parts at once would be most of what it holds.
    /// </summary>
    public IReadOnlyList<KeyPart> Parts => content as IReadOnlyList<KeyPart> ?? CanonicalForm.Of(content);

    /// <summary>The units that it reads; made anew at each call, as <see cref="Parts"/> are.</summary>
    public IEnumerable<Unit> Inputs => Parts.OfType<KeyPart.Inputs>().SelectMany(i => i.Units);

    /// <summary>Size in <see cref="WorkUnit"/>.</summary>
    public long Work { get; }

    /// <summary>What <see cref="Work"/> counts: masks, pictures, fits.</summary>
    public string WorkUnit { get; }

    /// <summary>
    /// Digests of the pictures that the model is run over, each once; none where the unit reads tables only. No part of
    /// the key as such: a run puts units of one picture behind each other, because what the model computes of it is
    /// kept while it is at work.
    /// </summary>
    public IReadOnlyList<string> Pictures => pictures ??= CanonicalForm.PicturesOf(content);

    /// <summary>The one picture that the model is run over; null where there is none, or several.</summary>
    public string? Picture => Pictures.Count == 1 ? Pictures[0] : null;

    /// <summary>
    /// It may come from another class of arithmetic (<see cref="Storage.NumericClass"/>) than the rest of its sample.
    /// </summary>
    public bool AnyClass { get; private init; }

    /// <summary>SHA-256 of kind, version and <see cref="Parts"/>, hexadecimal.</summary>
    /// <exception cref="ArgumentException">Two parts have one name.</exception>
    public string Key => key ??= Fingerprint.Compute(this);

    /// <summary>Computes the files into the folder of <paramref name="run"/>.</summary>
    public void Compute(UnitRun run) => compute(content, run);

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Name}";

    /// <inheritdoc/>
    public bool Equals(Unit? other) => other is not null && (ReferenceEquals(this, other) || Key == other.Key);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Unit);

    /// <inheritdoc/>
    public override int GetHashCode() => Key.GetHashCode(StringComparison.Ordinal);

    /// <summary>What a record says of its kind, and how it is computed: the same for all units of it.</summary>
    private static class KindOf<TUnit>
        where TUnit : class, IUnit<TUnit>
    {
        public static readonly Action<object, UnitRun> Compute = (unit, run) => TUnit.Compute((TUnit)unit, run);

        private static readonly UnitKindAttribute? Found = typeof(TUnit).GetCustomAttribute<UnitKindAttribute>();

        public static UnitKindAttribute Said =>
            Found ?? throw new InvalidOperationException($"{typeof(TUnit)} does not say its kind.");
    }
}
