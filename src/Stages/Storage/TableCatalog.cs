using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Parquet.Schema;
using Pipelines.Stages.Errors;

namespace Pipelines.Stages.Storage;

/// <summary>
/// The tables of a run, described: names and types as the code declares them, meanings as the row records'
/// documentation states them, so that neither is written twice.
/// </summary>
internal static partial class TableCatalog
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

    /// <summary>Tables of the store only: runs do not publish them.</summary>
    private static readonly string[] InTheStore = ["answers", "ends"];

    /// <summary>Folders of part files; the others are one file with a CSV twin.</summary>
    private static readonly string[] Folders = ["masks", "forward", "image_masks", "image_forward", "gradients"];

    /// <summary>What numbers are measured in, by column; counts, indexes and shares of one have no unit.</summary>
    private static readonly Dictionary<string, string> Units = new(StringComparer.Ordinal)
    {
        ["f"] = "logits",
        ["f_intact"] = "logits",
        ["f_ablated"] = "logits",
        ["logit"] = "logits",
        ["phi"] = "f(1) - f(0)",
        ["predicted"] = "f(1) - f(0)",
        ["faithfulness"] = "f(1) - f(0)",
        ["completeness"] = "f(1) - f(0)",
        ["phi_heads"] = "f(1) - f(0)",
        ["phi_tokens"] = "f(1) - f(0)",
        ["mae"] = "f(1) - f(0)",
        ["rmse"] = "f(1) - f(0)",
        ["intercept"] = "f(1) - f(0)",
        ["beta"] = "phi a head or token",
        ["gradient"] = "phi a head",
        ["delta"] = "phi(x*)",
        ["logit_kept"] = "phi(x*)",
        ["heads_kept"] = "heads",
        ["faithful_heads"] = "heads",
        ["complete_heads"] = "heads",
        ["k"] = "heads",
        ["tokens_kept"] = "tokens",
        ["train_rows"] = "masks",
        ["test_rows"] = "masks",
        ["masks"] = "masks",
        ["train_masks"] = "masks",
        ["passes"] = "passes of the model",
        ["iterations"] = "sweeps",
    };

    /// <summary>Columns whose values are no member of the row under that name.</summary>
    private static readonly Dictionary<string, string> Meanings = new(StringComparer.Ordinal)
    {
        ["half_split.half_split"] = "Pearson correlation of beta between two halves of these masks; null = undefined.",
        ["heads_needed.quantity"] = "`faithfulness` or `completeness`.",
        ["heads_needed.heads"] = "The smallest k that crosses the threshold; null where none does.",
        ["key_numbers.mean"] = "Mean over the samples that have the quantity, in its own unit.",
        ["key_numbers.paper_mean"] = "The paper's mean for this model; null where it has none.",
        ["key_numbers.paper_sd"] = "The paper's standard deviation; null where it has none.",
        ["layout_run.samples"] = "Samples laid out.",
        ["layout_run.objects"] = "Objects that they show.",
        ["layout_run.perplexity"] =
            "Effective number of neighbours; null where the samples stand at their principal components.",
        ["layout_run.divergence"] = "Kullback-Leibler divergence at the end, in nats.",
        ["layout_run.steps"] = "Steps of the descent.",
        ["masks.heads"] =
            "Bit string of ceil(N/8) bytes: head n = layer * H + head is bit n % 8, least significant first, of byte "
            + "n / 8; 1 = intact.",
        ["image_masks.image_tokens"] =
            "Bit string of ceil(P/8) bytes: image token n is bit n % 8, least significant first, of byte n / 8; "
            + "1 = intact.",
        ["non_additive.r2_elastic_net"] = "R^2 of the elastic net on the test masks; null where undefined.",
        ["non_additive.r2_with_trees"] = "R^2 of elastic net and trees together.",
        ["non_additive.gained"] = "R^2 that the trees add.",
        ["rankings.rank"] = "Place in the order, from 0 = most important.",
        ["rankings.score"] =
            "What the criterion says of the head: beta, image attention weight, delta; null for the random order.",
        ["style_means.mean"] = "Mean over the samples of the style that have the quantity, in its own unit.",
        ["style_relations.style"] =
            "Styles of the two samples of a pair: `same`, `another`, or `difference` of the two.",
        ["style_relations.object"] =
            "Objects of the two samples of a pair: `same`, `another`, or `difference` of the two.",
        ["styles.object"] = "The two samples show the `same` object, or `another`.",
    };

    /// <summary>Columns that mean the same in every table that does not say otherwise.</summary>
    private static readonly Dictionary<string, string> Everywhere = new(StringComparer.Ordinal)
    {
        ["sample_id"] = "The sample.",
        ["layer"] = "l, from 0.",
        ["head"] = "h, from 0.",
        ["criterion"] = "Name of the ranking as in the spec.",
        ["seed"] = "Number of the random order; 0 for the other criteria.",
        ["sd"] = "Standard deviation.",
        ["low95"] = "Lower end of the mean's 95 % interval over samples.",
        ["high95"] = "Its upper end.",
        ["samples"] = "Samples in the mean.",
        ["pairs"] = "Pairs of samples.",
        ["cosine_mean"] = "Mean cosine of beta over the pairs.",
        ["cosine_sd"] = "Standard deviation over the pairs.",
    };

    /// <summary>The tables that runs publish, by name.</summary>
    public static IReadOnlyList<ITable> Published { get; } =
    [
        .. typeof(TableCatalog)
            .Assembly.GetTypes()
            .Where(t => !t.ContainsGenericParameters)
            .SelectMany(Declared)
            .Where(t => !InTheStore.Contains(t.Name))
            .OrderBy(t => t.Name, StringComparer.Ordinal),
    ];

    /// <summary>docs/tables.md.</summary>
    /// <exception cref="InputException">The documentation file that is built beside the program is missing.</exception>
    public static string Page()
    {
        var documentation = Documentation();
        var page = new StringBuilder();
        page.Append("# Tables\n\n");
        page.Append(
            "What a run leaves in `artifacts/runs/NAME/tables/`. Written by `schema --tables` from the code; a test "
                + "keeps the two equal.\n\n"
        );
        page.Append(
            CultureInfo.InvariantCulture,
            $"A table is `NAME.parquet` with a twin `NAME.csv`; {string.Join(", ", Folders.Select(f => $"`{f}`"))} "
                + $"are folders of part files, read as `NAME/*.parquet`. Where an experiment has several\n"
        );
        page.Append(
            "stages of a kind, their tables lie in `tables/STAGE/`. In the CSV twins, null is an empty field. N = L "
                + "* H is the number of heads, P that of image tokens; φ is *f* on a scale where all heads ablated\n"
        );
        page.Append(
            "give 0 and all intact give 1, so one unit of it is *f*(1) − *f*(0) logits. \"-\" is a number without a "
                + "unit: a count, an index, a share, a correlation.\n\n"
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
        foreach (ITable table in Published)
        {
            Describe(page, table, table.Name, documentation);
        }

        Describe(page, Tables.Forward, TokenTables.ImageForward, documentation);
        return page.ToString();
    }

    private static IEnumerable<ITable> Declared(Type type)
    {
        const BindingFlags all =
            BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        return type.GetFields(all)
            .Where(f => typeof(ITable).IsAssignableFrom(f.FieldType))
            .Select(f => (ITable)f.GetValue(null)!);
    }

    /// <summary>What a column means; empty where nothing says.</summary>
    public static string MeaningOf(ITable table, DataField field) =>
        Meaning(table.Name, field, Documentation().GetValueOrDefault(table.Row.FullName!.Replace('+', '.')));

    private static string Meaning(string table, DataField field, XElement? row) =>
        Meanings.GetValueOrDefault($"{table}.{field.Name}") is { } own ? own
        : Parameter(row, field.Name) is { Length: > 0 } stated ? stated
        : Everywhere.GetValueOrDefault(field.Name) ?? "";

    private static void Describe(
        StringBuilder page,
        ITable table,
        string name,
        IReadOnlyDictionary<string, XElement> documentation
    )
    {
        documentation.TryGetValue(table.Row.FullName!.Replace('+', '.'), out XElement? row);
        page.Append(
            CultureInfo.InvariantCulture,
            $"\n## {name}\n\n{(row is null ? "" : Text(row.Element("summary")) + "\n\n")}| column | type | unit | "
                + $"meaning |\n|---|---|---|---|\n"
        );
        foreach (DataField field in table.Fields)
        {
            string meaning = Meaning(name, field, row).Replace("|", "\\|", StringComparison.Ordinal);
            page.Append(
                CultureInfo.InvariantCulture,
                $"| `{field.Name}` | {TypeOf(field)} | {UnitOf(field)} | {meaning} |\n"
            );
        }
    }

    private static string TypeOf(DataField field)
    {
        string type = field.ClrType switch
        {
            var t when IsText(t) => "text",
            var t when t == typeof(double) => "float64",
            var t when t == typeof(int) => "int32",
            var t when t == typeof(bool) => "boolean",
            _ => "bytes",
        };
        return field.IsNullable ? type + ", or null" : type;
    }

    private static string UnitOf(DataField field)
    {
        bool isNumber = field.ClrType == typeof(double) || field.ClrType == typeof(int);
        return IsText(field.ClrType) || field.ClrType == typeof(bool)
            ? ""
            : Units.GetValueOrDefault(field.Name) ?? (isNumber ? "-" : "");
    }

    /// <summary>The Parquet library holds texts as memory of characters.</summary>
    private static bool IsText(Type type) => type == typeof(string) || type == typeof(ReadOnlyMemory<char>);

    private static string Parameter(XElement? row, string column) =>
        row
            ?.Elements("param")
            .FirstOrDefault(p => JsonNamingPolicy.SnakeCaseLower.ConvertName((string)p.Attribute("name")!) == column)
            is { } found
            ? Text(found)
            : "";

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

    /// <summary>The documentation of records' constructors, by the record's name.</summary>
    private static Dictionary<string, XElement> Documentation()
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

        var members = XDocument
            .Load(file)
            .Descendants("member")
            .Select(m => (Name: (string)m.Attribute("name")!, Member: m))
            .ToList();
        var properties = members
            .Where(m => m.Name.StartsWith("P:", StringComparison.Ordinal))
            .ToLookup(m => m.Name[2..m.Name.LastIndexOf('.')], StringComparer.Ordinal);
        return members
            .Where(m =>
                m.Name.StartsWith("M:", StringComparison.Ordinal)
                && m.Name.Contains(".#ctor(", StringComparison.Ordinal)
            )
            .GroupBy(m => m.Name[2..m.Name.IndexOf(".#ctor(", StringComparison.Ordinal)], StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => WithProperties(g.First().Member, properties[g.Key]), StringComparer.Ordinal);
    }

    /// <summary>A constructor's documentation with that of the properties that are not among its parameters.</summary>
    private static XElement WithProperties(XElement constructor, IEnumerable<(string Name, XElement Member)> properties)
    {
        var whole = new XElement(constructor);
        foreach ((string name, XElement member) in properties)
        {
            string property = name[(name.LastIndexOf('.') + 1)..];
            whole.Add(new XElement("param", new XAttribute("name", property), member.Element("summary")?.Nodes()));
        }

        return whole;
    }

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Blanks();
}
