using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Pipelines.Spec.Reading;

/// <summary>
/// Builds the values of one YAML document from YamlDotNet's events. Own nodes rather than YamlDotNet's, so that
/// duplicate keys are reported all at once, places are kept, and depth and size are bounded before anything walks them.
/// </summary>
internal sealed class YamlLoader
{
    private const int Deepest = 32;
    private const long Heaviest = 100_000;

    private readonly SpecSource source;
    private readonly ErrorList errors;
    private readonly Parser parser;
    private readonly Dictionary<string, YamlValue?> anchors = new(StringComparer.Ordinal);
    private long built;

    private YamlLoader(SpecSource source, ErrorList errors)
    {
        this.source = source;
        this.errors = errors;
        parser = new Parser(new StringReader(source.Text));
    }

    /// <summary>
    /// The document's value; null where it is no YAML, which is then in <paramref name="errors"/>. Duplicate keys are
    /// reported too, and the first of them kept.
    /// </summary>
    public static YamlValue? Load(SpecSource source, ErrorList errors)
    {
        var loader = new YamlLoader(source, errors);
        try
        {
            return loader.Document();
        }
        catch (YamlException e)
        {
            YamlSyntax.Add(source, errors, (int)e.Start.Line, (int)e.Start.Column, e.Message);
            return null;
        }
        catch (Exception e)
            when (e
                    is InvalidOperationException
                        or ArgumentException
                        or FormatException
                        or OverflowException
                        or IndexOutOfRangeException
                        or NullReferenceException
            )
        {
            // What YamlDotNet throws instead on some damaged input, for example "[a\nb: c".
            Mark reached = loader.parser.Current?.End ?? Mark.Empty;
            YamlSyntax.Add(source, errors, (int)reached.Line, (int)reached.Column, "");
            return null;
        }
        catch (Refused e)
        {
            errors.Add(e.At, "", e.Message);
            return null;
        }
    }

    private YamlValue? Document()
    {
        parser.Consume<StreamStart>();
        if (parser.Accept<StreamEnd>(out _))
        {
            errors.Add(new SourceMark(source, 1, 1), "", $"the file is empty: {source.WhenEmpty}");
            return null;
        }
        parser.Consume<DocumentStart>();
        YamlValue root = Value(0);
        parser.Consume<DocumentEnd>();
        if (!parser.Accept<StreamEnd>(out _))
        {
            throw new Refused(
                Place(parser.Current!),
                "a second document begins here: a file holds one experiment (for several use 'matrix:')"
            );
        }

        return root;
    }

    private YamlValue Value(int depth)
    {
        ParsingEvent next = parser.Consume<ParsingEvent>();
        SourceMark at = Place(next);
        if (depth > Deepest)
        {
            throw new Refused(at, $"nested more than {Deepest} deep: no spec needs that");
        }

        if (++built > Heaviest)
        {
            throw new Refused(at, $"more than {Heaviest} values: no spec needs that many");
        }

        if (next is AnchorAlias alias)
        {
            return Aliased(alias, at);
        }

        if (next is not NodeEvent node)
        {
            throw new Refused(at, "not YAML: a value is wanted here");
        }

        if (!node.Tag.IsEmpty && !node.Tag.IsNonSpecific)
        {
            throw new Refused(at, $"the tag {ErrorList.Quote(node.Tag.Value)} is not supported: leave it out");
        }

        if (!node.Anchor.IsEmpty)
        {
            anchors[node.Anchor.Value] = null;
        }

        YamlValue value = node switch
        {
            Scalar scalar => new YamlText(at, scalar.Value, scalar.Style is not ScalarStyle.Plain),
            SequenceStart => List(at, depth),
            _ => Map(at, depth),
        };
        if (value.Weight > Heaviest)
        {
            throw new Refused(at, $"its aliases stand for more than {Heaviest} values: no spec needs that many");
        }

        if (!node.Anchor.IsEmpty)
        {
            anchors[node.Anchor.Value] = value;
        }

        return value;
    }

    private YamlValue Aliased(AnchorAlias alias, SourceMark at)
    {
        string name = alias.Value.Value;
        if (!anchors.TryGetValue(name, out YamlValue? value))
        {
            throw new Refused(at, $"the alias *{name} has no anchor &{name} above it");
        }

        return value ?? throw new Refused(at, $"the alias *{name} stands inside its own anchor &{name}");
    }

    private YamlList List(SourceMark at, int depth)
    {
        var items = new List<YamlValue>();
        while (!parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(Value(depth + 1));
        }

        return new YamlList(at, items);
    }

    private YamlMap Map(SourceMark at, int depth)
    {
        var entries = new List<YamlEntry>();
        var first = new Dictionary<string, YamlText>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            YamlValue key = Value(depth + 1);
            if (key is not YamlText name)
            {
                throw new Refused(key.At, $"a key must be a text, not {key.Described}");
            }

            if (name.Text == "<<" && !name.Quoted)
            {
                throw new Refused(
                    key.At,
                    "merge keys ('<<') are not supported: write the keys out, or use an alias for a whole value"
                );
            }

            YamlValue value = Value(depth + 1);
            if (first.TryAdd(name.Text, name))
            {
                entries.Add(new YamlEntry(name, value));
            }
            else
            {
                errors.Add(
                    name.At,
                    "",
                    $"the key {ErrorList.Quote(name.Text)} is there "
                        + $"twice{(source.HasLines ? $": first on line {first[name.Text].At.Line}" : "")}"
                );
            }
        }
        return new YamlMap(at, entries);
    }

    private SourceMark Place(ParsingEvent e) => new(source, (int)e.Start.Line, (int)e.Start.Column);

    /// <summary>YAML that a spec may not use; ends the reading.</summary>
    private sealed class Refused(SourceMark at, string message) : Exception(message)
    {
        public SourceMark At { get; } = at;
    }
}
