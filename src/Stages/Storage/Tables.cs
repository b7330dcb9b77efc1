using System.Reflection;

namespace Pipelines.Stages.Storage;

/// <summary>The tables, by the record that is a row.</summary>
public static class Tables
{
    /// <summary>The table whose rows are <typeparamref name="TRow"/>s.</summary>
    public static Table<TRow> Of<TRow>()
        where TRow : class => Known<TRow>.Table;

    /// <summary>The tables that a run publishes as one file each, by name.</summary>
    internal static IReadOnlyDictionary<string, ITable> Published { get; } =
        typeof(Tables)
            .Assembly.GetTypes()
            .Where(row => row.GetCustomAttribute<TableAttribute>() is { IsInternal: false, InParts: false })
            .Select(OfRow)
            .ToDictionary(t => t.Name, StringComparer.Ordinal);

    /// <summary>The table whose rows are of a type.</summary>
    internal static ITable OfRow(Type row) =>
        (ITable)Activator.CreateInstance(typeof(Table<>).MakeGenericType(row), nonPublic: true)!;

    private static class Known<TRow>
        where TRow : class
    {
        public static readonly Table<TRow> Table = new();
    }
}
