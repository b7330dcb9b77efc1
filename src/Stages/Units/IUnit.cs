namespace Pipelines.Stages.Units;

/// <summary>
/// The smallest piece of work that is stored, as a value: a record whose properties are all that its bytes depend on.
/// Settings and numbers enter the key by their values, other units by their keys (<see cref="CanonicalForm"/>); the
/// work is a static method that sees this record and nothing else of the experiment, so that what is missing in the key
/// cannot be read.
/// </summary>
/// <typeparam name="TSelf">The record, which carries <see cref="UnitKindAttribute"/>.</typeparam>
public interface IUnit<TSelf>
    where TSelf : class, IUnit<TSelf>
{
    /// <summary>Computes the unit's files, a pure function of <paramref name="unit"/>.</summary>
    /// <param name="unit">All that is known.</param>
    /// <param name="run">Where files are written and the units among the properties are read.</param>
    static abstract void Compute(TSelf unit, UnitRun run);
}

/// <summary>What a sort of units is called.</summary>
/// <param name="kind">Stage kind as specs name it, for example <c>forward-passes</c>.</param>
/// <param name="version">Version of the bytes: raised where the same properties give others.</param>
/// <param name="work">What <see cref="Unit.Work"/> counts: masks, pictures, fits.</param>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class UnitKindAttribute(string kind, int version, string work) : Attribute
{
    /// <summary>Stage kind as specs name it.</summary>
    public string Kind => kind;

    /// <summary>Version of the bytes.</summary>
    public int Version => version;

    /// <summary>
    /// What it says does not meet other numbers bit by bit (an answer in words, a token): it may come from any class of
    /// arithmetic, whatever the rest of its sample comes from.
    /// </summary>
    public bool AnyClass { get; init; }

    /// <summary>What the work is counted in.</summary>
    public string Work => work;
}

/// <summary>A value that knows its own parts of a key: files count by their content, wherever they lie.</summary>
internal interface IKeyed
{
    /// <summary>The parts, in order.</summary>
    /// <param name="name">Name of the property, snake_case.</param>
    IEnumerable<KeyPart> KeyParts(string name);
}
