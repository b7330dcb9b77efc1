using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Pipelines.Models.Text.Templates;

/// <summary>
/// Python's json.dumps as the filter <c>tojson</c> of transformers calls it, and the way from JSON to values.
/// </summary>
internal static class PythonJson
{
    /// <summary>A value as JSON.</summary>
    /// <param name="value">What json.dumps takes.</param>
    /// <param name="indent">What one level is indented by; null = on one line.</param>
    /// <param name="separators">Between items, and behind keys.</param>
    /// <param name="sorted">Keys in order.</param>
    /// <param name="ascii">Other characters as <c>\uXXXX</c>.</param>
    public static string Of(object value, string? indent, (string Item, string Key) separators, bool sorted, bool ascii)
    {
        var json = new StringBuilder();
        Append(json, value, 0);
        return json.ToString();

        void Append(StringBuilder text, object item, int depth)
        {
            PythonObjects.RequireStack();
            if (text.Length > JinjaBudget.MostCharacters)
            {
                throw new PythonException("a text grows too long", unsupported: true);
            }

            switch (item)
            {
                case PythonNone:
                    text.Append("null");
                    break;
                case bool flag:
                    text.Append(flag ? "true" : "false");
                    break;
                case long whole:
                    text.Append(whole.ToString(CultureInfo.InvariantCulture));
                    break;
                case double number:
                    text.Append(Number(number));
                    break;
                case string inner:
                    AppendText(text, inner, ascii);
                    break;
                case PythonList or PythonTuple:
                    Enclose(
                        text,
                        '[',
                        ']',
                        ((PythonSequence)item).Items.Select(i => (Action)(() => Append(text, i, depth + 1))),
                        depth
                    );
                    break;
                case PythonDict dict:
                    IEnumerable<KeyValuePair<object, object>> entries = sorted
                        ? dict.Entries.Order(KeyOrder)
                        : dict.Entries;
                    Enclose(
                        text,
                        '{',
                        '}',
                        entries.Select(e =>
                            (Action)(
                                () =>
                                {
                                    AppendText(text, Key(e.Key), ascii);
                                    text.Append(separators.Key);
                                    Append(text, e.Value, depth + 1);
                                }
                            )
                        ),
                        depth
                    );
                    break;
                default:
                    throw new PythonException($"a {PythonObjects.TypeOf(item)} has no form in JSON");
            }
        }

        void Enclose(StringBuilder text, char open, char close, IEnumerable<Action> items, int depth)
        {
            bool any = false;
            text.Append(open);
            foreach (Action append in items)
            {
                if (any)
                {
                    text.Append(separators.Item);
                }

                Break(text, depth + 1);
                append();
                any = true;
            }

            if (any)
            {
                Break(text, depth);
            }

            text.Append(close);
        }

        void Break(StringBuilder text, int depth)
        {
            if (indent is null)
            {
                return;
            }

            text.Append('\n');
            for (int i = 0; i < depth; i++)
            {
                text.Append(indent);
            }
        }
    }

    /// <summary>The value that Python reads from JSON.</summary>
    public static object Read(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                var dict = new PythonDict();
                foreach (JsonProperty property in json.EnumerateObject())
                {
                    dict.Set(property.Name, Read(property.Value));
                }

                return dict;
            case JsonValueKind.Array:
                return new PythonList([.. json.EnumerateArray().Select(Read)]);
            case JsonValueKind.String:
                return json.GetString()!;
            case JsonValueKind.Number:
                return json.TryGetInt64(out long whole) && !json.GetRawText().AsSpan().ContainsAny('.', 'e', 'E')
                    ? (object)whole
                    : json.GetDouble();
            case JsonValueKind.True or JsonValueKind.False:
                return json.GetBoolean();
            default:
                return PythonNone.Value;
        }
    }

    private static Comparer<KeyValuePair<object, object>> KeyOrder { get; } =
        Comparer<KeyValuePair<object, object>>.Create((a, b) => PythonObjects.Compare(a.Key, b.Key) ?? 0);

    private static string Number(double number) =>
        double.IsNaN(number) ? "NaN"
        : double.IsInfinity(number) ? (number > 0 ? "Infinity" : "-Infinity")
        : PythonObjects.Shown(number);

    private static string Key(object key) =>
        key switch
        {
            string text => text,
            bool flag => flag ? "true" : "false",
            PythonNone => "null",
            long or double => PythonObjects.Text(key),
            _ => throw new PythonException($"a {PythonObjects.TypeOf(key)} cannot be a key in JSON"),
        };

    private static void AppendText(StringBuilder target, string text, bool ascii)
    {
        target.Append('"');
        foreach (char c in text)
        {
            switch (c)
            {
                case '"':
                    target.Append("\\\"");
                    break;
                case '\\':
                    target.Append("\\\\");
                    break;
                case '\n':
                    target.Append("\\n");
                    break;
                case '\r':
                    target.Append("\\r");
                    break;
                case '\t':
                    target.Append("\\t");
                    break;
                case '\b':
                    target.Append("\\b");
                    break;
                case '\f':
                    target.Append("\\f");
                    break;
                default:
                    if (c < ' ' || (ascii && c > '~'))
                    {
                        target.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
                    }
                    else
                    {
                        target.Append(c);
                    }

                    break;
            }
        }

        target.Append('"');
    }
}
