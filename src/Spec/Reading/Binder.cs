using System.Collections;
using Pipelines.Spec.Shapes;

namespace Pipelines.Spec.Reading;

/// <summary>
/// Turns the values of a document into records. It goes on after an error, so that all errors of a file are found; what
/// it returns is of use only where there was none.
/// </summary>
/// <param name="errors">Takes what is wrong.</param>
/// <param name="environment">Values of variables in paths.</param>
/// <param name="folder">Absolute folder that relative paths start from.</param>
/// <param name="whole">The document; null: an experiment.</param>
internal sealed class Binder(
    ErrorList errors,
    Func<string, string?> environment,
    string folder,
    Shape.Fields? whole = null
)
{
    private const int MostStages = 1000;

    private readonly Shape.Fields whole = whole ?? ShapeReader.Experiment;
    private readonly Scalars scalars = new(errors);
    private readonly Dictionary<string, SourceMark> places = new(StringComparer.Ordinal);

    /// <summary>Where each field that the file sets, and that could be read, has its value.</summary>
    public IReadOnlyDictionary<string, SourceMark> Places => places;

    /// <summary>The experiment of a document whose matrix has been taken out.</summary>
    public Experiment Experiment(YamlMap root)
    {
        object made = Activator.CreateInstance(ShapeReader.Experiment.Type)!;
        var keys = new KeysOf(root, "", errors, whole);
        Fill(made, ShapeReader.Experiment, root, "", keys);
        keys.Known(Matrix.Key);
        keys.OfFiles(Inheritance.Key, Collection.Key);
        if (root.Find("stages")?.Value is YamlMap stages)
        {
            keys.Below("stages", stages.Entries.Select(e => e.Key.Text));
        }

        keys.Finish();
        var experiment = (Experiment)made;
        if (experiment.Data is not null && experiment.Stages is not null)
        {
            Data(experiment);
        }

        return experiment;
    }

    /// <summary>A document that is no experiment: the record that its shape is of.</summary>
    public object Settings(YamlMap root) => Fields(whole, root, "");

    /// <summary>Every stage can work on the data, and the data have what is asked for.</summary>
    private void Data(Experiment experiment)
    {
        bool own = experiment.Data.MayHaveQuestions;
        if (experiment.Target is { IsDifference: true } && !own)
        {
            errors.Add(
                places["target.kind"],
                "target.kind",
                "these data have no counter-answers: a logit difference wants data: { kind: questions }"
            );
        }

        if (!own && experiment.Prompt is { } prompt && prompt.Contains(Prompts.Question, StringComparison.Ordinal))
        {
            errors.Add(
                places["prompt"],
                "prompt",
                $"{Prompts.Question} stands for a picture's own question, and these data have none"
            );
        }

        if (experiment.Data is QuestionsData && experiment.Prompt is { } asked && !Prompts.TakesQuestion(asked))
        {
            errors.Add(
                places["prompt"],
                "prompt",
                $"the data bring a question for every picture: the prompt is the text around {Prompts.Question}, for "
                    + $"example 'Look at the image. {Prompts.Question}', or is left out"
            );
        }

        foreach (StageNode node in experiment.Stages)
        {
            string path = $"stages.{node.Name}";
            if (node.Spec.ObjectionTo(experiment.Data) is { } why)
            {
                errors.Add(places[path], path, why);
            }
        }
    }

    private object? Value(Shape shape, YamlValue value, string path, Field? field)
    {
        if (value is YamlText { IsNull: true })
        {
            if (field is not { Required: false, Default: null })
            {
                errors.Add(value.At, path, "there is no value", Allowed(shape, field));
            }

            return null;
        }
        switch (shape, value)
        {
            case (Shape.Flag, YamlText text):
                return scalars.Flag(text, path);
            case (Shape.Whole, YamlText text):
                return scalars.Whole(text, path, field?.Bounds);
            case (Shape.Number, YamlText text):
                return scalars.Number(text, path, field?.Bounds);
            case (Shape.Text, YamlText text):
                return scalars.Text(text, path, field?.Form);
            case (Shape.Path, YamlText text):
                return SpecPath(text, path, field?.Form);
            case (Shape.Choice choice, YamlText text):
                return scalars.Choice(choice, text, path);
            case (Shape.List list, YamlList items):
                return Listed(list, items, path, field);
            case (Shape.List list, YamlText text) when field is { OneOrMore: true }:
                return List(list, [text], path, field);
            case (Shape.Map map, YamlMap entries):
                return Map(map, entries, path);
            case (Shape.Fields record, YamlMap map):
                return Fields(record, map, path);
            case (Shape.Family family, YamlMap map):
                return Member(family, map, path);
            case (Shape.Keyed keyed, YamlText text):
                return Word(keyed, text, path);
            case (Shape.Keyed keyed, YamlMap map):
                return Keyed(keyed, map, path);
            case (Shape.Stages stages, YamlMap map):
                return Stages(stages, map, path);
            case (Shape.List, YamlText { Quoted: false } text):
                errors.Add(
                    text.At,
                    path,
                    $"{text.Described} is not a list",
                    null,
                    $"[{ErrorList.Quote(text.Text).Trim('\'')}]"
                );
                return null;
            default:
                errors.Add(value.At, path, $"{value.Described} stands where {shape.Wanted} is wanted");
                return null;
        }
    }

    private static string Allowed(Shape shape, Field? field)
    {
        string standard =
            field?.Default is null or IList or IDictionary || shape is Shape.Fields or Shape.Family
                ? ""
                : $"; left out, it is {Spelling.Value(field.Default)}";
        return shape.Wanted + standard;
    }

    /// <summary>A path, or one of the words that may stand in its place.</summary>
    private SpecPath? SpecPath(YamlText text, string path, FormAttribute? form)
    {
        if (scalars.Text(text, path, form) is not { } raw)
        {
            return null;
        }

        if (form is not null && form.Words.Contains(raw))
        {
            return new SpecPath(raw, raw);
        }

        if (PathText.Full(raw, environment, folder, out string? problem) is { } full)
        {
            return new SpecPath(raw, full);
        }

        errors.Add(text.At, path, problem!);
        return null;
    }

    private Array? Listed(Shape.List list, YamlList items, string path, Field? field)
    {
        if (items.Items.Count > 0)
        {
            return List(list, items.Items, path, field);
        }

        errors.Add(
            items.At,
            path,
            "the list is empty",
            list.Item is Shape.Choice or Shape.Keyed ? list.Item.Wanted : "at least one entry"
        );
        return null;
    }

    private Array List(Shape.List list, IReadOnlyList<YamlValue> items, string path, Field? field)
    {
        var values = new List<object>();
        var seen = new HashSet<object>();
        foreach (YamlValue item in items)
        {
            if (item is YamlText { IsNull: true })
            {
                errors.Add(item.At, path, "there is no value", list.Item.Wanted);
                continue;
            }
            if (Value(list.Item, item, path, field) is not { } value)
            {
                continue;
            }

            if (!seen.Add(value))
            {
                errors.Add(item.At, path, $"{item.Described} is in the list twice");
            }

            values.Add(value);
        }
        var array = Array.CreateInstance(list.ItemType, values.Count);
        ((ICollection)values).CopyTo(array, 0);
        return array;
    }

    private IDictionary Map(Shape.Map map, YamlMap entries, string path)
    {
        var made = (IDictionary)
            Activator.CreateInstance(
                typeof(Dictionary<,>).MakeGenericType(typeof(string), map.ItemType),
                StringComparer.Ordinal
            )!;
        foreach (YamlEntry entry in entries.Entries)
        {
            string? key = scalars.Text(entry.Key, path, null);
            if (string.IsNullOrWhiteSpace(key))
            {
                errors.Add(entry.Key.At, path, "a key is empty");
            }
            else if (Value(map.Item, entry.Value, $"{path}.{key}", null) is { } value)
            {
                made[key] = value;
            }
        }
        return made;
    }

    private object Fields(Shape.Fields record, YamlMap map, string path)
    {
        object made = Activator.CreateInstance(record.Type)!;
        var keys = new KeysOf(map, path, errors, whole);
        Fill(made, record, map, path, keys);
        keys.Finish();
        return made;
    }

    private object? Word(Shape.Keyed keyed, YamlText text, string path)
    {
        if (scalars.Choice(keyed.Word, text, path, keyed.Mappings) is not { } value)
        {
            return null;
        }

        object made = Activator.CreateInstance(keyed.WordType.Type)!;
        keyed.WordType.All[0].Property.SetValue(made, value);
        return made;
    }

    private object? Keyed(Shape.Keyed keyed, YamlMap map, string path)
    {
        if (map.Entries.FirstOrDefault(e => keyed.Members.ContainsKey(e.Key.Text)) is { } chosen)
        {
            return Fields(keyed.Members[chosen.Key.Text], map, path);
        }

        string? near = map
            .Entries.Select(e => Nearest.To(e.Key.Text, keyed.Members.Keys))
            .FirstOrDefault(n => n is not null);
        errors.Add(
            map.At,
            path,
            "the mapping has none of the keys that choose what it is",
            string.Join(", ", keyed.Members.Keys),
            near
        );
        return null;
    }

    private object? Member(Shape.Family family, YamlMap map, string path)
    {
        var keys = new KeysOf(map, path, errors, whole);
        object? made = Chosen(family, null, map, path, keys);
        keys.Finish();
        return made;
    }

    /// <summary>
    /// Makes the member of <paramref name="family"/> that the mapping chooses and fills it from the same mapping.
    /// </summary>
    private object? Chosen(Shape.Family family, object? standard, YamlMap map, string path, KeysOf keys)
    {
        keys.Known(family.Key);
        Shape.Fields? member = standard is null ? null : family.Of(standard);
        if (map.Find(family.Key)?.Value is { } choice)
        {
            places[Join(path, family.Key)] = choice.At;
            if (
                family.ByValue is { } byValue
                && (choice is not YamlText word || !family.Members.ContainsKey(word.Text))
            )
            {
                return MadeByValue(family, byValue, choice, path, keys);
            }

            if (choice is not YamlText text || !family.Members.TryGetValue(text.Text, out member))
            {
                string? near = choice is YamlText slip ? Nearest.To(slip.Text, family.Members.Keys) : null;
                errors.Add(
                    choice.At,
                    Join(path, family.Key),
                    $"{choice.Described} is not a {family.Key}",
                    string.Join(", ", family.Members.Keys),
                    near
                );
                member = null;
            }
        }
        else if (member is null)
        {
            keys.Missing(family.Key, string.Join(", ", family.Members.Keys));
        }
        if (member is null)
        {
            keys.AcceptAll();
            return null;
        }
        keys.Others(family, member);
        object made = Activator.CreateInstance(member.Type)!;
        if (member != family.ByValue)
        {
            Fill(made, member, map, path, keys);
        }

        return made;
    }

    /// <summary>The member that the choosing key holds as a value.</summary>
    private object? MadeByValue(Shape.Family family, Shape.Fields member, YamlValue choice, string path, KeysOf keys)
    {
        Field field = member.All[0];
        string here = Join(path, family.Key),
            wanted = string.Join(" or ", [field.Shape.Wanted, .. family.Members.Keys]);
        object? value = null;
        if (choice is not YamlText text)
        {
            errors.Add(choice.At, here, $"{choice.Described} stands where {wanted} is wanted");
        }
        else if (text.IsNull)
        {
            errors.Add(
                choice.At,
                here,
                "there is no value",
                $"{wanted}; left out, it is {Spelling.Value(field.Default)}"
            );
        }
        else
        {
            value = scalars.Whole(text, here, field.Bounds, [.. family.Members.Keys]);
        }

        if (value is null)
        {
            foreach (Field other in family.Members.Values.SelectMany(m => m.All))
            {
                keys.Known(other.Name); // any of them may be right
            }

            return null;
        }
        keys.Others(family, member);
        object made = Activator.CreateInstance(member.Type)!;
        field.Property.SetValue(made, value);
        return made;
    }

    private void Fill(object target, Shape.Fields record, YamlMap map, string path, KeysOf keys)
    {
        foreach (Field field in record.All)
        {
            if (field.Inline)
            {
                if (Chosen((Shape.Family)field.Shape, field.Default, map, path, keys) is { } inlined)
                {
                    field.Property.SetValue(target, inlined);
                }

                continue;
            }
            keys.Known(field.Name);
            if (map.Find(field.Name) is not { } entry)
            {
                if (field.Required)
                {
                    keys.Missing(field.Name, field.Shape.Wanted);
                }

                continue;
            }
            string fieldPath = Join(path, field.Name);
            if (Value(field.Shape, entry.Value, fieldPath, field) is not { } value)
            {
                continue;
            }

            places[fieldPath] = entry.Value.At;
            field.Property.SetValue(target, value);
        }
        foreach (BrokenRule rule in (target as IRuled)?.Broken ?? [])
        {
            string broken = rule
                .Keys.Select(k => Join(path, k))
                .FirstOrDefault(places.ContainsKey, Join(path, rule.Keys[0]));
            errors.Add(places.GetValueOrDefault(broken, map.At), broken, rule.What);
        }
    }

    private IReadOnlyList<StageNode>? Stages(Shape.Stages stages, YamlMap map, string path)
    {
        if (map.Entries.Count is 0 or > MostStages)
        {
            errors.Add(
                map.At,
                path,
                map.Entries.Count == 0 ? "there is no stage" : $"more than {MostStages} stages",
                stages.Specs.Wanted
            );
            return null;
        }
        var found = new List<NamedStage>();
        foreach ((YamlText name, YamlValue value) in map.Entries.Select(e => (e.Key, e.Value)))
        {
            string stagePath = Join(path, name.Text);
            if (!IsStageName(name.Text))
            {
                errors.Add(
                    name.At,
                    path,
                    $"{ErrorList.Quote(name.Text)} cannot name a stage",
                    "letters, digits, '-' and '_', the first a letter; not 'none'"
                );
            }

            places[stagePath] = name.At;
            if (value is YamlMap stage)
            {
                found.Add(Stage(stages.Specs, name, stage, stagePath));
            }
            else
            {
                errors.Add(
                    value.At,
                    stagePath,
                    $"{value.Described} stands where a stage is wanted",
                    "{ stage: kind, … }"
                );
                found.Add(new NamedStage(name.Text, stagePath, name.At, null, []));
            }
        }
        return new StageInputs(found, errors).Resolve();
    }

    private NamedStage Stage(Shape.Family specs, YamlText name, YamlMap map, string path)
    {
        var keys = new KeysOf(map, path, errors, whole);
        var spec = (StageSpec?)Chosen(specs, null, map, path, keys);
        keys.Known("inputs");
        keys.Finish();
        var inputs = new List<(YamlText, YamlText?)>();
        switch (map.Find("inputs")?.Value)
        {
            case YamlMap named:
                foreach (YamlEntry entry in named.Entries)
                {
                    var source = entry.Value as YamlText;
                    inputs.Add((entry.Key, source is { IsNull: false } ? source : null));
                    if (inputs[^1].Item2 is null)
                    {
                        errors.Add(
                            entry.Value.At,
                            $"{path}.inputs.{entry.Key.Text}",
                            $"{entry.Value.Described} is not the name of a stage"
                        );
                    }
                }
                break;
            case { } other:
                errors.Add(
                    other.At,
                    path + ".inputs",
                    $"{other.Described} stands where a mapping is wanted, for example 'inputs: {{ masks: m2 }}'"
                );
                break;
        }
        return new NamedStage(name.Text, path, name.At, spec, inputs);
    }

    private static bool IsStageName(string name) =>
        name.Length is > 0 and <= 100
        && char.IsAsciiLetter(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
        && name != StageInputs.None;

    internal static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";
}
