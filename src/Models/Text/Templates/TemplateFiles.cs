using System.Text.Json;
using Pipelines.Domain.Errors;

namespace Pipelines.Models.Text.Templates;

/// <summary>A template as it stands in a file.</summary>
/// <param name="File">The file.</param>
/// <param name="Text">The template.</param>
public sealed record TemplateText(string File, string Text);

/// <summary>
/// The template of a hub folder, in the order of transformers from 4.52 on: chat_template.json, chat_template.jinja,
/// <c>chat_template</c> of processor_config.json; and where the processor has none, the tokenizer's own
/// in tokenizer_config.json, which transformers uses only if it is asked to.
/// </summary>
internal static class TemplateFiles
{
    /// <summary>Names of the files that hold nothing but a template.</summary>
    public static IReadOnlyList<string> Own { get; } = ["chat_template.json", "chat_template.jinja"];

    /// <summary>The template of a folder; null where it has none.</summary>
    /// <exception cref="InputException">A file is damaged, or holds several templates and none that is the
    /// default.</exception>
    public static TemplateText? Find(string folder)
    {
        string json = Path.Combine(folder, Own[0]),
            jinja = Path.Combine(folder, Own[1]),
            processor = Path.Combine(folder, "processor_config.json");
        if (File.Exists(json))
        {
            return new TemplateText(
                json,
                InJson(json)
                    ?? throw new InputException(
                        json,
                        "has no key 'chat_template' with a text.",
                        "Download it again, or set model.template."
                    )
            );
        }

        if (File.Exists(jinja))
        {
            return new TemplateText(jinja, HubJson.Text(jinja));
        }

        if (File.Exists(processor) && InJson(processor) is { } inProcessor)
        {
            return new TemplateText(processor, inProcessor);
        }

        return TokenizerSettings.Read(folder) is { ChatTemplate: { } own } settings
            ? new TemplateText(settings.Source, own)
            : null;
    }

    private static string? InJson(string file)
    {
        if (!HubJson.Object(file).TryGetProperty("chat_template", out JsonElement template))
        {
            return null;
        }

        if (template.ValueKind == JsonValueKind.Object && template.TryGetProperty("default", out JsonElement standard))
        {
            template = standard;
        }

        if (template.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return HubJson.TextOf(template)
            ?? throw new InputException(
                file,
                "has a chat_template that is no text.",
                "Download it again, or set model.template."
            );
    }
}
