using System.Globalization;

namespace Pipelines.Models.Text.Templates;

/// <summary>
/// Jinja2's filters: <c>value | name(...)</c>. What would escape, wrap or draw at random has no place in a prompt and
/// is refused.
/// </summary>
internal static class JinjaFilters
{
    private static readonly HashSet<string> Others = new(StringComparer.Ordinal)
    {
        "e",
        "escape",
        "filesizeformat",
        "forceescape",
        "format",
        "pprint",
        "random",
        "safe",
        "striptags",
        "truncate",
        "urlencode",
        "urlize",
        "wordwrap",
        "xmlattr",
    };

    private static readonly Dictionary<string, Func<object, CallArguments, object>> Filters = new(
        StringComparer.Ordinal
    )
    {
        ["abs"] = (v, _) =>
            v is double number ? Math.Abs(number) : PythonArithmetic.Signed(PythonArithmetic.Whole(v) < 0, v),
        ["attr"] = (v, a) => JinjaAccess.Attribute(v, a.Text(0, "name"), keys: false),
        ["batch"] = (v, a) => Batches(v, a.Whole(0, "linecount", 0), a.Find(1, "fill_with")),
        ["capitalize"] = (v, _) => PythonText.Capitalize(PythonObjects.Text(v)),
        ["center"] = (v, a) => PythonMethods.Padded(PythonObjects.Text(v), "center", a.Whole(0, "width", 80), " "),
        ["count"] = (v, _) => PythonObjects.Length(v),
        ["default"] = Default,
        ["d"] = Default,
        ["dictsort"] = (v, a) => DictSort(v, a),
        ["first"] = (v, _) =>
            PythonObjects.Iterate(v).FirstOrDefault() ?? new Undefined("the list is empty, and its first item"),
        ["float"] = (v, a) => Float(v, a.Find(0, "default") ?? 0.0),
        ["groupby"] = (v, a) => Groups(v, a),
        ["indent"] = (v, a) =>
            Indented(v as string ?? throw new PythonException($"a {PythonObjects.TypeOf(v)} cannot be indented"), a),
        ["int"] = (v, a) => Int(v, a.Find(0, "default") ?? 0L, a.Whole(1, "base", 10)),
        ["items"] = (v, _) =>
            new PythonGenerator(
                Later(() =>
                    v switch
                    {
                        Undefined => [],
                        PythonDict dict => dict.Entries.Select(e => new PythonTuple([e.Key, e.Value])),
                        _ => throw new PythonException($"a {PythonObjects.TypeOf(v)} has no pairs"),
                    }
                )
            ),
        ["join"] = (v, a) => Join(v, a),
        ["last"] = (v, _) =>
            v is PythonGenerator
                ? throw new PythonException("a generator has no last item")
                : PythonObjects.Iterate(v).LastOrDefault() ?? new Undefined("the list is empty, and its last item"),
        ["length"] = (v, _) => PythonObjects.Length(v),
        ["list"] = (v, _) => new PythonList([.. PythonObjects.Iterate(v)]),
        ["lower"] = (v, _) => PythonText.Lower(PythonObjects.Text(v)),
        ["map"] = (v, a) => new PythonGenerator(Later(() => TrueItems(v).Select(Mapping(a)))),
        ["max"] = (v, a) => Extreme(v, a, 1),
        ["min"] = (v, a) => Extreme(v, a, -1),
        ["reject"] = (v, a) => Selected(v, () => Condition(a, 0), false),
        ["rejectattr"] = (v, a) => Selected(v, () => AttributeCondition(a), false),
        ["replace"] = (v, a) =>
            PythonMethods.Replace(
                PythonObjects.Text(v),
                PythonObjects.Text(a.Required(0, "old")),
                PythonObjects.Text(a.Required(1, "new")),
                a.Find(2, "count") is PythonNone ? -1 : a.Whole(2, "count", -1)
            ),
        ["reverse"] = (v, _) =>
            v is string text
                ? string.Concat(PythonText.Characters(text).Reverse())
                : new PythonGenerator(PythonObjects.Iterate(v).Reverse()),
        ["round"] = (v, a) => Rounded(v, a.Whole(0, "precision", 0), a.Text(1, "method", "common")),
        ["select"] = (v, a) => Selected(v, () => Condition(a, 0), true),
        ["selectattr"] = (v, a) => Selected(v, () => AttributeCondition(a), true),
        ["slice"] = (v, a) => Slices(v, a.Whole(0, "slices", 0), a.Find(1, "fill_with")),
        ["sort"] = (v, a) => Sorted(v, a),
        ["string"] = (v, _) => PythonObjects.Text(v),
        ["sum"] = (v, a) => Sum(v, a),
        ["title"] = (v, _) => Title(PythonObjects.Text(v)),
        ["tojson"] = ToJson,
        ["trim"] = (v, a) =>
            PythonText.Strip(
                PythonObjects.Text(v),
                a.Find(0, "chars") is null or PythonNone ? null : a.Text(0, "chars")
            ),
        ["unique"] = (v, a) => Unique(v, a),
        ["upper"] = (v, _) => PythonText.Upper(PythonObjects.Text(v)),
        ["wordcount"] = (v, _) => Words(PythonObjects.Text(v)),
    };

    /// <summary>Whether Jinja2 has a filter of this name.</summary>
    public static bool Has(string name) => Filters.ContainsKey(name) || Others.Contains(name);

    /// <summary>What a filter makes of a value.</summary>
    /// <exception cref="PythonException">There is no such filter, or Python would raise.</exception>
    public static object Apply(string name, object value, CallArguments arguments)
    {
        if (!Filters.TryGetValue(name, out Func<object, CallArguments, object>? filter))
        {
            throw new PythonException(
                Others.Contains(name) ? $"the filter '{name}' is not supported" : $"there is no filter '{name}'",
                unsupported: true
            );
        }

        object result = filter(value, arguments);
        if (name is not ("map" or "select" or "reject" or "selectattr" or "rejectattr"))
        {
            arguments.RequireAllTaken();
        }

        return result;
    }

    private static object Default(object value, CallArguments arguments)
    {
        object otherwise = arguments.Find(0, "default_value") ?? "";
        bool falseToo = arguments.Flag(1, "boolean");
        return value is Undefined || (falseToo && !PythonObjects.IsTrue(value)) ? otherwise : value;
    }

    private static object ToJson(object value, CallArguments arguments)
    {
        bool ascii = arguments.Flag(0, "ensure_ascii"),
            sorted = arguments.Flag(3, "sort_keys");
        string? indent = arguments.Find(1, "indent") switch
        {
            null or PythonNone => null,
            string text => text,
            object number => new string(' ', (int)Math.Clamp(PythonArithmetic.Whole(number), 0, 100)),
        };
        (string, string) separators = arguments.Find(2, "separators") switch
        {
            null or PythonNone => (indent is null ? ", " : ",", ": "),
            PythonTuple { Items: [string item, string key] } => (item, key),
            PythonList { Items: [string item, string key] } => (item, key),
            _ => throw new PythonException("'separators' of 'tojson' is no pair of texts"),
        };
        return PythonJson.Of(value, indent, separators, sorted, ascii);
    }

    /// <summary>
    /// An attribute of every item as filters name it: parts with dots between them, a number is an index.
    /// </summary>
    private static Func<object, object> Getter(object? attribute, object? standard = null)
    {
        if (attribute is null or PythonNone)
        {
            return i => i;
        }

        object[] parts = attribute is string path
            ?
            [
                .. path.Split('.')
                    .Select(p =>
                        p.All(char.IsAsciiDigit)
                        && long.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out long index)
                            ? (object)index
                            : p
                    ),
            ]
            : [attribute];
        return item =>
        {
            foreach (object part in parts)
            {
                item = JinjaAccess.Item(item, part);
                if (item is Undefined && standard is not null)
                {
                    item = standard;
                }
            }

            return item;
        };
    }

    private static Func<object, object> Mapping(CallArguments arguments)
    {
        if (arguments.Positional.Count == 0 && arguments.Named.TryGetValue("attribute", out object? attribute))
        {
            return Getter(attribute, arguments.Named.GetValueOrDefault("default"));
        }

        string name = arguments.Text(0, "filter");
        var rest = new CallArguments(name, [.. arguments.Positional.Skip(1)], arguments.Named);
        return item => Apply(name, item, rest);
    }

    private static Func<object, bool> Condition(CallArguments arguments, int at)
    {
        if (arguments.Positional.Count <= at)
        {
            return PythonObjects.IsTrue;
        }

        string name =
            arguments.Positional[at] as string
            ?? throw new PythonException($"'{arguments.Of}' wants the name of a test");
        var rest = new CallArguments(name, [.. arguments.Positional.Skip(at + 1)], arguments.Named);
        return item => JinjaTests.Apply(name, item, rest);
    }

    private static Func<object, bool> AttributeCondition(CallArguments arguments)
    {
        Func<object, object> getter = Getter(arguments.Required(0, "attribute"));
        Func<object, bool> condition = Condition(arguments, 1);
        return item => condition(getter(item));
    }

    private static PythonGenerator Selected(object value, Func<Func<object, bool>> condition, bool wanted) =>
        new(
            Later(() =>
            {
                Func<object, bool> holds = condition();
                return TrueItems(value).Where(i => holds(i) == wanted);
            })
        );

    /// <summary>
    /// What a generator goes over is only looked at when its first item is taken: what is never taken raises nothing.
    /// </summary>
    private static IEnumerable<object> Later(Func<IEnumerable<object>> items)
    {
        foreach (object item in items())
        {
            yield return item;
        }
    }

    /// <summary>The items of a value that counts as true, else none.</summary>
    private static IEnumerable<object> TrueItems(object value) =>
        PythonObjects.IsTrue(value) ? PythonObjects.Iterate(value) : [];

    private static object Join(object value, CallArguments arguments)
    {
        string separator = PythonObjects.Text(arguments.Find(0, "d") ?? "");
        Func<object, object> getter = Getter(arguments.Find(1, "attribute"));
        return PythonMethods.Join(
            separator,
            PythonObjects.Iterate(value).Select(i => (object)PythonObjects.Text(getter(i)))
        );
    }

    private static object Sum(object value, CallArguments arguments)
    {
        Func<object, object> getter = Getter(arguments.Find(0, "attribute"));
        object sum = arguments.Find(1, "start") ?? 0L;
        foreach (object item in PythonObjects.Iterate(value))
        {
            sum = PythonArithmetic.Apply("+", sum, getter(item));
        }

        return sum;
    }

    private static object Folded(object value, bool caseSensitive) =>
        !caseSensitive && value is string text ? PythonText.Lower(text) : value;

    private static int Order(object left, object right) => PythonObjects.Compare(left, right) ?? 0;

    private static PythonList Sorted(object value, CallArguments arguments)
    {
        bool reverse = arguments.Flag(0, "reverse"),
            cased = arguments.Flag(1, "case_sensitive");
        object? attributes = arguments.Find(2, "attribute");
        Func<object, object>[] getters = attributes is string names
            ? [.. names.Split(',').Select(n => Getter(n))]
            : [Getter(attributes)];
        object KeyOf(object item) => new PythonTuple([.. getters.Select(g => Folded(g(item), cased))]);
        var keyed = PythonObjects.Iterate(value).Select(i => (Item: i, Key: KeyOf(i)));
        Comparer<object> order = Comparer<object>.Create(Order);
        return new PythonList([
            .. Guarded(() =>
                (reverse ? keyed.OrderByDescending(k => k.Key, order) : keyed.OrderBy(k => k.Key, order))
                    .Select(k => k.Item)
                    .ToList()
            ),
        ]);
    }

    private static PythonList DictSort(object value, CallArguments arguments)
    {
        bool cased = arguments.Flag(0, "case_sensitive"),
            reverse = arguments.Flag(2, "reverse");
        int by = arguments.Text(1, "by", "key") == "value" ? 1 : 0;
        if (value is not PythonDict dict)
        {
            throw new PythonException($"a {PythonObjects.TypeOf(value)} has no pairs");
        }

        var pairs = dict.Entries.Select(e => new PythonTuple([e.Key, e.Value]));
        Comparer<object> order = Comparer<object>.Create(Order);
        return new PythonList([
            .. Guarded(() =>
                (
                    reverse
                        ? pairs.OrderByDescending(p => Folded(p.Items[by], cased), order)
                        : pairs.OrderBy(p => Folded(p.Items[by], cased), order)
                ).ToList()
            ),
        ]);
    }

    /// <summary>Sorting wraps what a comparison throws.</summary>
    private static T Guarded<T>(Func<T> sort)
    {
        try
        {
            return sort();
        }
        catch (InvalidOperationException e) when (e.InnerException is PythonException inner)
        {
            throw inner;
        }
    }

    private static object Extreme(object value, CallArguments arguments, int sign)
    {
        bool cased = arguments.Flag(0, "case_sensitive");
        Func<object, object> getter = Getter(arguments.Find(1, "attribute"));
        object? best = null,
            bestKey = null;
        foreach (object item in PythonObjects.Iterate(value))
        {
            object key = Folded(getter(item), cased);
            if (bestKey is null || Order(key, bestKey) * sign > 0)
            {
                (best, bestKey) = (item, key);
            }
        }

        return best ?? new Undefined("the list is empty, and its extreme");
    }

    private static PythonGenerator Unique(object value, CallArguments arguments)
    {
        bool cased = arguments.Flag(0, "case_sensitive");
        Func<object, object> getter = Getter(arguments.Find(1, "attribute"));
        var seen = new PythonDict();
        return new PythonGenerator(
            Later(() =>
                PythonObjects
                    .Iterate(value)
                    .Where(i =>
                    {
                        object key = Folded(getter(i), cased);
                        if (seen.Find(key) is not null)
                        {
                            return false;
                        }

                        seen.Set(key, true);
                        return true;
                    })
            )
        );
    }

    private static PythonList Groups(object value, CallArguments arguments)
    {
        object attribute = arguments.Required(0, "attribute");
        Func<object, object> getter = Getter(attribute, arguments.Find(1, "default"));
        bool cased = arguments.Flag(2, "case_sensitive");
        Comparer<object> order = Comparer<object>.Create(Order);
        var groups = new List<object>();
        List<object> members = [];
        object? current = null;
        foreach (
            object item in Guarded(() =>
                PythonObjects.Iterate(value).OrderBy(i => Folded(getter(i), cased), order).ToList()
            )
        )
        {
            object key = Folded(getter(item), cased);
            if (current is not null && !PythonObjects.AreEqual(key, current))
            {
                Close();
            }

            current = key;
            members.Add(item);
        }

        if (members.Count > 0)
        {
            Close();
        }

        return new PythonList(groups);

        void Close()
        {
            groups.Add(new PythonTuple([getter(members[0]), new PythonList(members)]));
            members = [];
        }
    }

    private static PythonGenerator Batches(object value, int size, object? fill)
    {
        if (size is < 1 or > 100_000)
        {
            throw new PythonException("'batch' wants a size");
        }

        return new PythonGenerator(
            Later(() =>
                PythonObjects
                    .Iterate(value)
                    .Chunk(size)
                    .Select(c => new PythonList(
                        fill is null or PythonNone ? c : [.. c, .. Enumerable.Repeat(fill, size - c.Length)]
                    ))
            )
        );
    }

    private static PythonGenerator Slices(object value, int slices, object? fill)
    {
        if (slices is < 1 or > 100_000)
        {
            throw new PythonException("'slice' wants a number of slices");
        }

        return new PythonGenerator(Later(() => Sliced([.. PythonObjects.Iterate(value)], slices, fill)));
    }

    private static IEnumerable<object> Sliced(List<object> items, int slices, object? fill)
    {
        int length = items.Count / slices,
            longer = items.Count % slices;
        return Enumerable
            .Range(0, slices)
            .Select(i =>
            {
                IEnumerable<object> part = items
                    .Skip((i * length) + Math.Min(i, longer))
                    .Take(length + (i < longer ? 1 : 0));
                return new PythonList([
                    .. part,
                    .. fill is not (null or PythonNone) && i >= longer && longer > 0 ? [fill] : Array.Empty<object>(),
                ]);
            });
    }

    private static object Rounded(object number, int precision, string method)
    {
        if (precision is < 0 or > 15)
        {
            throw new PythonException("'round' wants a precision from 0 to 15");
        }

        if (number is bool or long && method == "common")
        {
            return PythonArithmetic.Whole(number);
        }

        double value = PythonArithmetic.Number(number),
            scale = Math.Pow(10, precision);
        return method switch
        {
            "common" => Math.Round(value, precision, MidpointRounding.ToEven),
            "ceil" => Math.Ceiling(value * scale) / scale,
            "floor" => Math.Floor(value * scale) / scale,
            _ => throw new PythonException("the method of 'round' is common, ceil or floor"),
        };
    }

    private static object Int(object value, object otherwise, int radix)
    {
        switch (value)
        {
            case Undefined missing:
                throw missing.Error;
            case bool or long:
                return PythonArithmetic.Whole(value);
            case double number:
                return double.IsFinite(number) && Math.Abs(number) < 9e18 ? (object)(long)number : otherwise;
            case string when radix != 10:
                throw new PythonException("'int' with a base is not supported", unsupported: true);
            case string text:
                string digits = PythonText.Strip(text, null).Replace("_", "", StringComparison.Ordinal);
                if (long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole))
                {
                    return whole;
                }

                return
                    Float(digits, PythonNone.Value) is double parsed
                    && double.IsFinite(parsed)
                    && Math.Abs(parsed) < 9e18
                    ? (object)(long)parsed
                    : otherwise;
            default:
                return otherwise;
        }
    }

    private static object Float(object value, object otherwise) =>
        value switch
        {
            Undefined missing => throw missing.Error,
            bool or long or double => (object)PythonArithmetic.Number(value),
            string text
                when double.TryParse(
                    PythonText.Strip(text, null),
                    NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
                    CultureInfo.InvariantCulture,
                    out double number
                ) => number,
            _ => otherwise,
        };

    private static string Indented(string text, CallArguments arguments)
    {
        string margin = arguments.Find(0, "width") is string given
            ? given
            : new string(' ', Math.Clamp(arguments.Whole(0, "width", 4), 0, 1000));
        bool first = arguments.Flag(1, "first"),
            blank = arguments.Flag(2, "blank");
        string[] lines = [.. PythonMethods.Lines(text + "\n", keepEnds: false).Items.Cast<string>()];
        for (int i = 0; i < lines.Length; i++)
        {
            if (i == 0 ? first : blank || lines[i].Length > 0)
            {
                lines[i] = margin + lines[i];
            }
        }

        JinjaBudget.Bounded(lines.Sum(l => l.Length + 1L));
        return string.Join('\n', lines);
    }

    /// <summary>Jinja2's own rule: a word starts behind a blank, a hyphen or a bracket.</summary>
    private static string Title(string text)
    {
        var title = new System.Text.StringBuilder(text.Length);
        int start = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && !PythonText.IsSpace(text[i]) && text[i] is not ('-' or '(' or '{' or '[' or '<'))
            {
                continue;
            }

            if (i > start)
            {
                int step = PythonText.Step(text, start);
                title
                    .Append(PythonText.Upper(text.Substring(start, step)))
                    .Append(PythonText.Lower(text[(start + step)..i]));
            }

            if (i < text.Length)
            {
                title.Append(text[i]);
            }

            start = i + 1;
        }

        return title.ToString();
    }

    private static long Words(string text)
    {
        long words = 0;
        bool inside = false;
        foreach (char c in text)
        {
            bool part = char.IsLetterOrDigit(c) || c == '_';
            if (part && !inside)
            {
                words++;
            }

            inside = part;
        }

        return words;
    }
}
