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
        ImageMark image = info.Family.Mark;
        if (KnownFamilies.Templates.FirstOrDefault(t => t.Name == choice) is { } named)
        {
            return ChatTemplate.Of(named, image);
        }

        if (choice != Auto)
        {
            return OfFile(new TemplateText(choice, HubJson.Text(choice)), image, info);
        }

        return info.Family.Template(info, ModelInfo.ReadConfig(info.Folder));
    }

    /// <summary>The folder's own template; where it has none, the published one.</summary>
    /// <param name="info">What config.json says.</param>
    /// <param name="published">Asked only where the folder has none.</param>
    internal static ChatTemplate OwnOr(ModelInfo info, Func<BuiltInTemplate> published)
    {
        ImageMark image = info.Family.Mark;
        if (TemplateFiles.Find(info.Folder) is { } own)
        {
            return OfFile(own, image, info);
        }

        BuiltInTemplate template = published();
        return ChatTemplate.Of(
            template,
            image,
            Invariant.Text($"prompt {template.Name}, as published: the folder has no template")
        );
    }

    private static ChatTemplate OfFile(TemplateText template, ImageMark image, ModelInfo info) =>
        ChatTemplate.Of(template, image, TokenizerSettings.Read(info.Folder).SpecialTokens);
}
