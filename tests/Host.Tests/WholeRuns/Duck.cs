using DuckDB.NET.Data;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>Asks DuckDB about published tables.</summary>
internal static class Duck
{
    /// <summary>The number that a query gives.</summary>
    public static long Query(string sql)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // the test's own text
        command.CommandText = sql;
#pragma warning restore CA2100
        return Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
