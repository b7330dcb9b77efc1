using Pipelines.Spec.Shapes;

namespace Pipelines.Spec.Reading;

/// <summary>
/// Reads a YAML file of settings that is no experiment, such as a cluster's profile, by the rules of specs: all its
/// errors at once, each with its place and what would be right.
/// </summary>
public static class SettingsReader
{
    /// <summary>Reads a file.</summary>
    /// <typeparam name="T">A record that carries <see cref="SettingsFileAttribute"/>.</typeparam>
    /// <param name="path">The file.</param>
    public static SettingsRead<T> Read<T>(string path)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(path);
        var errors = new ErrorList();
        return YamlFile.Text(path, path, errors, What<T>()) is { } text
            ? Parse<T>(text, path)
            : new SettingsRead<T>(null, errors.Sorted());
    }

    /// <summary>Reads a text.</summary>
    /// <typeparam name="T">As for <see cref="Read"/>.</typeparam>
    /// <param name="text">YAML.</param>
    /// <param name="name">What errors call it.</param>
    public static SettingsRead<T> Parse<T>(string text, string name)
        where T : class
    {
        var errors = new ErrorList();
        string wanted = $"a {What<T>()} is a mapping of its fields";
        YamlValue? document = YamlLoader.Load(new SpecSource(name, text) { WhenEmpty = wanted }, errors);
        if (document is not YamlMap root)
        {
            if (document is not null)
            {
                string stands = document is YamlText { IsNull: true }
                    ? "the file holds no value"
                    : $"{document.Described} stands where a mapping is wanted";
                errors.Add(document.At, "", $"{stands}: {wanted}");
            }

            return new SettingsRead<T>(null, errors.Sorted());
        }

        var shape = (Shape.Fields)ShapeReader.Of(typeof(T));
        var made = (T)new Binder(errors, _ => null, "/", shape).Settings(root);
        return new SettingsRead<T>(errors.Count == 0 ? made : null, errors.Sorted());
    }

    private static string What<T>() => SettingsFileAttribute.Of(typeof(T)).What;
}

/// <summary>What reading a file of settings gave.</summary>
/// <typeparam name="T">The record.</typeparam>
/// <param name="Value">The settings; null exactly when there are errors.</param>
/// <param name="Errors">In file order.</param>
public sealed record SettingsRead<T>(T? Value, IReadOnlyList<SpecError> Errors)
    where T : class;
