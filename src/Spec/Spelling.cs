using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Pipelines.Domain;
using Pipelines.Spec.Shapes;

namespace Pipelines.Spec;

/// <summary>
/// How records, fields and values are spelt in files, tables and on the screen: <c>snake_case</c> keys,
/// <c>kebab-case</c> choices, invariant numbers.
/// </summary>
public static class Spelling
{
    /// <summary>A choice, for example <see cref="Criterion.HeadAttribution"/> as <c>head-attribution</c>.</summary>
    /// <param name="choice">A member of an enum of the specs.</param>
    public static string Of(Enum choice) => JsonNamingPolicy.KebabCaseLower.ConvertName(choice.ToString());

    /// <summary>A record of a closed set, for example <see cref="ElasticNetSpec"/> as <c>elastic-net</c>.</summary>
    /// <param name="record">A type that carries <see cref="NamedAttribute"/>.</param>
    /// <exception cref="ArgumentException">The type has no name.</exception>
    public static string Of(Type record) =>
        record.GetCustomAttribute<NamedAttribute>()?.Name
        ?? throw new ArgumentException($"{record.Name} is not a member of a closed set", nameof(record));

    /// <summary>A field's key, for example <c>L1Ratio</c> as <c>l1_ratio</c>.</summary>
    internal static string Key(string property) => JsonNamingPolicy.SnakeCaseLower.ConvertName(property);

    /// <summary>
    /// A value as a person reads it: <c>0.75</c>, <c>true</c>, <c>[a, b]</c>, <c>-</c> for none. Paths as written.
    /// </summary>
    internal static string Value(object? value) =>
        value switch
        {
            null => "-",
            string text => text,
            bool flag => flag ? "true" : "false",
            Enum choice => Of(choice),
            SpecPath path => path.Raw,
            { } record when ShapeReader.KeyedOf(record) is { } keyed => keyed.ValueOf(record) is { } word
                ? Value(word)
                : "{" + string.Join(", ", keyed.Entries(record).Select(e => $"{e.Key}: {Value(e.Value)}")) + "}",
            IDictionary map => "{" + string.Join(", ", Entries(map).Select(e => $"{e.Key}: {Value(e.Value)}")) + "}",
            IEnumerable list => "[" + string.Join(", ", list.Cast<object?>().Select(Value)) + "]",
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };

    /// <summary>The entries of a map in ordinal order of their keys, so that no text depends on hashing.</summary>
    internal static IEnumerable<(string Key, object? Value)> Entries(IDictionary map) =>
        map.Keys.Cast<string>().Order(StringComparer.Ordinal).Select(key => (key, map[key]));
}
