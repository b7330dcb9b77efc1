using DuckDB.NET.Data;
using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Tests.Tensors;
using Xunit;

namespace Pipelines.Stages.Tests.Storage;

public sealed class TableCatalogTests
{
    [Fact]
    public void The_page_of_tables_is_what_the_code_declares()
    {
        string[] page = File.ReadAllLines(Path.Combine(Golden.RepositoryRoot(), "docs", "tables.md"));
        string[] declared = TableCatalog.Page().TrimEnd('\n').Split('\n');
        const string remedy =
            "docs/tables.md is written by: dotnet run --project src/Host -- schema --tables > docs/tables.md";
        page.Should().Equal(declared, remedy);
    }

    [Fact]
    public void Every_column_of_every_published_table_says_what_it_means() =>
        TableCatalog
            .Published.SelectMany(t => t.Columns.Where(c => c.Meaning.Length == 0).Select(c => $"{t.Name}.{c.Name}"))
            .Should()
            .BeEmpty("a row record documents its parameters");

    [Fact]
    public void Every_published_table_but_those_of_one_row_says_what_names_a_row() =>
        TableCatalog
            .Published.Where(t => !t.Columns.Any(c => c.IsKey))
            .Select(t => t.Name)
            .Should()
            .Equal("layout_run");

    [Theory]
    [InlineData(64, 8)]
    [InlineData(70, 7)] // the last byte is not full
    [InlineData(1024, 32)]
    public void The_documented_macros_read_the_bits_that_our_code_reads(int heads, int perLayer)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "masks"));
        byte[][] masks =
        [
            .. Enumerable.Range(0, 5).Select(i => HeadMasks.Draw(7, "sample", i, heads, 0.75, MaskDraw.Exact)),
        ];
        MaskPart.Write(Path.Combine(folder.Path, "masks", "part.parquet"), "sample", 0, masks);
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        Run(connection, TableCatalog.Macros);
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // the test's own text
        command.CommandText =
            $"select mask_index, layer, head, intact from masks_long('{folder.Path}/masks/*.parquet', {heads}, "
            + $"{perLayer})";
#pragma warning restore CA2100
        using var reader = command.ExecuteReader();
        int rows = 0;
        for (; reader.Read(); rows++)
        {
            int mask = reader.GetInt32(0),
                n = (int)((reader.GetInt64(1) * perLayer) + reader.GetInt64(2));
            reader.GetBoolean(3).Should().Be(HeadMasks.IsIntact(masks[mask], n), "head {0} of mask {1}", n, mask);
        }

        rows.Should().Be(masks.Length * heads);
    }

    private static void Run(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // the page's own text
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
