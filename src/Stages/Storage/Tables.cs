namespace Pipelines.Stages.Storage;

/// <summary>The tables, by the record that is a row.</summary>
public static class Tables
{
    /// <summary>The table whose rows are <typeparamref name="TRow"/>s.</summary>
    public static Table<TRow> Of<TRow>()
        where TRow : class => Known<TRow>.Table;

    private static class Known<TRow>
        where TRow : class
    {
        public static readonly Table<TRow> Table = new();
    }
}
