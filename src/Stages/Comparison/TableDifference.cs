using Pipelines.Domain.Errors;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Comparison;

/// <summary>How a table of one run differs from that of the other, row by row: rows are paired by their keys.</summary>
/// <param name="Name">The table below <c>tables/</c>, for example <c>fits</c>, or <c>STAGE/fits</c>.</param>
/// <param name="Both">Rows that both runs have.</param>
/// <param name="OnlyA">Rows that only A has.</param>
/// <param name="OnlyB">Rows that only B has.</param>
/// <param name="Differ">Rows that both have and that are not the same.</param>
/// <param name="Columns">What differs in these, in the table's order.</param>
public sealed record TableDifference(
    string Name,
    int Both,
    int OnlyA,
    int OnlyB,
    int Differ,
    IReadOnlyList<ColumnDifference> Columns
)
{
    /// <summary>The two hold the same rows.</summary>
    public bool IsNone => OnlyA + OnlyB + Differ == 0;

    /// <summary>Compares a table's files.</summary>
    /// <param name="name">What the table is called.</param>
    /// <param name="table">The table.</param>
    /// <param name="a">File of the first run.</param>
    /// <param name="b">File of the second.</param>
    /// <exception cref="InputException">A file is damaged, or holds two rows of one key.</exception>
    internal static TableDifference Of(string name, ITable table, string a, string b)
    {
        var rows = new RowDifferences(table);
        rows.Compare([a], [b]);
        return rows.Of(name);
    }

    /// <summary>
    /// Compares the part files of a table. Parts of one name and checksum are the same; of a sample whose parts are not
    /// all so, rows are paired by their keys, however the sample was cut into parts.
    /// </summary>
    /// <param name="name">What the table is called.</param>
    /// <param name="table">The table.</param>
    /// <param name="a">Parts of the first run.</param>
    /// <param name="b">Parts of the second.</param>
    /// <exception cref="InputException">A file is damaged, or two rows of a sample have one key.</exception>
    internal static TableDifference Of(
        string name,
        ITable table,
        IReadOnlyList<TablePartFile> a,
        IReadOnlyList<TablePartFile> b
    )
    {
        var rows = new RowDifferences(table);
        ILookup<string, TablePartFile> one = a.ToLookup(p => p.Sample, StringComparer.Ordinal),
            other = b.ToLookup(p => p.Sample, StringComparer.Ordinal);
        foreach (string sample in one.Concat(other).Select(g => g.Key).Distinct(StringComparer.Ordinal))
        {
            TablePartFile[] mine = [.. one[sample]],
                theirs = [.. other[sample]];
            if (mine.Select(p => (p.Name, p.Sha256)).SequenceEqual(theirs.Select(p => (p.Name, p.Sha256))))
            {
                rows.AddSame(mine.Sum(p => ParquetFile.RowCount(p.Path)));
            }
            else
            {
                rows.Compare([.. mine.Select(p => p.Path)], [.. theirs.Select(p => p.Path)]);
            }
        }

        return rows.Of(name);
    }
}

/// <summary>Counts how rows differ, lot by lot.</summary>
/// <param name="table">Their table.</param>
internal sealed class RowDifferences(ITable table)
{
    private readonly int[] rows = new int[table.ColumnNames.Count];
    private readonly double?[] largest = new double?[table.ColumnNames.Count];
    private int both,
        onlyA,
        onlyB,
        differ;

    /// <summary>Rows that are known to be the same.</summary>
    public void AddSame(int count) => both += count;

    /// <summary>Compares the rows of some files with those of others.</summary>
    /// <exception cref="InputException">A file is damaged, or two rows have one key.</exception>
    public void Compare(IReadOnlyList<string> a, IReadOnlyList<string> b)
    {
        Dictionary<string, IReadOnlyList<object?>> one = Index(a),
            other = Index(b);
        foreach (var (key, cells) in one)
        {
            if (!other.TryGetValue(key, out IReadOnlyList<object?>? others))
            {
                onlyA++;
                continue;
            }

            both++;
            differ += Count(cells, others) > 0 ? 1 : 0;
        }

        onlyB += other.Keys.Count(key => !one.ContainsKey(key));
    }

    /// <summary>What was found.</summary>
    /// <param name="name">What the table is called.</param>
    public TableDifference Of(string name) =>
        new(
            name,
            both,
            onlyA,
            onlyB,
            differ,
            [
                .. table
                    .ColumnNames.Select((column, c) => new ColumnDifference(column, rows[c], largest[c]))
                    .Where(c => c.Rows > 0),
            ]
        );

    /// <summary>Counts the columns in which two rows differ.</summary>
    private int Count(IReadOnlyList<object?> cells, IReadOnlyList<object?> others)
    {
        int found = 0;
        for (int c = 0; c < rows.Length; c++)
        {
            if (IsSame(cells[c], others[c]))
            {
                continue;
            }

            found++;
            rows[c]++;
            if (Distance(cells[c], others[c]) is { } distance)
            {
                largest[c] = Math.Max(largest[c] ?? 0, distance);
            }
        }

        return found;
    }

    private Dictionary<string, IReadOnlyList<object?>> Index(IReadOnlyList<string> paths)
    {
        var found = new Dictionary<string, IReadOnlyList<object?>>(StringComparer.Ordinal);
        foreach (string path in paths)
        {
            foreach (var (key, cells) in table.Cells(path))
            {
                if (!found.TryAdd(key, cells))
                {
                    throw new InputException(
                        path,
                        $"holds the row {Shown.Name(key)} twice.",
                        "It was changed by hand, or written by another version of the program: run the experiment "
                            + "again."
                    );
                }
            }
        }

        return found;
    }

    private static bool IsSame(object? a, object? b) =>
        a is byte[] one && b is byte[] other ? one.AsSpan().SequenceEqual(other) : Equals(a, b);

    private static double? Distance(object? a, object? b) =>
        (a, b) switch
        {
            (double x, double y) => Math.Abs(x - y),
            (int x, int y) => Math.Abs((double)x - y),
            _ => null,
        };
}

/// <summary>A column in which rows differ.</summary>
/// <param name="Name">The column.</param>
/// <param name="Rows">So many rows.</param>
/// <param name="Largest">The largest difference of two numbers; null where none are compared.</param>
public sealed record ColumnDifference(string Name, int Rows, double? Largest);

/// <summary>A part file of a table of a run.</summary>
/// <param name="Name">Its name, SAMPLE-masks-FIRST-LAST.parquet.</param>
/// <param name="Path">Where it lies.</param>
/// <param name="Sha256">Its checksum.</param>
internal sealed record TablePartFile(string Name, string Path, string Sha256)
{
    /// <summary>The name without the range of masks.</summary>
    public string Sample { get; } = Name[..Math.Max(0, Name.LastIndexOf('-', Math.Max(0, Name.LastIndexOf('-') - 1)))];
}
