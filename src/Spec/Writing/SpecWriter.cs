using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Pipelines.Spec.Reading;
using Pipelines.Spec.Shapes;

namespace Pipelines.Spec.Writing;

/// <summary>
/// Writes an experiment with every default, input and path resolved. Reading the text again gives the same experiment,
/// whatever the folder and the environment.
/// </summary>
public static partial class SpecWriter
{
    /// <summary>The experiment as YAML, line ends "\n"; values that are the defaults carry a comment.</summary>
    /// <param name="experiment">A valid experiment.</param>
    public static string ToYaml(Experiment experiment)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        var text = new StringBuilder("# All settings of a run, defaults and inputs written out, paths absolute.\n");
        Fields(text, ShapeReader.Experiment, experiment, 0);
        return text.ToString();
    }

    private static void Fields(StringBuilder text, Shape.Fields record, object instance, int depth)
    {
        foreach (Field field in record.All)
        {
            object? value = field.Property.GetValue(instance);
            if (value is null)
            {
                continue;
            }

            switch (field.Shape)
            {
                case Shape.Family family when field.Inline:
                    Member(text, family, value, depth, field.Default);
                    break;
                case Shape.Family family:
                    Open(text, field.Name, depth);
                    Member(text, family, value, depth + 1, field.Default);
                    break;
                case Shape.Fields inner when inner.All.All(f => f.Property.GetValue(value) is null):
                    Line(text, field.Name, "{}", depth);
                    break;
                case Shape.Fields inner:
                    Open(text, field.Name, depth);
                    Fields(text, inner, value, depth + 1);
                    break;
                case Shape.Stages stages:
                    Open(text, field.Name, depth);
                    foreach (StageNode stage in (IReadOnlyList<StageNode>)value)
                    {
                        Stage(text, stages.Specs, stage, depth + 1);
                    }

                    break;
                default:
                    string flow = Flow(value);
                    bool isStandard = field.Default is { } standard && Flow(standard) == flow;
                    Line(text, field.Name, flow + (isStandard ? "  # default" : ""), depth);
                    break;
            }
        }
    }

    private static void Member(
        StringBuilder text,
        Shape.Family family,
        object value,
        int depth,
        object? standard = null
    )
    {
        bool isByValue = family.IsByValue(value);
        Line(
            text,
            family.Key,
            Flow(family.Said(value)) + (isByValue && value.Equals(standard) ? "  # default" : ""),
            depth
        );
        if (!isByValue)
        {
            Fields(text, family.Of(value), value, depth);
        }
    }

    private static void Stage(StringBuilder text, Shape.Family specs, StageNode stage, int depth)
    {
        Open(text, stage.Name, depth);
        Member(text, specs, stage.Spec, depth + 1);
        if (stage.Spec.Needs.Count == 0)
        {
            return;
        }

        IEnumerable<string> inputs = stage.Spec.Needs.Select(n =>
            $"{n.Role}: {stage.Inputs.GetValueOrDefault(n.Role, StageInputs.None)}"
        );
        Line(text, "inputs", $"{{ {string.Join(", ", inputs)} }}", depth + 1);
    }

    private static void Open(StringBuilder text, string key, int depth) =>
        text.Append(' ', 2 * depth).Append(key).Append(":\n");

    private static void Line(StringBuilder text, string key, string value, int depth) =>
        text.Append(' ', 2 * depth).Append(key).Append(": ").Append(value).Append('\n');

    private static string Flow(object? value) =>
        value switch
        {
            string text => Scalar(text),
            SpecPath path => Scalar(PathText.Escape(path.Full)),
            double number when !number.ToString(CultureInfo.InvariantCulture).AsSpan().ContainsAny('.', 'E') =>
                number.ToString("F1", CultureInfo.InvariantCulture),
            { } record when ShapeReader.KeyedOf(record) is { } keyed => keyed.ValueOf(record) is { } word
                ? Flow(word)
                : "{ " + string.Join(", ", keyed.Entries(record).Select(e => $"{e.Key}: {Flow(e.Value)}")) + " }",
            IDictionary { Count: 0 } => "{}",
            IDictionary map => "{ "
                + string.Join(", ", Spelling.Entries(map).Select(e => $"{Scalar(e.Key)}: {Flow(e.Value)}"))
                + " }",
            IEnumerable list => "[" + string.Join(", ", list.Cast<object?>().Select(Flow)) + "]",
            _ => Spelling.Value(value),
        };

    /// <summary>Plain where nothing in it can be misread, else in double quotes.</summary>
    private static string Scalar(string text)
    {
        if (Plain().IsMatch(text) && !Word().IsMatch(text))
        {
            return text;
        }

        var quoted = new StringBuilder("\"");
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' or '\\' => quoted.Append('\\').Append(c),
                '\n' => quoted.Append("\\n"),
                '\t' => quoted.Append("\\t"),
                '\r' => quoted.Append("\\r"),
                < ' ' or (>= '\u007f' and <= '\u00a0') or '\u2028' or '\u2029' or '\ufeff' or '\ufffe' or '\uffff' =>
                    quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => quoted.Append(c),
            };
        }
        return quoted.Append('"').ToString();
    }

    [GeneratedRegex(@"^[A-Za-z_/][A-Za-z0-9_./=-]*\z")]
    private static partial Regex Plain();

    /// <summary>Words that some reader of YAML takes for something else than text.</summary>
    [GeneratedRegex(@"^(true|false|null|yes|no|on|off|y|n)\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
