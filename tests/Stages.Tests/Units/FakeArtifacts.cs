using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages.Tests.Units;

/// <summary>
/// A store in a folder that goes away with the test: units whose tables are given, and units that are computed over
/// them. Stages are tried on it in milliseconds, without a model.
/// </summary>
internal sealed class FakeArtifacts : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("pipelines-units-").FullName;
    private readonly Dictionary<string, string> folders = new(StringComparer.Ordinal);
    private int given;

    public FakeArtifacts() =>
        Artifacts = new Artifacts(u => folders.ContainsKey(u.Key), u => folders.GetValueOrDefault(u.Key));

    /// <summary>What has been given or computed.</summary>
    public Artifacts Artifacts { get; }

    /// <summary>A unit that is there and holds a table.</summary>
    public Unit Given<TRow>(params TRow[] rows)
        where TRow : class
    {
        Unit unit = new("given", 1, $"{given}", [new KeyPart.Integer("given", given++)], 1, "things", _ => { });
        Tables.Of<TRow>().Write(Path.Combine(FolderOf(unit), Tables.Of<TRow>().FileName), rows);
        return unit;
    }

    /// <summary>A unit that is there and holds files that <paramref name="write"/> writes into its folder.</summary>
    public Unit Given(Action<string> write)
    {
        Unit unit = new("given", 1, $"{given}", [new KeyPart.Integer("given", given++)], 1, "things", _ => { });
        write(FolderOf(unit));
        return unit;
    }

    /// <summary>Computes a unit, and gives it.</summary>
    public Unit Compute<TUnit>(TUnit parameters)
        where TUnit : class, IUnit<TUnit>
    {
        Unit unit = Unit.Of("unit", parameters);
        string folder = Directory.CreateDirectory(Path.Combine(root, unit.Key)).FullName;
        unit.Compute(new UnitRun(folder, Artifacts, _ => { }, CancellationToken.None));
        folders[unit.Key] = folder;
        return unit;
    }

    /// <summary>Computes a unit and reads a table of it.</summary>
    public IReadOnlyList<TRow> Compute<TUnit, TRow>(TUnit parameters)
        where TUnit : class, IUnit<TUnit>
        where TRow : class => Artifacts.Rows<TRow>(Compute(parameters));

    public void Dispose() => Directory.Delete(root, recursive: true);

    private string FolderOf(Unit unit)
    {
        string folder = Directory.CreateDirectory(Path.Combine(root, unit.Key)).FullName;
        return folders[unit.Key] = folder;
    }
}
