using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Parquet.Schema;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Storage;

/// <summary>
/// The tables of a run, described: names and types as the code declares them, meanings as the row records'
/// documentation states them, so that neither is written twice.
/// </summary>
public static partial class TableCatalog
{
    /// <summary>
    /// SQL for DuckDB that reads bit strings; stands in the page, and a test holds it against our own reading.
    /// </summary>
    public const string Macros = """
        -- bit n of a bit string (head n = layer * H + head, or image token n): least significant first in each byte
        create macro is_intact(bits, n) as get_bit(cast(bits as bit), cast(8 * (n // 8) + 7 - n % 8 as integer)) = 1;

        -- one row a mask and head: masks_long(files, heads of the model, heads of a layer)
        create macro masks_long(files, heads_of_model, heads_of_layer) as table
        select sample_id, mask_index, n // heads_of_layer as layer, n % heads_of_layer as head,
          is_intact(heads, n) as intact
        from read_parquet(files), range(heads_of_model) as numbers(n);

        """;

    /// <summary>The documentation of records' constructors, by the record's name.</summary>
    private static readonly Lazy<Dictionary<string, XElement>> Documentation = new(ReadDocumentation);

    private static readonly Lazy<IReadOnlyList<TableDescription>> Described = new(() =>
        [
            .. typeof(TableCatalog)
                .Assembly.GetTypes()
                .Select(row => (Row: row, Table: row.GetCustomAttribute<TableAttribute>()))
                .Where(t => t.Table is { IsInternal: false })
                .SelectMany(t => Describe(t.Row, t.Table!))
                .OrderBy(t => t.Name, StringComparer.Ordinal),
        ]
    );

    /// <summary>The tables that runs publish, by name.</summary>
    /// <exception cref="InputException">The documentation file that is built beside the program is missing.</exception>
    public static IReadOnlyList<TableDescription> Published => Described.Value;

    /// <summary>What a table holds, in words; empty where its description is not beside the program.</summary>
    public static string MeaningOf(string table)
    {
        try
        {
            return Published.FirstOrDefault(t => t.Name == table)?.Meaning ?? "";
        }
        catch (InputException)
        {
            return "";
        }
    }

    /// <summary>docs/tables.md.</summary>
    /// <exception cref="InputException">The documentation file that is built beside the program is missing.</exception>
    public static string Page()
    {
        var page = new StringBuilder();
        page.Append("# Tables\n\n");
        page.Append(
            "What a run leaves in `artifacts/runs/NAME/tables/`. Written by `schema --tables` from the code; a test "
                + "keeps the two equal.\n\n"
        );
        page.Append(
            CultureInfo.InvariantCulture,
            $"A table is `NAME.parquet` with a twin `NAME.csv`; "
                + $"{string.Join(", ", Published.Where(t => t.InParts).Select(t => $"`{t.Name}`"))} "
                + $"are folders of part files, read as `NAME/*.parquet`. Where an experiment has several\n"
        );
        page.Append(
            "stages of a kind, their tables lie in `tables/STAGE/`. In the CSV twins, null is an empty field. N = L "
                + "* H is the number of heads, P that of image tokens; φ is *f* on a scale where all heads ablated\n"
        );
        page.Append(
            "give 0 and all intact give 1, so one unit of it is *f*(1) − *f*(0) logits. \"-\" is a number without a "
                + "unit: a count, an index, a share, a correlation. Columns in bold together name a row.\n\n"
        );
        page.Append(
                "## Bit strings in DuckDB\n\nDuckDB's `get_bit` counts from the other end of a byte. These macros do "
                    + "not:\n\n```sql\n"
            )
            .Append(Macros)
            .Append("```\n\n");
        page.Append("```sql\n-- how often is head 3 of layer 5 intact? (64 heads, 8 a layer)\n");
        page.Append(
            "select avg(intact::int) from masks_long('artifacts/runs/quickstart/tables/masks/*.parquet', 64, 8) "
                + "where layer = 5 and head = 3;\n```\n\n"
        );
        page.Append("In Python: `numpy.unpackbits(numpy.frombuffer(heads, 'uint8'), bitorder='little')[:N]`.\n");
        foreach (TableDescription table in Published)
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"\n## {table.Name}\n\n{table.Meaning}\n\n| column | type | unit | meaning |\n|---|---|---|---|\n"
            );
            foreach (ColumnDescription column in table.Columns)
            {
                string meaning = column.Meaning.Replace("|", "\\|", StringComparison.Ordinal);
                page.Append(
                    CultureInfo.InvariantCulture,
                    $"| {(column.IsKey ? $"**`{column.Name}`**" : $"`{column.Name}`")} | {column.Type} | {column.Unit} "
                        + $"| {meaning} |\n"
                );
            }
        }

        return page.ToString();
    }

    private static IEnumerable<TableDescription> Describe(Type row, TableAttribute table)
    {
        XElement? documentation = Documentation.Value.GetValueOrDefault(row.FullName!.Replace('+', '.'));
        ParameterInfo[] parameters = row.GetConstructors().Single().GetParameters();
        IReadOnlyList<DataField> fields = Tables.OfRow(row).Fields;
        ColumnDescription[] columns =
        [
            .. parameters.Zip(
                fields,
                (parameter, field) =>
                    new ColumnDescription(
                        field.Name,
                        TypeOf(field),
                        parameter.GetCustomAttribute<UnitAttribute>()?.Unit ?? (IsNumber(field) ? "-" : ""),
                        Text(
                            documentation
                                ?.Elements("param")
                                .FirstOrDefault(p => (string)p.Attribute("name")! == parameter.Name)
                        ),
                        parameter.IsDefined(typeof(RowKeyAttribute))
                    )
            ),
        ];
        string[] names = table.Also is null ? [table.Name] : [table.Name, table.Also];
        return names.Select(name => new TableDescription(
            name,
            Text(documentation?.Element("summary")),
            table.InParts,
            columns
        ));
    }

    private static string TypeOf(DataField field)
    {
        string type = field.ClrType switch
        {
            var t when IsText(t) => "text",
            var t when t == typeof(double) => "float64",
            var t when t == typeof(int) => "int32",
            var t when t == typeof(bool) => "boolean",
            var t when t == typeof(byte[]) || t == typeof(ReadOnlyMemory<byte>) => "bytes",
            var t => throw new InvalidOperationException($"No word for {t}."),
        };
        return field.IsNullable ? type + ", or null" : type;
    }

    private static bool IsNumber(DataField field) => field.ClrType == typeof(double) || field.ClrType == typeof(int);

    /// <summary>The Parquet library holds texts as memory of characters.</summary>
    private static bool IsText(Type type) => type == typeof(string) || type == typeof(ReadOnlyMemory<char>);

    /// <summary>Documentation as plain text on one line.</summary>
    private static string Text(XElement? element)
    {
        if (element is null)
        {
            return "";
        }

        string text = string.Concat(
            element
                .Nodes()
                .Select(n =>
                    n switch
                    {
                        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
                        XElement { Name.LocalName: "see" } see when see.Attribute("cref") is { } target => ConstantOf(
                            target.Value
                        ),
                        XElement other => other.Value,
                        XText plain => plain.Value,
                        _ => "",
                    }
                )
        );
        return Blanks().Replace(text, " ").Trim();
    }

    /// <summary>What a reference stands for: a constant's value, else the last part of the name.</summary>
    private static string ConstantOf(string reference)
    {
        string path = reference[(reference.IndexOf(':', StringComparison.Ordinal) + 1)..],
            name = path[(path.LastIndexOf('.') + 1)..];
        Type? type = typeof(TableCatalog).Assembly.GetType(path[..Math.Max(0, path.LastIndexOf('.'))]);
        return
            type?.GetField(name, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
                is { IsLiteral: true } constant
            ? $"`{constant.GetRawConstantValue()}`"
            : $"`{JsonNamingPolicy.SnakeCaseLower.ConvertName(name)}`";
    }

    private static Dictionary<string, XElement> ReadDocumentation()
    {
        string file = Path.ChangeExtension(typeof(TableCatalog).Assembly.Location, ".xml");
        if (!File.Exists(file))
        {
            throw new InputException(
                file,
                "the description of the tables is missing.",
                "It is built beside the program: build or publish it again."
            );
        }

        return XDocument
            .Load(file)
            .Descendants("member")
            .Select(m => (Name: (string)m.Attribute("name")!, Member: m))
            .Where(m =>
                m.Name.StartsWith("M:", StringComparison.Ordinal)
                && m.Name.Contains(".#ctor(", StringComparison.Ordinal)
            )
            .GroupBy(m => m.Name[2..m.Name.IndexOf(".#ctor(", StringComparison.Ordinal)], StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.First().Member, StringComparer.Ordinal);
    }

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Blanks();
}

/// <summary>A table, described.</summary>
/// <param name="Name">File or folder name without extension.</param>
/// <param name="Meaning">What a row is.</param>
/// <param name="InParts">A folder of part files.</param>
/// <param name="Columns">In order.</param>
public sealed record TableDescription(
    string Name,
    string Meaning,
    bool InParts,
    IReadOnlyList<ColumnDescription> Columns
);

/// <summary>A column, described.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type in words.</param>
/// <param name="Unit">What its numbers are measured in.</param>
/// <param name="Meaning">What a value says.</param>
/// <param name="IsKey">With the other keys it names a row.</param>
public sealed record ColumnDescription(string Name, string Type, string Unit, string Meaning, bool IsKey);
