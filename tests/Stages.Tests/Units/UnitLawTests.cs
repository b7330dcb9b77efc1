using System.Reflection;
using System.Runtime.CompilerServices;
using FluentAssertions;
using Pipelines.Models.Tensors;
using Pipelines.Spec;
using Pipelines.Stages.Data;
using Pipelines.Stages.Units;
using Xunit;

namespace Pipelines.Stages.Tests.Units;

/// <summary>
/// What a unit computes is a function of its record, and all of the record is in its key: there is no second place in
/// which something could be forgotten.
/// </summary>
public sealed class UnitLawTests
{
    private static readonly Type[] Records =
    [
        .. typeof(Unit)
            .Assembly.GetTypes()
            .Where(t => !t.IsInterface && t.IsDefined(typeof(UnitKindAttribute)))
            .OrderBy(t => t.Name, StringComparer.Ordinal),
    ];

    public static TheoryData<Type> Units => [.. Records];

    [Fact]
    public void Every_record_that_computes_says_its_kind_and_the_other_way_round()
    {
        Records.Should().HaveCountGreaterThan(15);
        typeof(Unit).Assembly.GetTypes().Where(t => !t.IsInterface && Computes(t)).Should().BeEquivalentTo(Records);
    }

    [Theory]
    [MemberData(nameof(Units))]
    public void Whatever_a_record_holds_changes_its_key(Type record)
    {
        var properties = CanonicalForm.PropertiesOf(record);
        properties.Should().NotBeEmpty();
        ConstructorInfo constructor = record
            .GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Single(c => c.GetParameters().Length == properties.Count && c.GetParameters()[0].ParameterType != record);
        object[] values = Array.ConvertAll(constructor.GetParameters(), p => Value(p.ParameterType, 1));
        string before = Key(constructor.Invoke(values));
        for (int i = 0; i < values.Length; i++)
        {
            object[] changed = [.. values];
            changed[i] = Value(constructor.GetParameters()[i].ParameterType, 2);
            Key(constructor.Invoke(changed)).Should().NotBe(before, "{0} is another", properties[i].Name);
        }
    }

    [Theory]
    [MemberData(nameof(Units))]
    public void A_record_and_those_in_it_hold_nothing_but_the_properties_that_are_in_its_key(Type record)
    {
        foreach (Type part in PartsOf(record))
        {
            part.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
                .Select(f => f.Name)
                .Should()
                .BeEquivalentTo(
                    CanonicalForm.PropertiesOf(part).Select(p => $"<{p.Property.Name}>k__BackingField"),
                    part.Name
                );
        }
    }

    /// <summary>A record and the records in it whose properties stand in its key as they are.</summary>
    private static IEnumerable<Type> PartsOf(Type record) =>
        CanonicalForm
            .PropertiesOf(record)
            .Select(p => p.Property.PropertyType)
            .Where(t => t.IsClass && t.GetMethod("<Clone>$") is not null && !typeof(IKeyed).IsAssignableFrom(t))
            .SelectMany(PartsOf)
            .Prepend(record);

    [Fact]
    public void No_part_of_a_key_is_made_outside_of_the_folder_of_units()
    {
        // A report is about the whole experiment: its content is named by a text of the settings
        string[] exceptions = ["PageContent", "NamedOrder"];
        typeof(Unit)
            .Assembly.GetTypes()
            .Where(t => typeof(IKeyed).IsAssignableFrom(t) && t.Namespace != typeof(Unit).Namespace)
            .Select(t => t.Name)
            .Should()
            .BeEquivalentTo(exceptions);
    }

    [Fact]
    public void A_stage_has_no_field_that_changes()
    {
        Type[] stages = [.. typeof(Stage).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Stage)))];
        stages.Should().HaveCountGreaterThan(15);
        stages.SelectMany(FieldsThatChange).Should().BeEmpty();
    }

    private static IEnumerable<string> FieldsThatChange(Type stage) =>
        stage
            .GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)
            // What the compiler keeps of a constructor's parameter is not marked read-only, though nothing sets it
            .Where(f => !(f.IsInitOnly || f.Name.StartsWith('<')) || CanChange(f.FieldType))
            .Select(f => $"{stage.Name}.{f.Name}");

    private static bool CanChange(Type type) =>
        type.IsGenericType
        && type.GetGenericTypeDefinition() is var generic
        && (
            generic == typeof(Dictionary<,>)
            || generic == typeof(List<>)
            || generic == typeof(HashSet<>)
            || generic == typeof(Lazy<>)
            || generic == typeof(System.Collections.Concurrent.ConcurrentDictionary<,>)
        )
        && type.GetGenericArguments()[^1] != typeof(GivenOrder); // read when the stage is made

    private static bool Computes(Type type) =>
        type.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IUnit<>));

    private static string Key(object record) => Fingerprint.Of(CanonicalForm.Of(record));

    /// <summary>The first or the second value of a type.</summary>
    private static object Value(Type type, int which)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum)
        {
            return Enum.GetValues(type).GetValue(which - 1)!;
        }

        return type switch
        {
            _ when type == typeof(string) => $"text {which}",
            _ when type == typeof(int) => which,
            _ when type == typeof(bool) => which == 1,
            _ when type == typeof(double) => which / 4.0,
            _ when type == typeof(Unit) => SomeUnit(which),
            _ when type == typeof(IReadOnlyList<Unit>) => (Unit[])[SomeUnit(which), SomeUnit(3)],
            _ when type == typeof(IReadOnlyList<string>) => (string[])[$"{which}", "last"],
            _ when type == typeof(IReadOnlyList<int>) => (int[])[which, 7],
            _ when type == typeof(IReadOnlyList<double>) => (double[])[which, 0.1],
            _ when type == typeof(ModelSource) => SomeModel(which),
            _ when type == typeof(PictureSource) => SomePicture(which),
            _ when type == typeof(PictureSources) => new PictureSources([SomePicture(which)]),
            _ when type == typeof(BaselineSource) => new BaselineSource(null!, BaselineKind.Mean, SomeUnit(which)),
            _ when type == typeof(BatchSize) => new BatchSize(which, LinearChoice.Torch),
            _ when type == typeof(NamedOrder) => new NamedOrder("file", new GivenOrder([0], [which])),
            _ when type.IsGenericType && type.GetGenericTypeDefinition() == typeof(LabelSource<>) => SomeLabels(
                type,
                which
            ),
            _ when type.Name == "PageContent" => type.GetConstructors()
                .Single()
                .Invoke([(KeyPart[])[new KeyPart.Integer("settings", which)], null])!,
            _ => SomeRecord(type, which),
        };
    }

    private static object SomeRecord(Type type, int which)
    {
        ConstructorInfo constructor = type.GetConstructors().OrderByDescending(c => c.GetParameters().Length).First();
        object[] values = Array.ConvertAll(constructor.GetParameters(), p => Value(p.ParameterType, which));
        return constructor.Invoke(values);
    }

    private static Unit SomeUnit(int which) =>
        new("kind", 1, $"unit {which}", [new KeyPart.Integer("which", which)], 1, "things", _ => { });

    private static ModelSource SomeModel(int which) =>
        new(null!, null!, null!, null!, null!, new(() => [new KeyPart.Integer("model", which)]), () => null!);

    private static PictureSource SomePicture(int which) =>
        new($"{which}", "file.png", new PictureFile("/file.png"), null, new string((char)('0' + which), 64), []);

    private static object SomeLabels(Type type, int which)
    {
        Type label = type.GetGenericArguments()[0];
        Array labels = Array.CreateInstance(label, 1);
        labels.SetValue(RuntimeHelpers.GetUninitializedObject(label), 0);
        MethodInfo text = typeof(UnitLawTests)
            .GetMethod(nameof(Text), BindingFlags.Static | BindingFlags.NonPublic)!
            .MakeGenericMethod(label);
        return Activator.CreateInstance(type, labels, "labels", text.Invoke(null, [which]), Array.Empty<string>())!;
    }

    private static Func<T, string> Text<T>(int which) => _ => $"label {which}";
}
