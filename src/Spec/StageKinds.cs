using System.Reflection;

namespace Pipelines.Spec;

/// <summary>
/// Where kinds of stages are found: in this project, and in those that hold analyses with their own settings. A project
/// makes its own known when it is loaded.
/// </summary>
public static class StageKinds
{
    private static readonly List<Assembly> Known = [typeof(StageSpec).Assembly];

    private static Type[] all = Of(Known);
    private static (string Role, Type Kind)[] reported = ReportedOf(all);

    /// <summary>The projects, this one first.</summary>
    internal static IReadOnlyList<Assembly> Assemblies => Known;

    /// <summary>The settings of all kinds of stages, in the order of the projects and of their declaration.</summary>
    internal static IReadOnlyList<Type> All => all;

    /// <summary>Kinds that the report shows, by their role there, in ordinal order.</summary>
    internal static IReadOnlyList<(string Role, Type Kind)> Reported => reported;

    /// <summary>Makes the kinds of a project known, before the first spec is read.</summary>
    /// <param name="assembly">Holds records that derive from <see cref="StageSpec"/>.</param>
    public static void AddFrom(Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        if (!Known.Contains(assembly))
        {
            Known.Add(assembly);
            all = Of(Known);
            reported = ReportedOf(all);
        }
    }

    /// <summary>Every spec that is read asks for them, so they are looked for once.</summary>
    private static Type[] Of(IEnumerable<Assembly> assemblies) =>
        [
            .. assemblies.SelectMany(a =>
                a.GetTypes()
                    .Where(t => t.IsSubclassOf(typeof(StageSpec)) && !t.IsAbstract)
                    .OrderBy(t => t.MetadataToken)
            ),
        ];

    private static (string Role, Type Kind)[] ReportedOf(IEnumerable<Type> kinds) =>
        [
            .. kinds
                .Select(kind => (kind.GetCustomAttribute<ReportedAsAttribute>()?.Role, Kind: kind))
                .Where(k => k.Role is not null)
                .Select(k => (k.Role!, k.Kind))
                // Nothing of a run shall follow the order of source files
                .OrderBy(k => k.Item1, StringComparer.Ordinal),
        ];
}

/// <summary>A report shows what stages of this kind find.</summary>
/// <param name="role">Name of the input under <c>inputs:</c> of the report.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class ReportedAsAttribute(string role) : Attribute
{
    /// <summary>Name of the input.</summary>
    public string Role { get; } = role;
}
