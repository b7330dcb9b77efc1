using System.Globalization;
using DuckDB.NET.Data;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>Asks the published tables, as a user of DuckDB does.</summary>
internal static class TableQuery
{
    /// <summary>The number that a query gives.</summary>
    public static double Number(string sql) => Convert.ToDouble(Value(sql), CultureInfo.InvariantCulture);

    /// <summary>The whole number that a query gives.</summary>
    public static long Query(string sql) => Convert.ToInt64(Value(sql), CultureInfo.InvariantCulture);

    /// <summary>The text that a query gives.</summary>
    public static string Text(string sql) => (string)Value(sql)!;

    private static object? Value(string sql)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // the test's own text
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteScalar();
    }
}
