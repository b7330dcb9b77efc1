using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Pipelines.Spec;

namespace Pipelines.Stages.Units;

/// <summary>
/// The canonical form of a unit's record: a part a property, in the order of declaration, named in snake_case. Null is
/// no part. A record within the record stands with its own properties in its place.
/// </summary>
internal static class CanonicalForm
{
    private static readonly ConcurrentDictionary<Type, (string Name, PropertyInfo Property)[]> Properties = new();
    private static readonly ConcurrentDictionary<Type, bool> Records = new();

    /// <summary>
    /// Parts of records within records. Such a record never changes, and tens of thousands of units may hold the same:
    /// a sample, of which each has some masks.
    /// </summary>
    private static readonly ConditionalWeakTable<object, IReadOnlyList<KeyPart>> OfShared = [];

    /// <summary>The parts of a record.</summary>
    /// <exception cref="InvalidOperationException">A property has a type that has no canonical form.</exception>
    [MethodImpl(Fingerprint.AtOnce)]
    public static IReadOnlyList<KeyPart> Of(object record)
    {
        var parts = new List<KeyPart>();
        foreach ((string name, PropertyInfo property) in PropertiesOf(record.GetType()))
        {
            parts.AddRange(PartsOf(name, property.GetValue(record)));
        }

        return parts;
    }

    /// <summary>The properties that are parts: those that are set when the record is made.</summary>
    internal static IReadOnlyList<(string Name, PropertyInfo Property)> PropertiesOf(Type record) =>
        Properties.GetOrAdd(
            record,
            type =>
                [
                    .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                        .Where(p => p.CanWrite)
                        .OrderBy(p => p.MetadataToken)
                        .Select(p => (JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Name), p)),
                ]
        );

    /// <summary>Digests of the pictures in a record, and in the records within it, each once, in order.</summary>
    public static IReadOnlyList<string> PicturesOf(object record) =>
        [.. PicturesIn(record).Select(p => p.Digest).Distinct(StringComparer.Ordinal)];

    private static IEnumerable<PictureSource> PicturesIn(object? value) =>
        value switch
        {
            null => [],
            PictureSource picture => [picture],
            PictureSources several => several.Pictures,
            IKeyed => [],
            _ when Records.GetOrAdd(value.GetType(), IsRecord) => PropertiesOf(value.GetType())
                .SelectMany(p => PicturesIn(p.Property.GetValue(value))),
            _ => [],
        };

    private static IEnumerable<KeyPart> PartsOf(string name, object? value) =>
        value switch
        {
            null => [],
            IKeyed keyed => keyed.KeyParts(name),
            Unit unit => [new KeyPart.Inputs(name, [unit])],
            IReadOnlyList<Unit> units => [new KeyPart.Inputs(name, units)],
            string text => [new KeyPart.Text(name, text)],
            Enum choice => [new KeyPart.Text(name, Spelling.Of(choice))],
            bool flag => [new KeyPart.Text(name, flag ? "true" : "false")],
            int whole => [new KeyPart.Integer(name, whole)],
            double number => [new KeyPart.Number(name, number)],
            IReadOnlyList<string> texts => [new KeyPart.Text(name, string.Join('\n', texts))],
            IReadOnlyList<int> wholes => [new KeyPart.Text(name, Joined(wholes))],
            IReadOnlyList<double> numbers => [new KeyPart.Text(name, Joined(numbers))],
            _ when Records.GetOrAdd(value.GetType(), IsRecord) => OfShared.GetValue(value, Of),
            _ => throw new InvalidOperationException($"'{name}' is a {value.GetType()}: it has no canonical form."),
        };

    private static string Joined<T>(IEnumerable<T> values)
        where T : IFormattable =>
        string.Join(' ', values.Select(v => v.ToString(v is double ? "R" : null, CultureInfo.InvariantCulture)));

    /// <summary>A record of ours; anything else would have no properties in a meaningful order.</summary>
    private static bool IsRecord(Type type) =>
        type.GetMethod("<Clone>$") is not null && type.Assembly.GetName().Name!.StartsWith("Pipelines.", Ordinal);

    private const StringComparison Ordinal = StringComparison.Ordinal;
}
