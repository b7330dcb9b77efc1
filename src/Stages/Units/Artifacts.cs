using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Units;

/// <summary>
/// What has been computed, as stages see it: unit to folder. It also remembers, for stages, which have no memory of
/// their own: what was learned from a unit's files, by the unit's key, and what was made for a stage once.
/// </summary>
/// <param name="has">Whether a unit is stored; its files are not looked at.</param>
/// <param name="find">Folder of a unit's sound artifact, whose files have been looked at, or null.</param>
public sealed class Artifacts(Func<Unit, bool> has, Func<Unit, string?> find)
{
    private readonly ConcurrentDictionary<(string Key, Type Type, string What), Lazy<object>> learned = new();
    private readonly ConditionalWeakTable<
        object,
        ConcurrentDictionary<(string What, object About), Lazy<object>>
    > made = [];

    /// <summary>Whether the unit has been computed. That its files are damaged is found when they are read.</summary>
    public bool Has(Unit unit) => has(unit);

    /// <summary>Path of a file of a unit's artifact.</summary>
    /// <exception cref="InvalidOperationException">The unit has not been computed: the plan ran a stage before its
    /// inputs.</exception>
    /// <exception cref="LostUnitException">It was stored, and is gone or damaged.</exception>
    public string File(Unit unit, string name) =>
        find(unit) is { } folder
            ? Path.Combine(folder, name)
            : throw new InvalidOperationException($"{unit} is not there yet.");

    /// <summary>Path of a table of a unit's artifact.</summary>
    public string File<TRow>(Unit unit)
        where TRow : class => File(unit, Tables.Of<TRow>().FileName);

    /// <summary>The rows of a table of a unit's artifact, read now.</summary>
    /// <param name="unit">A unit that is there.</param>
    /// <param name="file">File name where it is not the table's own.</param>
    public IReadOnlyList<TRow> Rows<TRow>(Unit unit, string? file = null)
        where TRow : class => Tables.Of<TRow>().Read(File(unit, file ?? Tables.Of<TRow>().FileName));

    /// <summary>The one row of a table of a unit's artifact, read now.</summary>
    /// <inheritdoc cref="Rows{TRow}(Unit, string?)"/>
    public TRow Row<TRow>(Unit unit, string? file = null)
        where TRow : class => Rows<TRow>(unit, file)[0];

    /// <summary>The rows of a table of several units' artifacts, in order.</summary>
    /// <param name="units">Units that are there.</param>
    public IReadOnlyList<TRow> Rows<TRow>(IEnumerable<Unit> units)
        where TRow : class => [.. Tables.Of<TRow>().Rows(units.Select(File<TRow>))];

    /// <summary>The rows of a table that not every unit of its kind writes, of those that did.</summary>
    /// <param name="units">Units that are there.</param>
    public IReadOnlyList<TRow> RowsIfAny<TRow>(IEnumerable<Unit> units)
        where TRow : class => [.. Tables.Of<TRow>().Rows(units.Select(File<TRow>).Where(System.IO.File.Exists))];

    /// <summary>
    /// The rows of a table of a unit's artifact, read once and remembered: for what planning asks again and again. An
    /// artifact never changes, so nothing remembered is ever wrong.
    /// </summary>
    /// <param name="unit">A unit that is there.</param>
    public IReadOnlyList<TRow> Learn<TRow>(Unit unit)
        where TRow : class =>
        (IReadOnlyList<TRow>)
            learned.GetOrMake((unit.Key, typeof(TRow), Tables.Of<TRow>().FileName), () => Rows<TRow>(unit));

    /// <summary>
    /// A value that depends on its stage and on <paramref name="about"/> only, such as a sample's units: made at the
    /// first call, the same object from then on.
    /// </summary>
    /// <param name="stage">Whose value.</param>
    /// <param name="what">Which of its values.</param>
    /// <param name="about">A value that tells several apart, for example a sample's id.</param>
    /// <param name="make">Makes it, from nothing that may change: what is settled, such as the accepted samples, does
    /// not.</param>
    public T Once<T>(object stage, string what, object about, Func<T> make)
        where T : class =>
        (T)made.GetOrCreateValue(stage).GetOrMake((what, about), make);
}
