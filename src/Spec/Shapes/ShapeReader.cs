using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Pipelines.Spec.Shapes;

/// <summary>
/// Reads shapes from the records. A field added to a record, or a record added to a closed set, is thereby known
/// everywhere.
/// </summary>
internal static class ShapeReader
{
    private static readonly ConcurrentDictionary<Type, Shape> Known = new();

    /// <summary>The whole experiment.</summary>
    public static Shape.Fields Experiment { get; } = (Shape.Fields)Of(typeof(Experiment));

    /// <summary>The shape of a type that specs use.</summary>
    /// <exception cref="NotSupportedException">A record has a field of a type that no file can hold: a bug.</exception>
    public static Shape Of(Type type) =>
        Known.TryGetValue(type, out Shape? known) ? known : Known.GetOrAdd(type, Read(type));

    /// <summary>The set chosen by key that a value is of, or null.</summary>
    public static Shape.Keyed? KeyedOf(object value) =>
        value.GetType().BaseType is { } set && set.IsDefined(typeof(ChosenByKeyAttribute))
            ? (Shape.Keyed)Of(set)
            : null;

    private static Shape Read(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } number)
        {
            return Of(number); // left out, the field is absent
        }

        if (type == typeof(bool))
        {
            return new Shape.Flag();
        }

        if (type == typeof(int))
        {
            return new Shape.Whole();
        }

        if (type == typeof(double))
        {
            return new Shape.Number();
        }

        if (type == typeof(string))
        {
            return new Shape.Text();
        }

        if (type == typeof(SpecPath))
        {
            return new Shape.Path();
        }

        if (type == typeof(IReadOnlyList<StageNode>))
        {
            return new Shape.Stages((Shape.Family)Of(typeof(StageSpec)));
        }

        if (type.IsEnum)
        {
            return new Shape.Choice(
                Enum.GetValues(type).Cast<Enum>().ToDictionary(Spelling.Of, StringComparer.Ordinal)
            );
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
        {
            return new Shape.List(Of(type.GenericTypeArguments[0]), type.GenericTypeArguments[0]);
        }

        if (
            type.IsGenericType
            && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>)
            && type.GenericTypeArguments[0] == typeof(string)
        )
        {
            return new Shape.Map(Of(type.GenericTypeArguments[1]), type.GenericTypeArguments[1]);
        }

        if (type.GetCustomAttribute<ChosenByAttribute>() is { } chosen)
        {
            ILookup<bool, Type> members = Members(type).ToLookup(m => m.IsDefined(typeof(ByValueAttribute)));
            return new Shape.Family(
                chosen.Key,
                members[false].ToDictionary(Spelling.Of, m => (Shape.Fields)Of(m), StringComparer.Ordinal),
                members[true].Select(m => (Shape.Fields)Of(m)).SingleOrDefault()
            );
        }
        if (type.IsDefined(typeof(ChosenByKeyAttribute)))
        {
            ILookup<bool, Type> members = Members(type).ToLookup(m => m.IsDefined(typeof(ByValueAttribute)));
            var word = (Shape.Fields)Of(members[true].Single());
            return new Shape.Keyed(
                (Shape.Choice)word.All[0].Shape,
                word,
                members[false].ToDictionary(Spelling.Of, m => (Shape.Fields)Of(m), StringComparer.Ordinal)
            );
        }
        if (
            type.IsClass
            && (StageKinds.Assemblies.Contains(type.Assembly) || type.IsDefined(typeof(SettingsFileAttribute)))
        )
        {
            return new Shape.Fields(type, [.. Properties(type).Select(Field)]);
        }

        throw new NotSupportedException($"a spec cannot hold a {type}");
    }

    private static IEnumerable<Type> Members(Type family) =>
        family == typeof(StageSpec)
            ? StageKinds.All
            : family
                .Assembly.GetTypes()
                .Where(t => t.IsSubclassOf(family) && !t.IsAbstract)
                .OrderBy(t => t.MetadataToken);

    private static IEnumerable<PropertyInfo> Properties(Type record) =>
        record
            .GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.CanWrite)
            .OrderBy(p => p.MetadataToken);

    private static Field Field(PropertyInfo property)
    {
        Shape shape = Of(property.PropertyType);
        bool inline = property.IsDefined(typeof(InlineAttribute));
        bool required = property.IsDefined(typeof(RequiredMemberAttribute));
        object? standard = required ? null : property.GetValue(Activator.CreateInstance(property.DeclaringType!));
        string name = inline && shape is Shape.Family family ? family.Key : Spelling.Key(property.Name);
        return new Field(name, property, shape, required, inline, standard, XmlDocs.Summary(property));
    }
}
