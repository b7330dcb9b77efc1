using System.Text.Json;
using System.Text.Json.Nodes;
using Pipelines.Spec.Reading;
using Pipelines.Spec.Shapes;

namespace Pipelines.Spec.Writing;

/// <summary>
/// The JSON Schema (draft 7, which editors know best) of spec files, made from the records: completion, descriptions
/// and checks while typing.
/// </summary>
public static class SpecSchema
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NewLine = "\n",
    };

    /// <summary>
    /// The schema as JSON text. The first line of a spec may name it: <c># yaml-language-server: $schema=…</c>.
    /// </summary>
    public static string Json()
    {
        JsonObject root = Record(ShapeReader.Experiment);
        root["properties"]!.AsObject()[Matrix.Key] = Axes();
        var schema = new JsonObject
        {
            ["$schema"] = "http://json-schema.org/draft-07/schema#",
            ["title"] = "Pipelines experiment",
            ["description"] = XmlDocs.Summary(typeof(Experiment)),
        };
        schema["if"] = new JsonObject { ["required"] = new JsonArray(Collection.Key) };
        schema["then"] = Listed();
        schema["else"] = new JsonObject
        {
            ["if"] = new JsonObject { ["required"] = new JsonArray(Inheritance.Key) },
            ["then"] = Derived(),
            ["else"] = root,
        };
        return schema.ToJsonString(Indented) + "\n";
    }

    /// <summary>The schema of a file of settings that is no experiment.</summary>
    /// <typeparam name="T">A record that carries <see cref="SettingsFileAttribute"/>.</typeparam>
    public static string Json<T>()
        where T : class
    {
        var schema = new JsonObject
        {
            ["$schema"] = "http://json-schema.org/draft-07/schema#",
            ["title"] = $"Pipelines {SettingsFileAttribute.Of(typeof(T)).What}",
            ["description"] = XmlDocs.Summary(typeof(T)),
        };
        foreach ((string key, JsonNode? value) in Record((Shape.Fields)ShapeReader.Of(typeof(T))).ToArray())
        {
            schema[key] = value?.DeepClone();
        }

        return schema.ToJsonString(Indented) + "\n";
    }

    /// <summary>A spec that lists other specs.</summary>
    private static JsonObject Listed() =>
        new()
        {
            ["type"] = "object",
            ["properties"] = new JsonObject
            {
                ["name"] = new JsonObject
                {
                    ["type"] = "string",
                    ["pattern"] = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$",
                    ["description"] = "Name: its overview lies in artifacts/runs/<name>/overview.",
                },
                [Collection.Key] = new JsonObject
                {
                    ["type"] = "array",
                    ["items"] = new JsonObject { ["type"] = "string", ["minLength"] = 1 },
                    ["minItems"] = 1,
                    ["uniqueItems"] = true,
                    ["description"] =
                        "Spec files, relative to this one: their experiments are run as one plan, in this order.",
                },
            },
            ["required"] = new JsonArray("name", Collection.Key),
            ["additionalProperties"] = false,
        };

    /// <summary>
    /// A spec that builds on another: what stands in it is judged together with its base, by the program.
    /// </summary>
    private static JsonObject Derived() =>
        new()
        {
            ["type"] = "object",
            ["properties"] = new JsonObject
            {
                [Inheritance.Key] = new JsonObject
                {
                    ["type"] = "string",
                    ["minLength"] = 1,
                    ["description"] =
                        "The spec beside this one that it builds on. Mappings are merged; anything else replaces "
                        + "what the base has.",
                },
            },
            ["required"] = new JsonArray("name", Inheritance.Key),
        };

    private static JsonObject Axes() =>
        new()
        {
            ["type"] = "object",
            ["description"] =
                "Fields (paths such as prompt or stages.masks.ablate) with the values they take: the cross product "
                + "is run as one plan.",
            ["minProperties"] = 1,
            ["additionalProperties"] = new JsonObject { ["type"] = "array", ["minItems"] = 1 },
        };

    private static JsonObject Of(Field field)
    {
        JsonObject schema = Of(field.Shape);
        JsonNode value = field.Shape is Shape.List ? schema["items"]! : schema;
        if (field.Bounds is { } bounds)
        {
            (value["minimum"], value["maximum"]) = (bounds.Least, bounds.Most);
        }

        if (field.Form is { } form)
        {
            value["pattern"] = form.Regex;
        }

        if (field.OneOrMore)
        {
            schema = new JsonObject { ["anyOf"] = new JsonArray(value.DeepClone(), schema) };
        }

        if (field.Default is not null && field.Shape is not Shape.Fields and not Shape.Family)
        {
            schema["default"] = Literal(field.Default);
        }

        if (field.Note.Length > 0)
        {
            schema["description"] = field.Note;
        }

        return schema;
    }

    private static JsonObject Of(Shape shape) =>
        shape switch
        {
            Shape.Flag => Typed("boolean"),
            Shape.Whole => Typed("integer"),
            Shape.Number => Typed("number"),
            Shape.Text => Typed("string", "number", "boolean"),
            Shape.Path => new JsonObject { ["type"] = "string", ["minLength"] = 1 },
            Shape.Choice choice => new JsonObject
            {
                ["enum"] = new JsonArray([.. choice.Values.Keys.Select(k => JsonValue.Create(k))]),
            },
            Shape.List list => new JsonObject
            {
                ["type"] = "array",
                ["items"] = Of(list.Item),
                ["minItems"] = 1,
                ["uniqueItems"] = true,
            },
            Shape.Map map => new JsonObject { ["type"] = "object", ["additionalProperties"] = Of(map.Item) },
            Shape.Fields record => Record(record),
            Shape.Keyed keyed => new JsonObject
            {
                ["anyOf"] = new JsonArray([Of(keyed.Word), .. keyed.Members.Values.Select(m => (JsonNode)Record(m))]),
            },
            Shape.Family family => Family(family, Variants(family, null, null)),
            Shape.Stages stages => new JsonObject
            {
                ["type"] = "object",
                ["minProperties"] = 1,
                ["propertyNames"] = new JsonObject { ["pattern"] = "^(?!none$)[A-Za-z][A-Za-z0-9_-]*$" },
                ["additionalProperties"] = Family(stages.Specs, Variants(stages.Specs, null, Inputs)),
            },
            _ => throw new NotSupportedException($"no schema for {shape.GetType().Name}"),
        };

    /// <summary>A text may look like a number: the reader takes it as it is written.</summary>
    private static JsonObject Typed(params string[] types) =>
        new() { ["type"] = types.Length == 1 ? types[0] : new JsonArray([.. types.Select(t => JsonValue.Create(t))]) };

    private static JsonObject Record(Shape.Fields record) => Closed(new Variant([], record.All, null));

    /// <summary>One way to fill a mapping whose keys depend on choosing keys.</summary>
    /// <param name="Choices">Choosing keys.</param>
    /// <param name="Fields">The keys that go with them.</param>
    /// <param name="Inputs">Schema of <c>inputs</c>, or null.</param>
    private sealed record Variant(IReadOnlyList<Choice> Choices, IReadOnlyList<Field> Fields, JsonObject? Inputs);

    /// <summary>A choosing key and what it says.</summary>
    /// <param name="Key">The key.</param>
    /// <param name="Name">The name of a member; null where a member is written as its value.</param>
    /// <param name="Value">Schema of what is written.</param>
    /// <param name="Note">What it means.</param>
    /// <param name="IsDefault">It may be left out.</param>
    private sealed record Choice(string Key, string? Name, JsonObject Value, string Note, bool IsDefault);

    /// <summary>
    /// The members of a family; a member with an inline family is there once for each of that one's members.
    /// </summary>
    private static IEnumerable<Variant> Variants(
        Shape.Family family,
        object? standard,
        Func<Shape.Fields, JsonObject>? inputs
    )
    {
        foreach ((string name, Shape.Fields member) in family.Members)
        {
            var own = new Choice(
                family.Key,
                name,
                new JsonObject { ["const"] = name },
                XmlDocs.Summary(member.Type),
                standard is not null && member == family.Of(standard)
            );
            IEnumerable<Variant> made =
            [
                new Variant([own], [.. member.All.Where(f => !f.Inline)], inputs?.Invoke(member)),
            ];
            foreach (Field inline in member.All.Where(f => f.Inline))
            {
                made = made.SelectMany(v =>
                    Variants((Shape.Family)inline.Shape, inline.Default, null)
                        .Select(i =>
                            v with
                            {
                                Choices = [.. v.Choices, .. i.Choices],
                                Fields = [.. i.Fields, .. v.Fields],
                            }
                        )
                );
            }
            foreach (Variant variant in made)
            {
                yield return variant;
            }
        }
        if (family.ByValue is { } byValue)
        {
            yield return new Variant(
                [
                    new Choice(
                        family.Key,
                        null,
                        Of(byValue.All[0]),
                        byValue.All[0].Note,
                        standard is not null && family.IsByValue(standard)
                    ),
                ],
                [],
                null
            );
        }
    }

    /// <summary>
    /// The choosing keys with all their values, then for each way to fill the mapping what it must hold.
    /// </summary>
    private static JsonObject Family(Shape.Family family, IEnumerable<Variant> variants)
    {
        var ways = new JsonArray();
        var choices = new JsonObject();
        variants = [.. variants];
        foreach (IGrouping<string, Choice> key in variants.SelectMany(v => v.Choices).GroupBy(c => c.Key))
        {
            var names = new JsonObject { ["enum"] = Names(key.Select(c => c.Name).OfType<string>().Distinct()) };
            if (variants.FirstOrDefault(v => v.Choices.Any(c => c.Key == key.Key && c.Name is null)) is not { } byValue)
            {
                choices[key.Key] = names;
            }
            else
            {
                // The key may be a plain field of another member: what it takes is said for this one alone.
                var either = new JsonObject
                {
                    ["anyOf"] = new JsonArray(names, key.First(c => c.Name is null).Value.DeepClone()),
                };
                ways.Add(
                    new JsonObject
                    {
                        ["if"] = When(byValue.Choices.Where(c => c.Key != key.Key)),
                        ["then"] = new JsonObject { ["properties"] = new JsonObject { [key.Key] = either } },
                    }
                );
            }
        }
        foreach (Variant variant in variants)
        {
            ways.Add(new JsonObject { ["if"] = When(variant.Choices), ["then"] = Closed(variant) });
        }

        return new JsonObject
        {
            ["type"] = "object",
            ["properties"] = choices,
            ["required"] = Names([family.Key]),
            ["allOf"] = ways,
        };
    }

    /// <summary>That these choices were made, those that may be left out perhaps so.</summary>
    private static JsonObject When(IEnumerable<Choice> choices)
    {
        var chosen = new JsonObject();
        foreach (Choice choice in choices)
        {
            chosen[choice.Key] = choice.Value.DeepClone();
        }

        return new JsonObject
        {
            ["properties"] = chosen,
            ["required"] = Names(choices.Where(c => !c.IsDefault).Select(c => c.Key)),
        };
    }

    private static JsonObject Closed(Variant variant)
    {
        var properties = new JsonObject();
        foreach (Choice choice in variant.Choices)
        {
            JsonObject value = choice.Value.DeepClone().AsObject();
            value["description"] = choice.Note;
            properties[choice.Key] = value;
        }
        foreach (Field field in variant.Fields)
        {
            properties[field.Name] = Of(field);
        }

        if (variant.Inputs is { } inputs)
        {
            properties["inputs"] = inputs.DeepClone();
        }

        return new JsonObject
        {
            ["type"] = "object",
            ["properties"] = properties,
            ["required"] = Names(variant.Fields.Where(f => f.Required).Select(f => f.Name)),
            ["additionalProperties"] = false,
        };
    }

    private static JsonObject Inputs(Shape.Fields stage)
    {
        var roles = new JsonObject();
        foreach (StageInput need in ((StageSpec)Activator.CreateInstance(stage.Type)!).MayNeed)
        {
            string none = need.Optional ? $", or '{StageInputs.None}'" : "";
            roles[need.Role] = new JsonObject
            {
                ["type"] = "string",
                ["description"] =
                    $"Name of the {Spelling.Of(need.Kind)} stage to read{none}; left out, the one earlier stage "
                    + $"of that kind.",
            };
        }
        return new JsonObject
        {
            ["type"] = "object",
            ["properties"] = roles,
            ["additionalProperties"] = false,
        };
    }

    private static JsonArray Names(IEnumerable<string> names) => new([.. names.Select(n => JsonValue.Create(n))]);

    private static JsonNode? Literal(object value) =>
        value switch
        {
            bool flag => flag,
            int whole => whole,
            double number => number,
            System.Collections.IDictionary => new JsonObject(),
            System.Collections.IEnumerable list and not string => new JsonArray([
                .. list.Cast<object>().Select(Literal),
            ]),
            _ => Spelling.Value(value),
        };
}
