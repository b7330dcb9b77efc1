using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Units;

/// <summary>A unit while it is computed.</summary>
/// <param name="Folder">Where its files are written; becomes the artifact when all is done.</param>
/// <param name="Artifacts">The inputs.</param>
/// <param name="Advance">Reports work done, in the unit's own measure.</param>
/// <param name="Cancel">Set when the run is interrupted: drop the unit by
/// <see cref="OperationCanceledException"/>.</param>
public sealed record UnitRun(string Folder, Artifacts Artifacts, Action<long> Advance, CancellationToken Cancel)
{
    /// <summary>Path of a file of the artifact.</summary>
    public string File(string name) => Path.Combine(Folder, name);

    /// <summary>Writes a table of the artifact.</summary>
    /// <param name="rows">Rows in the order they shall have.</param>
    /// <param name="file">File name where it is not the table's own.</param>
    public void Write<TRow>(IReadOnlyList<TRow> rows, string? file = null)
        where TRow : class => Tables.Of<TRow>().Write(File(file ?? Tables.Of<TRow>().FileName), rows);

    /// <summary>The rows of an input's table.</summary>
    /// <inheritdoc cref="Artifacts.Rows{TRow}(Unit, string?)"/>
    public IReadOnlyList<TRow> Rows<TRow>(Unit unit, string? file = null)
        where TRow : class => Artifacts.Rows<TRow>(unit, file);

    /// <summary>The one row of an input's table.</summary>
    /// <inheritdoc cref="Artifacts.Row{TRow}(Unit, string?)"/>
    public TRow Row<TRow>(Unit unit, string? file = null)
        where TRow : class => Artifacts.Row<TRow>(unit, file);

    /// <summary>A sample's masks with phi, as trainers read them.</summary>
    /// <param name="masks">Units of the masks, in order.</param>
    /// <param name="passes">Units of the passes over them.</param>
    /// <param name="heads">N.</param>
    internal MaskDataset Observations(IReadOnlyList<Unit> masks, IReadOnlyList<Unit> passes, int heads) =>
        MaskDataset.Open(
            [.. masks.Select(Artifacts.File<MaskRow>)],
            [.. passes.Select(Artifacts.File<ForwardRow>)],
            heads
        );
}
