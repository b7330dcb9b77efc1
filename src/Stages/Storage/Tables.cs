using System.Reflection;

namespace Pipelines.Stages.Storage;

/// <summary>The tables, by the record that is a row.</summary>
public static class Tables
{
    /// <summary>The table whose rows are <typeparamref name="TRow"/>s.</summary>
    public static Table<TRow> Of<TRow>()
        where TRow : class => Known<TRow>.Table;

    /// <summary>The tables that a run publishes as one file each, by name.</summary>
    internal static IReadOnlyDictionary<string, ITable> Published { get; } = OfRuns(inParts: false);

    /// <summary>Those that runs publish as folders of part files, by the folder's name.</summary>
    internal static IReadOnlyDictionary<string, ITable> PublishedInParts { get; } = OfRuns(inParts: true);

    private static Dictionary<string, ITable> OfRuns(bool inParts) =>
        (
            from row in typeof(Tables).Assembly.GetTypes()
            let table = row.GetCustomAttribute<TableAttribute>()
            where table is { IsInternal: false } && table.InParts == inParts
            from name in table.Also is null ? [table.Name] : new[] { table.Name, table.Also }
            select (name, Table: OfRow(row))
        ).ToDictionary(t => t.name, t => t.Table, StringComparer.Ordinal);

    /// <summary>The table whose rows are of a type.</summary>
    internal static ITable OfRow(Type row) =>
        (ITable)Activator.CreateInstance(typeof(Table<>).MakeGenericType(row), nonPublic: true)!;

    private static class Known<TRow>
        where TRow : class
    {
        public static readonly Table<TRow> Table = new();
    }
}
