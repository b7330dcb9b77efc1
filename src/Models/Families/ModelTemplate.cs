using Pipelines.Domain.Errors;
using Pipelines.Models.Text;
using Pipelines.Models.Text.Templates;

namespace Pipelines.Models.Families;

/// <summary>Which prompt template a model is asked with: the folder's own, or the one that the spec names.</summary>
public static class ModelTemplate
{
    /// <summary>The folder's template; where it has none, the family's published one.</summary>
    public const string Auto = "auto";

    /// <summary>The template of a model folder.</summary>
    /// <param name="info">What config.json says.</param>
    /// <param name="choice"><see cref="Auto"/>, the name of a <see cref="BuiltInTemplate"/>, or the path of a template
    /// file.</param>
    /// <exception cref="InputException">The template cannot be used: see <see cref="ChatTemplate"/>; or a name that is
    /// not known.</exception>
    public static ChatTemplate Read(ModelInfo info, string choice = Auto)
    {
        ImageMark image = info.Family switch
        {
            ModelFamily.Llava or ModelFamily.LlavaNext => ImageMark.Llava,
            ModelFamily.InternVl => ImageMark.InternVl,
            ModelFamily.Qwen2Vl => ImageMark.Qwen2Vl,
            _ => throw new ArgumentOutOfRangeException(nameof(info)),
        };
        if (BuiltInTemplate.All.FirstOrDefault(t => t.Name == choice) is { } named)
        {
            return ChatTemplate.Of(named, image);
        }

        if (choice != Auto)
        {
            return OfFile(new TemplateText(choice, HubJson.Text(choice)), image, info);
        }

        ModelConfig config = ModelInfo.ReadConfig(info.Folder);
        if (info.Family == ModelFamily.InternVl)
        {
            return OfConversation(config, image);
        }

        return TemplateFiles.Find(info.Folder) is { } own ? OfFile(own, image, info) : Published(info, config, image);
    }

    private static ChatTemplate OfFile(TemplateText template, ImageMark image, ModelInfo info) =>
        ChatTemplate.Of(template, image, TokenizerSettings.Read(info.Folder).SpecialTokens);

    /// <summary>
    /// The authors' InternVL always takes the template that config.json names from its own conversation.py, whatever
    /// the tokenizer's is.
    /// </summary>
    private static ChatTemplate OfConversation(ModelConfig config, ImageMark image)
    {
        string name = config.Text("template", "internvl2_5");
        if (config.Has("system_message"))
        {
            throw config.Error(
                "system_message",
                "is set, and versions of the authors' code differ about it.",
                "Remove it, or set model.template."
            );
        }

        BuiltInTemplate template =
            BuiltInTemplate.OfConversation(name)
            ?? throw config.Error(
                "template",
                $"is \"{name}\", a prompt that is not known here.",
                "Known are internvl2_5, Hermes-2 and internlm2-chat; or set model.template."
            );
        return ChatTemplate.Of(template, image, $"template {name} of config.json");
    }

    private static ChatTemplate Published(ModelInfo info, ModelConfig config, ImageMark image)
    {
        BuiltInTemplate template = info.Family switch
        {
            ModelFamily.Qwen2Vl => BuiltInTemplate.Qwen2Vl,
            ModelFamily.LlavaNext => PublishedNext(config),
            _ => BuiltInTemplate.Llava,
        };
        return ChatTemplate.Of(
            template,
            image,
            Invariant.Text($"prompt {template.Name}, as published: the folder has no template")
        );
    }

    /// <summary>
    /// LLaVA-NeXT is published on Vicuna, Mistral, Llama 3 and Yi, told apart by decoder and vocabulary.
    /// </summary>
    private static BuiltInTemplate PublishedNext(ModelConfig config)
    {
        ModelConfig? text = config.OptionalSection("text_config");
        return (text?.Text("model_type", "llama"), text?.Integer("vocab_size", 32000)) switch
        {
            ("mistral", _) => BuiltInTemplate.Mistral,
            (_, >= 128000 and < 129000) => BuiltInTemplate.Llama3,
            (_, >= 64000 and <= 64064) => BuiltInTemplate.Yi,
            _ => BuiltInTemplate.Llava,
        };
    }
}
