using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Comparison;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Tests.Tensors;
using Xunit;

namespace Pipelines.Stages.Tests.Comparison;

public sealed class TableDifferenceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Rows_are_paired_by_their_keys_whatever_their_order()
    {
        AttributionRow[] a = [new("x", 0, 0, 0.5), new("x", 0, 1, -0.25), new("y", 0, 0, 1)];
        AttributionRow[] b = [new("z", 0, 0, 1), new("x", 0, 1, -0.25), new("x", 0, 0, 0.75), new("y", 0, 0, 0.9)];

        TableDifference found = Of(a, b);

        (found.Both, found.OnlyA, found.OnlyB, found.Differ).Should().Be((3, 0, 1, 2));
        found.Columns.Should().ContainSingle();
        found.Columns[0].Name.Should().Be("beta");
        found.Columns[0].Rows.Should().Be(2);
        found.Columns[0].Largest.Should().BeApproximately(0.25, 1e-15);
        Of(b, a).OnlyA.Should().Be(1);
        Of(a, [.. a.Reverse()]).IsNone.Should().BeTrue();
    }

    [Fact]
    public void Values_that_are_no_numbers_or_missing_differ_without_a_distance()
    {
        ImageTokenRow[] a = [new("x", 0, 1, 2, 0.5, null), new("x", 1, null, null, 0.5, 0.1)];
        ImageTokenRow[] b = [new("x", 0, 1, 3, 0.5, 0.2), new("x", 1, null, null, 0.5, 0.1)];

        TableDifference found = Of(a, b);

        found.Differ.Should().Be(1);
        found.Columns.Should().Equal(new ColumnDifference("column", 1, 1), new ColumnDifference("beta", 1, null));
    }

    [Fact]
    public void Byte_strings_are_compared_by_their_bytes() =>
        Of([new("x", 0, 0, 0, 0, 0, 0, 0, [1, 2])], [new TokenTraceRow("x", 0, 0, 0, 0, 0, 0, 0, [1, 3])])
            .Columns.Should()
            .Equal(new ColumnDifference("heads", 1, null));

    [Fact]
    public void A_key_that_stands_twice_is_refused_with_the_file() =>
        FluentActions
            .Invoking(() => Of([new AttributionRow("x", 0, 0, 1), new("x", 0, 0, 2)], []))
            .Should()
            .Throw<InputException>()
            .WithMessage("*a.parquet*x / 0 / 0*twice*");

    [Fact]
    public void Parts_are_paired_by_the_keys_of_a_samples_rows_however_it_was_cut()
    {
        TablePartFile[] whole = [Part("a", "x", (0, 0.5), (1, 0.25), (2, 1)), Part("a", "y", (0, 1))],
            cut = [Part("b", "x", (0, 0.5), (1, 0.5)), Part("b", "x", 2, (2, 1), (3, 2)), Part("a", "y", (0, 1))];

        TableDifference found = TableDifference.Of("forward", Tables.Of<ForwardRow>(), whole, cut);

        (found.Both, found.OnlyA, found.OnlyB, found.Differ).Should().Be((4, 0, 1, 1));
        found.Columns.Should().Equal(new ColumnDifference("phi", 1, 0.25));
    }

    private TablePartFile Part(string run, string sample, params (int Mask, double Phi)[] rows) =>
        Part(run, sample, 0, rows);

    private TablePartFile Part(string run, string sample, int first, params (int Mask, double Phi)[] rows)
    {
        string name = $"{sample}-masks-{first:00000000}-{first + rows.Length - 1:00000000}.parquet",
            path = Path.Combine(Directory.CreateDirectory(Path.Combine(folder.Path, run)).FullName, name);
        Tables.Of<ForwardRow>().Write(path, [.. rows.Select(r => new ForwardRow(sample, r.Mask, 3, r.Phi))]);
        return new TablePartFile(name, path, FileDigests.Compute(path));
    }

    private TableDifference Of<TRow>(TRow[] a, TRow[] b)
        where TRow : class
    {
        Table<TRow> table = Tables.Of<TRow>();
        string one = Path.Combine(folder.Path, "a.parquet"),
            other = Path.Combine(folder.Path, "b.parquet");
        table.Write(one, a);
        table.Write(other, b);
        return TableDifference.Of(table.Name, table, one, other);
    }
}
