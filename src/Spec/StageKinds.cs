using System.Reflection;

namespace Pipelines.Spec;

/// <summary>
/// Where kinds of stages are found: in this project, and in those that hold analyses with their own settings. A project
/// makes its own known when it is loaded.
/// </summary>
public static class StageKinds
{
    private static readonly List<Assembly> Known = [typeof(StageSpec).Assembly];

    /// <summary>The projects, this one first.</summary>
    internal static IReadOnlyList<Assembly> Assemblies => Known;

    /// <summary>The settings of all kinds of stages, in the order of the projects and of their declaration.</summary>
    internal static IEnumerable<Type> All =>
        Known.SelectMany(a =>
            a.GetTypes().Where(t => t.IsSubclassOf(typeof(StageSpec)) && !t.IsAbstract).OrderBy(t => t.MetadataToken)
        );

    /// <summary>Makes the kinds of a project known, before the first spec is read.</summary>
    /// <param name="assembly">Holds records that derive from <see cref="StageSpec"/>.</param>
    public static void AddFrom(Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        if (!Known.Contains(assembly))
        {
            Known.Add(assembly);
        }
    }
}

/// <summary>A report shows what stages of this kind find.</summary>
/// <param name="role">Name of the input under <c>inputs:</c> of the report.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class ReportedAsAttribute(string role) : Attribute
{
    /// <summary>Name of the input.</summary>
    public string Role { get; } = role;
}
