using System.Globalization;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;
using Pipelines.Domain.Errors;
using Pipelines.Files;
using Pipelines.Models.Text;

namespace Pipelines.Host.Running;

/// <summary>How a table compares with the expected one.</summary>
/// <param name="Table">File name.</param>
/// <param name="Verdict">Rows and largest difference, in words.</param>
/// <param name="Differences">What is beyond the tolerance; empty where all is as expected.</param>
internal sealed record TableComparison(string Table, string Verdict, IReadOnlyList<string> Differences);

/// <summary>
/// Expected tables: CSV files with a <c>tolerances.json</c> beside them, which says for each file which columns may
/// differ, and by how much (absolute). All other columns must be equal, and rows come in the same order.
/// </summary>
internal static class ExpectedTables
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private const string TolerancesFile = "tolerances.json";

    /// <summary>
    /// Absolute tolerances of a new expectation: rounding of float32 sums differs between processors, and two heads of
    /// nearly equal score may change places, which moves one point of a curve.
    /// </summary>
    private static readonly Dictionary<string, Dictionary<string, double>> Defaults = new(StringComparer.Ordinal)
    {
        ["samples.csv"] = new(StringComparer.Ordinal) { ["f_intact"] = 1e-3, ["f_ablated"] = 1e-3 },
        ["attribution.csv"] = new(StringComparer.Ordinal) { ["beta"] = 1e-3 },
        ["fits.csv"] = new(StringComparer.Ordinal)
        {
            ["r2"] = 1e-3,
            ["rho"] = 1e-3,
            ["mae"] = 1e-3,
            ["rmse"] = 1e-3,
            ["intercept"] = 1e-3,
            ["dual_gap"] = 1e-3,
            ["iterations"] = 2,
        },
        ["validation.csv"] = new(StringComparer.Ordinal) { ["faithfulness"] = 0.05, ["completeness"] = 0.05 },
        ["baseline.csv"] = [],
    };

    /// <summary>Writes the CSV tables of a run as the expectation.</summary>
    public static void Write(string expected, string tables)
    {
        Directory.CreateDirectory(expected);
        var present = Defaults
            .Where(d => File.Exists(Path.Combine(tables, d.Key)))
            .ToDictionary(d => d.Key, d => d.Value, StringComparer.Ordinal);
        foreach (string name in present.Keys)
        {
            File.Copy(Path.Combine(tables, name), Path.Combine(expected, name), overwrite: true);
        }

        File.WriteAllText(Path.Combine(expected, TolerancesFile), JsonSerializer.Serialize(present, Indented) + "\n");
    }

    /// <summary>Demands that there is something to compare a run with.</summary>
    /// <param name="expected">The folder of expected tables.</param>
    /// <exception cref="InputException">There is not, or what there is is damaged.</exception>
    public static void RequireAny(string expected)
    {
        if (!Directory.Exists(expected))
        {
            throw new InputException(
                expected,
                "holds nothing to compare with.",
                "Write it with reproduce --write, or name another folder with --expected."
            );
        }

        foreach (string name in Tolerances(expected).Keys)
        {
            Rows(Path.Combine(expected, name));
        }
    }

    /// <summary>Compares the tables of a run with the expected ones.</summary>
    /// <exception cref="InputException">The expectation is damaged.</exception>
    public static IEnumerable<TableComparison> Compare(string expected, string tables)
    {
        foreach (var (name, tolerances) in Tolerances(expected).OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            string found = Path.Combine(tables, name);
            yield return File.Exists(found)
                ? CompareTable(name, Rows(Path.Combine(expected, name)), Rows(found), tolerances)
                : new TableComparison(name, "missing", [$"{found} does not exist"]);
        }
    }

    private static Dictionary<string, Dictionary<string, double>> Tolerances(string expected)
    {
        string path = Path.Combine(expected, TolerancesFile);
        try
        {
            return
                JsonSerializer.Deserialize<Dictionary<string, Dictionary<string, double>>>(
                    Utf8Text.WithoutMark(RegularFile.ReadAllBytes(path))
                )
                    is { Count: > 0 } read
                ? read
                : throw new InputException(
                    path,
                    "names no table.",
                    "It should say, for each CSV file, which columns may differ and by how much."
                );
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            throw new InputException(
                path,
                $"cannot be read ({e.Message})",
                "It should say, for each CSV file, which columns may differ and by how much.",
                e
            );
        }
    }

    private static TableComparison CompareTable(
        string name,
        List<string[]> expected,
        List<string[]> found,
        Dictionary<string, double> tolerances
    )
    {
        var differences = new List<string>();
        string[] header = expected[0];
        if (!header.SequenceEqual(found[0], StringComparer.Ordinal))
        {
            return new(
                name,
                "other columns",
                [$"columns {string.Join(", ", found[0])} instead of {string.Join(", ", header)}"]
            );
        }

        if (expected.Count != found.Count)
        {
            differences.Add($"{found.Count - 1} rows instead of {expected.Count - 1}");
        }

        double largest = 0;
        string largestColumn = "";
        for (int row = 1; row < Math.Min(expected.Count, found.Count); row++)
        {
            for (int column = 0; column < header.Length; column++)
            {
                string want = expected[row][column],
                    got = found[row][column];
                if (want == got)
                {
                    continue;
                }

                if (
                    tolerances.TryGetValue(header[column], out double tolerance)
                    && Number(want) is { } a
                    && Number(got) is { } b
                )
                {
                    double difference = Math.Abs(a - b);
                    if (difference > largest)
                    {
                        (largest, largestColumn) = (difference, header[column]);
                    }

                    if (difference <= tolerance)
                    {
                        continue;
                    }
                }

                differences.Add(
                    $"row {row}, {header[column]}: {got} instead of {want} (row begins "
                        + $"{string.Join(", ", expected[row].Take(2))})"
                );
            }
        }

        string verdict =
            $"{expected.Count - 1} rows"
            + (
                largest > 0
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $", largest difference {largest:0.0e+0} in {largestColumn}"
                    )
                    : ", equal to the last digit"
            );
        return new TableComparison(name, verdict, differences);
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;

    /// <summary>Rows of fields; an empty text and an absent value look the same.</summary>
    private static List<string[]> Parse(string path, string text)
    {
        using var parser = new CsvParser(
            new StringReader(text),
            new CsvConfiguration(CultureInfo.InvariantCulture)
            {
                IgnoreBlankLines = false,
                BadDataFound = e => throw new InputException(path, $"is no CSV: {Shown.Name(e.RawRecord.Trim())}."),
            }
        );
        var rows = new List<string[]>();
        while (parser.Read())
        {
            rows.Add(parser.Record!);
        }

        return rows;
    }

    private static List<string[]> Rows(string path)
    {
        if (!File.Exists(path))
        {
            throw new InputException(path, "is missing.", "Write the expectation again with reproduce --write.");
        }

        List<string[]> rows = Parse(path, RegularFile.ReadAllText(path));
        int width = rows.Count == 0 ? 0 : rows[0].Length;
        return width > 0 && rows.All(r => r.Length == width)
            ? rows
            : throw new InputException(path, "is no table: its rows have different numbers of fields.");
    }
}
