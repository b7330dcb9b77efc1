namespace Pipelines.Models.Text.Templates;

/// <summary>
/// How a picture and a question are handed to a template. Tried in this order: the first that a template has a place
/// for is its own.
/// </summary>
internal enum MessageForm
{
    /// <summary>A message whose content is a list of parts: the picture, the text.</summary>
    Parts,

    /// <summary>A message whose content is the question; the template writes the picture by itself.</summary>
    Text,

    /// <summary>A message whose content is a text: the family's mark for the picture, the question.</summary>
    TextWithPicture,

    /// <summary>The parts without a message around them (Qwen2-VL's base models).</summary>
    BareParts,
}

/// <summary>The variables that a template is rendered with.</summary>
internal static class Messages
{
    /// <summary>All forms with what they are called in errors.</summary>
    public static IReadOnlyList<(MessageForm Form, string Name)> Forms { get; } =
    [
        (MessageForm.Parts, "parts"),
        (MessageForm.Text, "text"),
        (MessageForm.TextWithPicture, "text with the picture's mark"),
        (MessageForm.BareParts, "parts without a message"),
    ];

    /// <summary>The variables of a question about one picture, as apply_chat_template gives them.</summary>
    /// <param name="form">The form.</param>
    /// <param name="question">The question.</param>
    /// <param name="image">The family's mark.</param>
    /// <param name="special">Special tokens by name.</param>
    public static IReadOnlyDictionary<string, object> Of(
        MessageForm form,
        string question,
        ImageMark image,
        IReadOnlyDictionary<string, string> special
    )
    {
        var variables = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["messages"] = form switch
            {
                MessageForm.Parts => Message(Parts(question)),
                MessageForm.Text => Message(question),
                MessageForm.TextWithPicture => Message(image.Before + question),
                _ => Parts(question),
            },
            ["add_generation_prompt"] = true,
            ["tools"] = PythonNone.Value,
            ["documents"] = PythonNone.Value,
        };
        foreach (var (name, token) in special)
        {
            variables[name] = token;
        }

        return variables;
    }

    /// <summary>
    /// What a template prints that shows a part instead of reading it, in Python's form and in JSON's.
    /// </summary>
    public static IEnumerable<string> Shown(string question)
    {
        foreach (object part in Parts(question).Items)
        {
            yield return PythonObjects.Representation(part);
            yield return PythonJson.Of(part, null, (", ", ": "), sorted: false, ascii: false);
        }
    }

    private static PythonList Message(object content) => new([Dict(("role", "user"), ("content", content))]);

    private static PythonList Parts(string question) =>
        new([Dict(("type", "image")), Dict(("type", "text"), ("text", question))]);

    private static PythonDict Dict(params (string Key, object Value)[] entries)
    {
        var dict = new PythonDict();
        foreach (var (key, value) in entries)
        {
            dict.Set(key, value);
        }

        return dict;
    }
}
