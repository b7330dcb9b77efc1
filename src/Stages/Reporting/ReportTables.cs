using System.Collections.Immutable;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// The rows of a run's tables by their type, and the settings of the stages that wrote them: all that a figure reads. A
/// run has one stage of a kind in a report, so that a type of row says whose rows they are.
/// </summary>
internal sealed class ReportTables
{
    private readonly ImmutableDictionary<(Type Row, Type? Behind), object> rows;
    private readonly ImmutableDictionary<Type, object> settings;
    private readonly ImmutableDictionary<Type, string> notes;

    private ReportTables(
        ImmutableDictionary<(Type Row, Type? Behind), object> rows,
        ImmutableDictionary<Type, object> settings,
        ImmutableDictionary<Type, string> notes
    ) => (this.rows, this.settings, this.notes) = (rows, settings, notes);

    /// <summary>Of a run without tables.</summary>
    public static ReportTables Empty { get; } =
        new(
            ImmutableDictionary<(Type Row, Type? Behind), object>.Empty,
            ImmutableDictionary<Type, object>.Empty,
            ImmutableDictionary<Type, string>.Empty
        );

    /// <summary>The rows of a table in its order; empty where the run has none.</summary>
    public IReadOnlyList<TRow> Rows<TRow>() => (IReadOnlyList<TRow>?)rows.GetValueOrDefault((typeof(TRow), null)) ?? [];

    /// <summary>
    /// The rows that another table was made from, which may be another stage's than the report's own, e.g. beta of
    /// another trainer; empty where figures of that table need none.
    /// </summary>
    public IReadOnlyList<TRow> Behind<TTable, TRow>() =>
        (IReadOnlyList<TRow>?)rows.GetValueOrDefault((typeof(TRow), typeof(TTable))) ?? [];

    /// <summary>Settings of a stage; null where the run has no such stage.</summary>
    public TSettings? Settings<TSettings>()
        where TSettings : class => (TSettings?)settings.GetValueOrDefault(typeof(TSettings));

    /// <summary>How the rows of a table were made, in words; empty where there is nothing to say.</summary>
    public string Note<TRow>() => notes.GetValueOrDefault(typeof(TRow), "");

    /// <summary>With rows in place of those of their type.</summary>
    public ReportTables With<TRow>(IEnumerable<TRow> of) => With((typeof(TRow), null), of);

    /// <summary>With the rows that a table was made from.</summary>
    public ReportTables WithBehind<TTable, TRow>(IEnumerable<TRow> of) => With((typeof(TRow), typeof(TTable)), of);

    /// <summary>With one more row.</summary>
    public ReportTables And<TRow>(TRow row) => With(Rows<TRow>().Append(row));

    /// <summary>With the settings of a stage.</summary>
    public ReportTables WithSettings(object of) => new(rows, settings.SetItem(of.GetType(), of), notes);

    /// <summary>With words on how the rows of a table were made.</summary>
    public ReportTables WithNote<TRow>(string note) => new(rows, settings, notes.SetItem(typeof(TRow), note));

    /// <summary>With rows of a table, or of one that another was made from.</summary>
    public ReportTables With<TRow>((Type Row, Type? Behind) key, IEnumerable<TRow> of) =>
        new(rows.SetItem(key, of.ToArray()), settings, notes);
}
