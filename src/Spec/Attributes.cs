using System.Reflection;

namespace Pipelines.Spec;

/// <summary>A record that a YAML file of its own holds, beside the experiments.</summary>
/// <param name="what">What such a file is, in a word: <c>profile</c>.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class SettingsFileAttribute(string what) : Attribute
{
    /// <summary>What such a file is, in a word.</summary>
    public string What { get; } = what;

    /// <summary>What a record says.</summary>
    /// <param name="record">The record.</param>
    /// <exception cref="ArgumentException">It is held by no file of its own.</exception>
    internal static SettingsFileAttribute Of(Type record) =>
        record.GetCustomAttribute<SettingsFileAttribute>()
        ?? throw new ArgumentException($"{record.Name} is held by no file of its own", nameof(record));
}

/// <summary>
/// A closed set of records whose member is chosen by the value of <paramref name="key"/> in the file.
/// </summary>
/// <param name="key">Name of the choosing key.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class ChosenByAttribute(string key) : Attribute
{
    /// <summary>Name of the choosing key.</summary>
    public string Key { get; } = key;
}

/// <summary>
/// A closed set of records whose member is chosen by the key that stands in the mapping; one member is written as its
/// value alone (<see cref="ByValueAttribute"/>).
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class ChosenByKeyAttribute : Attribute;

/// <summary>The name by which a record of a closed set is chosen.</summary>
/// <param name="name">Value of the choosing key, or the key itself.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class NamedAttribute(string name) : Attribute
{
    /// <summary>Value of the choosing key.</summary>
    public string Name { get; } = name;
}

/// <summary>
/// The member of a closed set that is chosen by writing its value in place of a name: its one property.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class ByValueAttribute : Attribute;

/// <summary>The property's own keys stand beside those of the record that holds it.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class InlineAttribute : Attribute;

/// <summary>A list of which one entry may stand alone, without brackets.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OneOrMoreAttribute : Attribute;

/// <summary>
/// Says who computes something and when, and nothing about what comes out: not among the settings by which results are
/// told and compared.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class HowRunAttribute : Attribute;

/// <summary>Inclusive bounds of a number.</summary>
/// <param name="least">Smallest allowed value.</param>
/// <param name="most">Largest allowed value.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class BetweenAttribute(double least, double most) : Attribute
{
    /// <summary>Smallest allowed value.</summary>
    public double Least { get; } = least;

    /// <summary>Largest allowed value.</summary>
    public double Most { get; } = most;
}

/// <summary>The form of a text.</summary>
/// <param name="regex">What the whole text matches (also the schema's <c>pattern</c>: kept to what .NET and JavaScript
/// read alike).</param>
/// <param name="allowed">The same in words, for messages.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class FormAttribute(string regex, string allowed) : Attribute
{
    /// <summary>What the whole text matches.</summary>
    public string Regex { get; } = regex;

    /// <summary>The same in words.</summary>
    public string Allowed { get; } = allowed;

    /// <summary>Values with a meaning of their own, from which the nearest is proposed for a misspelt one.</summary>
    public string[] Words { get; init; } = [];
}

/// <summary>
/// A path of a spec: as written, and resolved against the folder of the spec file after environment variables.
/// </summary>
/// <param name="Raw">As written.</param>
/// <param name="Full">Absolute.</param>
public sealed record SpecPath(string Raw, string Full)
{
    /// <inheritdoc/>
    public override string ToString() => Raw;
}
