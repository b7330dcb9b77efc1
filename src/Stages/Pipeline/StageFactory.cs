using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>The settings that a stage is made from.</summary>
/// <typeparam name="TSpec">The record of the spec.</typeparam>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class StageOfAttribute<TSpec> : Attribute
    where TSpec : StageSpec;

/// <summary>The role that an input fills where the parameter has another name.</summary>
/// <param name="role">Name under <c>inputs:</c>.</param>
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class RoleAttribute(string role) : Attribute
{
    /// <summary>Name under <c>inputs:</c>.</summary>
    public string Role => role;
}

/// <summary>
/// Makes stages. A stage's class says by <see cref="StageOfAttribute{TSpec}"/> what it is made from, and the parameters
/// of its constructor are all that it is given: the experiment's context, its settings, its name, and the stages that
/// it reads, each by its role (a parameter that may be null is a role that nothing need fill), or all of them as a map.
/// </summary>
public static class StageFactory
{
    /// <summary>By the record of the settings, what makes its stage.</summary>
    internal static readonly IReadOnlyDictionary<Type, ConstructorInfo> Constructors = typeof(StageFactory)
        .Assembly.GetTypes()
        .Where(t => SpecOf(t) is not null)
        .ToDictionary(t => SpecOf(t)!, t => t.GetConstructors().Single());

    private static readonly Dictionary<Type, string> Kinds = Constructors.ToDictionary(
        c => c.Value.DeclaringType!,
        c => Spelling.Of(c.Key)
    );

    private static readonly ConcurrentDictionary<Type, IReadOnlyList<StageInput>> Inputs = new();

    /// <summary>The kind of a class of stages, as specs name it.</summary>
    internal static string KindOf(Type stage) => Kinds[stage];

    /// <summary>The stage of a node.</summary>
    /// <param name="context">What the stages of the experiment share.</param>
    /// <param name="node">Name and settings.</param>
    /// <param name="inputs">The stages that it reads, by role.</param>
    /// <exception cref="Domain.Errors.InputException">Settings or inputs that the stage cannot work with.</exception>
    public static Stage Create(StageContext context, StageNode node, IReadOnlyDictionary<string, Stage> inputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(node);
        ConstructorInfo constructor = Constructors[node.Spec.GetType()];
        var given = constructor.GetParameters().Select(p => Argument(p, context, node, inputs));
        var stage = (Stage)constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, [.. given], null);
        typeof(Stage).GetProperty(nameof(Stage.Name))!.SetValue(stage, node.Name);
        bool severalAreThere = context.Experiment.Stages.Count(n => n.Spec.GetType() == node.Spec.GetType()) > 1;
        typeof(Stage).GetProperty(nameof(Stage.IsOneOfSeveral))!.SetValue(stage, severalAreThere);
        return stage;
    }

    /// <summary>
    /// Some stages of an experiment and all that they are made from, each after those that it reads: the spec may name
    /// them in any order.
    /// </summary>
    /// <param name="context">The experiment, perhaps with another question.</param>
    /// <param name="names">The stages that are wanted; none of them reads itself, as the spec's reader has
    /// seen.</param>
    /// <param name="change">Settings of a stage in place of the experiment's; null = as they are.</param>
    public static IReadOnlyList<Stage> CreateAll(
        StageContext context,
        IEnumerable<string> names,
        Func<StageSpec, StageSpec>? change = null
    )
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(names);
        var nodes = context.Experiment.Stages.ToDictionary(n => n.Name, StringComparer.Ordinal);
        var made = new Dictionary<string, Stage>(StringComparer.Ordinal);
        var ordered = new List<Stage>();
        Stage Make(string name)
        {
            if (made.TryGetValue(name, out Stage? stage))
            {
                return stage;
            }

            StageNode node = nodes[name];
            var inputs = node.Inputs.ToDictionary(i => i.Key, i => Make(i.Value), StringComparer.Ordinal);
            stage = Create(context, node with { Spec = change?.Invoke(node.Spec) ?? node.Spec }, inputs);
            made[name] = stage;
            ordered.Add(stage);
            return stage;
        }

        foreach (string name in names)
        {
            Make(name);
        }

        return ordered;
    }

    private static object? Argument(
        ParameterInfo parameter,
        StageContext context,
        StageNode node,
        IReadOnlyDictionary<string, Stage> inputs
    )
    {
        Type type = parameter.ParameterType;
        if (type.IsInstanceOfType(context))
        {
            return context;
        }

        if (type.IsInstanceOfType(node.Spec))
        {
            return node.Spec;
        }

        if (type == typeof(string))
        {
            return node.Name;
        }

        if (type.IsInstanceOfType(inputs))
        {
            return inputs;
        }

        return inputs.GetValueOrDefault(RoleOf(parameter));
    }

    /// <summary>The inputs that the constructor of a stage asks for, in its order.</summary>
    internal static IReadOnlyList<StageInput> InputsOf(Type stage) => Inputs.GetOrAdd(stage, ReadInputs);

    private static IReadOnlyList<StageInput> ReadInputs(Type stage)
    {
        var nullability = new NullabilityInfoContext();
        return
        [
            .. stage
                .GetConstructors()
                .Single()
                .GetParameters()
                .Where(p => p.ParameterType.IsSubclassOf(typeof(Stage)))
                .Select(p => new StageInput(
                    RoleOf(p),
                    SpecOf(p.ParameterType)!,
                    Optional: nullability.Create(p).WriteState == NullabilityState.Nullable
                )),
        ];
    }

    /// <summary>The role of a parameter that a stage fills.</summary>
    internal static string RoleOf(ParameterInfo parameter) =>
        parameter.GetCustomAttribute<RoleAttribute>()?.Role
        ?? JsonNamingPolicy.SnakeCaseLower.ConvertName(parameter.Name!);

    private static Type? SpecOf(Type stage) =>
        stage
            .GetCustomAttributes()
            .Select(a => a.GetType())
            .SingleOrDefault(a => a.IsGenericType && a.GetGenericTypeDefinition() == typeof(StageOfAttribute<>))
            ?.GetGenericArguments()[0];
}
