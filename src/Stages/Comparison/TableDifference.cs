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
        Dictionary<string, IReadOnlyList<object?>> one = Index(table, a),
            other = Index(table, b);
        int[] rows = new int[table.ColumnNames.Count];
        double?[] largest = new double?[table.ColumnNames.Count];
        int differ = 0;
        foreach (var (key, cells) in one)
        {
            if (!other.TryGetValue(key, out IReadOnlyList<object?>? others))
            {
                continue;
            }

            int before = rows.Sum();
            for (int c = 0; c < rows.Length; c++)
            {
                if (IsSame(cells[c], others[c]))
                {
                    continue;
                }

                rows[c]++;
                if (Distance(cells[c], others[c]) is { } distance)
                {
                    largest[c] = Math.Max(largest[c] ?? 0, distance);
                }
            }

            differ += rows.Sum() > before ? 1 : 0;
        }

        int both = one.Keys.Count(other.ContainsKey);
        return new TableDifference(
            name,
            both,
            one.Count - both,
            other.Count - both,
            differ,
            [
                .. table
                    .ColumnNames.Select((name, c) => new ColumnDifference(name, rows[c], largest[c]))
                    .Where(c => c.Rows > 0),
            ]
        );
    }

    private static Dictionary<string, IReadOnlyList<object?>> Index(ITable table, string path)
    {
        var rows = new Dictionary<string, IReadOnlyList<object?>>(StringComparer.Ordinal);
        foreach (var (key, cells) in table.Cells(path))
        {
            if (!rows.TryAdd(key, cells))
            {
                throw new InputException(
                    path,
                    $"holds the row {Shown.Name(key)} twice.",
                    "It was changed by hand, or written by another version of the program: run the experiment again."
                );
            }
        }

        return rows;
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
