using Pipelines.Spec.Reading;
using Pipelines.Spec.Shapes;

namespace Pipelines.Spec.Writing;

/// <summary>One setting of an experiment, for the report, for keys and for comparing runs.</summary>
/// <param name="Path">The field, for example <c>stages.masks.count</c>.</param>
/// <param name="Value">Its value as text, paths as written.</param>
/// <param name="Default">The default as text; null where there is none.</param>
/// <param name="Note">Meaning, unit and source ("Masks per sample, M (paper: 10,000)."); empty where the docs are not
/// beside the program.</param>
public sealed record Setting(string Path, string Value, string? Default, string Note)
{
    /// <summary>Whether the value is the default.</summary>
    public bool IsDefault => Value == Default;
}

/// <summary>
/// All settings of an experiment that say what comes out, as a flat table, in the order of the file.
/// </summary>
public static class SettingsTable
{
    /// <summary>Every setting, with the inputs of the stages as <c>stages.NAME.inputs.ROLE</c>.</summary>
    /// <param name="experiment">A valid experiment.</param>
    public static IReadOnlyList<Setting> Of(Experiment experiment)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        return [.. Fields(ShapeReader.Experiment, experiment, "")];
    }

    /// <summary>The settings of one stage, paths relative to it, without inputs.</summary>
    /// <param name="stage">A stage.</param>
    public static IReadOnlyList<Setting> Of(StageSpec stage)
    {
        ArgumentNullException.ThrowIfNull(stage);
        return [.. Member((Shape.Family)ShapeReader.Of(typeof(StageSpec)), stage, null, "", "")];
    }

    private static IEnumerable<Setting> Fields(Shape.Fields record, object instance, string path) =>
        record
            .All.Where(f => !f.Property.IsDefined(typeof(HowRunAttribute), inherit: false))
            .SelectMany(f => Field(f, f.Property.GetValue(instance), path));

    private static IEnumerable<Setting> Field(Field field, object? value, string path)
    {
        string here = Join(path, field.Name);
        return field.Shape switch
        {
            Shape.Family family when value is not null => Member(
                family,
                value,
                field.Default,
                field.Inline ? path : here,
                field.Note
            ),
            Shape.Fields inner when value is not null => Fields(inner, value, here),
            Shape.Stages stages => ((IReadOnlyList<StageNode>)value!).SelectMany(s =>
                Stage(stages.Specs, s, (IReadOnlyList<StageNode>)value!, here)
            ),
            _ =>
            [
                new Setting(
                    here,
                    Spelling.Value(value),
                    field.Required ? null : Spelling.Value(field.Default),
                    field.Note
                ),
            ],
        };
    }

    private static IEnumerable<Setting> Member(
        Shape.Family family,
        object value,
        object? standard,
        string path,
        string note
    )
    {
        string? usual = standard is null ? null : Spelling.Value(family.Said(standard));
        bool isByValue = family.IsByValue(value);
        string meaning = isByValue ? family.ByValue!.All[0].Note : XmlDocs.Summary(value.GetType());
        IEnumerable<Setting> fields = isByValue ? [] : Fields(family.Of(value), value, path);
        return fields.Prepend(
            new Setting(
                Join(path, family.Key),
                Spelling.Value(family.Said(value)),
                usual,
                meaning.Length > 0 ? meaning : note
            )
        );
    }

    private static IEnumerable<Setting> Stage(
        Shape.Family specs,
        StageNode stage,
        IReadOnlyList<StageNode> all,
        string path
    )
    {
        string here = Join(path, stage.Name);
        IEnumerable<Setting> inputs = stage.Spec.Needs.Select(n => new Setting(
            $"{here}.inputs.{n.Role}",
            stage.Inputs.GetValueOrDefault(n.Role, StageInputs.None),
            Standard(n, all),
            $"The stage of kind {Spelling.Of(n.Kind)} that is read."
        ));
        return Member(specs, stage.Spec, null, here, "").Concat(inputs);
    }

    /// <summary>
    /// What an input is where nothing names it: the one stage of its kind; null where there are several, so that which
    /// one it is says something.
    /// </summary>
    private static string? Standard(StageInput need, IReadOnlyList<StageNode> all)
    {
        string[] sources = [.. all.Where(s => need.Kind.IsInstanceOfType(s.Spec)).Select(s => s.Name)];
        return sources.Length switch
        {
            0 => StageInputs.None,
            1 => sources[0],
            _ => null,
        };
    }

    private static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";
}
