namespace Pipelines.Stages.Storage;

/// <summary>What has been computed, as stages see it: unit to folder.</summary>
/// <param name="find">Folder of a unit's sound artifact, or null.</param>
public sealed class Artifacts(Func<Unit, string?> find)
{
    /// <summary>Whether the unit has been computed.</summary>
    public bool Has(Unit unit) => find(unit) is not null;

    /// <summary>Path of a file of a unit's artifact.</summary>
    /// <exception cref="InvalidOperationException">The unit has not been computed: the plan ran a stage before its
    /// inputs.</exception>
    public string File(Unit unit, string name) =>
        find(unit) is { } folder
            ? Path.Combine(folder, name)
            : throw new InvalidOperationException($"{unit} is not there yet.");
}
