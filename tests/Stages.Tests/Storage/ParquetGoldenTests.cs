using System.Globalization;
using System.Text.Json;
using FluentAssertions;
using FluentAssertions.Execution;
using Parquet.Schema;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Storage;
using Xunit.Abstractions;

namespace Pipelines.Stages.Tests.Storage;

/// <summary>
/// golden/parquet: files of another writer give exactly their values or a refusal that names file and column; damaged
/// ones give an error.
/// </summary>
public sealed class ParquetGoldenTests(ITestOutputHelper output)
{
    private const string Kind = "parquet";

    [GoldenFact(Kind)]
    public void Columns_of_the_kinds_our_tables_have_are_read_to_the_bit_and_others_are_refused_by_name()
    {
        using var expected = JsonDocument.Parse(File.ReadAllText(Golden.Path(Kind, "expected.json")));
        int files = 0,
            columns = 0;
        var refused = new List<string>();
        using var scope = new AssertionScope();
        foreach (var entry in expected.RootElement.GetProperty("files").EnumerateArray())
        {
            string path = Golden.Path(Kind, entry.GetProperty("file").GetString()!);
            var types = entry
                .GetProperty("schema")
                .EnumerateArray()
                .ToDictionary(c => c.GetProperty("name").GetString()!, c => c.GetProperty("type").GetString()!);
            bool mustRead = entry.GetProperty("expect").GetString() == "read",
                version2 = entry.GetProperty("data_page_version").GetString() == "2.0";
            var actual = Columns(path, types.Keys);
            foreach (var column in entry.GetProperty("columns").EnumerateObject())
            {
                string name = $"{entry.GetProperty("name").GetString()}.{column.Name} ({types[column.Name]})";
                var (values, error) = actual[column.Name];
                if (error is null)
                {
                    values
                        .SequenceEqual(column.Value.EnumerateArray().Select(v => Text(v, types[column.Name])))
                        .Should()
                        .BeTrue(name);
                    columns++;
                    continue;
                }

                error.Message.Should().Contain(path);
                refused.Add($"{name}: {error.What}");
                (mustRead && IsOurs(types[column.Name], version2))
                    .Should()
                    .BeFalse($"{name} must be read, but: {error.Message}");
            }

            files++;
        }

        output.WriteLine($"{files} files, {columns} columns read exactly, {refused.Count} refused");
        refused.ForEach(output.WriteLine);
    }

    [GoldenFact(Kind)]
    public void Damaged_files_are_errors_that_name_the_file()
    {
        using var expected = JsonDocument.Parse(File.ReadAllText(Golden.Path(Kind, "expected.json")));
        using var scope = new AssertionScope();
        foreach (var entry in expected.RootElement.GetProperty("broken").EnumerateArray())
        {
            string path = Golden.Path(Kind, entry.GetProperty("file").GetString()!);
            var read = () => ReadAll(path);
            if (entry.GetProperty("expect").GetString() == "error")
            {
                string message = read.Should().Throw<InputException>(path).Which.Message;
                message.Should().Contain(path);
                output.WriteLine(message[path.Length..]);
            }
            else
            {
                try
                {
                    output.WriteLine($"{Path.GetFileName(path)}: {read()} values read");
                }
                catch (InputException e)
                {
                    output.WriteLine(e.Message[path.Length..]);
                }
            }
        }
    }

    private static int ReadAll(string path)
    {
        var columns = Columns(
            path,
            ParquetFile.Columns(path).Where(f => f.MaxRepetitionLevel == 0).Select(f => f.Name)
        );
        return columns.Values.Select(c => c.Error).FirstOrDefault(e => e is not null) is { } error
            ? throw error
            : columns.Values.Sum(c => c.Values.Count);
    }

    /// <summary>
    /// What the reader must not refuse. Lists and nested columns are in no table of ours; the library cannot read
    /// booleans in version 2 pages, which it never writes.
    /// </summary>
    private static bool IsOurs(string type, bool version2) =>
        (type == "bool" && !version2)
        || type
            is "string"
                or "dictionary<values=string, indices=int32, ordered=0>"
                or "binary"
                or "int32"
                or "int64"
                or "float"
                or "double"
        || type.StartsWith("fixed_size_binary", StringComparison.Ordinal);

    /// <summary>Every column's values, or the error that it, or the file, gave.</summary>
    private static Dictionary<string, (List<string> Values, InputException? Error)> Columns(
        string path,
        IEnumerable<string> names
    )
    {
        var columns = names.ToDictionary(n => n, _ => (Values: new List<string>(), Error: (InputException?)null));
        try
        {
            var known = ParquetFile.Columns(path);
            foreach (string nested in columns.Keys.Where(n => known.All(f => f.Name != n)))
            {
                columns[nested] = (columns[nested].Values, new InputException(path, $"column '{nested}' is nested"));
            }

            foreach (var group in ParquetFile.Groups(path))
            {
                foreach (string name in columns.Keys.Where(n => columns[n].Error is null))
                {
                    try
                    {
                        columns[name].Values.AddRange(Values(group, known.First(f => f.Name == name)));
                    }
                    catch (InputException e)
                    {
                        columns[name] = (columns[name].Values, e);
                    }
                }
            }
        }
        catch (InputException e)
        {
            return columns.ToDictionary(c => c.Key, c => (c.Value.Values, (InputException?)e));
        }

        return columns;
    }

    private static IEnumerable<string> Values(RowGroupSource group, DataField field) =>
        Type.GetTypeCode(field.ClrType) switch
        {
            TypeCode.Boolean => group
                .OptionalNumbers<bool>(field.Name)
                .Select(v =>
                    v is { } b
                        ? b
                            ? "true"
                            : "false"
                        : "null"
                ),
            TypeCode.Int32 => group.OptionalNumbers<int>(field.Name).Select(v => Number(v)),
            TypeCode.Int64 => group.OptionalNumbers<long>(field.Name).Select(v => Number(v)),
            TypeCode.Single => group.OptionalNumbers<float>(field.Name).Select(v => Real(v)),
            TypeCode.Double => group.OptionalNumbers<double>(field.Name).Select(v => Real(v)),
            _ when field.ClrType == typeof(string) || field.ClrType == typeof(ReadOnlyMemory<char>) => group
                .OptionalTexts(field.Name)
                .Select(v => v is null ? "null" : $"\"{v}\""),
            _ => group.OptionalBytes(field.Name).Select(v => v is null ? "null" : $"hex {Convert.ToHexStringLower(v)}"),
        };

    private static string Number(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "null";

    /// <summary>Bits of the double that a float equals, so that -0.0 counts; NaNs alike.</summary>
    private static string Real(double? value) =>
        value is not { } v ? "null"
        : double.IsNaN(v) ? "NaN"
        : $"real {BitConverter.DoubleToInt64Bits(v):x16}";

    private static string Text(JsonElement value, string type) =>
        value.ValueKind switch
        {
            JsonValueKind.Null => "null",
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            JsonValueKind.String when type is "float" or "double" => Real(
                value.GetString() switch
                {
                    "NaN" => double.NaN,
                    "Infinity" => double.PositiveInfinity,
                    _ => double.NegativeInfinity,
                }
            ),
            JsonValueKind.String => $"\"{value.GetString()}\"",
            JsonValueKind.Number when type is "float" or "double" => Real(value.GetDouble()),
            JsonValueKind.Object when value.TryGetProperty("hex", out var hex) => $"hex {hex.GetString()}",
            _ => value.GetRawText(),
        };
}
