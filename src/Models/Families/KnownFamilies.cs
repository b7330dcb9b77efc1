using Pipelines.Models.Families.Gemma3;
using Pipelines.Models.Families.InternVl;
using Pipelines.Models.Families.InternVlHf;
using Pipelines.Models.Families.Llava;
using Pipelines.Models.Families.LlavaNext;
using Pipelines.Models.Families.LlavaOnevision;
using Pipelines.Models.Families.Qwen25Vl;
using Pipelines.Models.Families.Qwen2Vl;
using Pipelines.Models.Families.Qwen3Vl;
using Pipelines.Models.Families.SmolVlm;
using Pipelines.Models.Making;
using Pipelines.Models.Text.Templates;

namespace Pipelines.Models.Families;

/// <summary>
/// The families that are read: the only place that names them. A new one is a line here and a folder.
/// </summary>
public static class KnownFamilies
{
    /// <summary>All of them, in the order in which messages list them.</summary>
    public static IReadOnlyList<Family> All { get; } =
    [
        LlavaFamily.Family,
        LlavaNextFamily.Family,
        InternVlFamily.Family,
        InternVlHfFamily.Family,
        Qwen2VlFamily.Family,
        Qwen25VlFamily.Family,
        Qwen3VlFamily.Family,
        LlavaOnevisionFamily.Family,
        Gemma3Family.Family,
        SmolVlmFamily.Family,
    ];

    /// <summary>Prompts that <c>model.template</c> may name: the families' own, and ChatML without a system
    /// text.</summary>
    public static IReadOnlyList<BuiltInTemplate> Templates { get; } =
    [.. All.SelectMany(f => f.Templates), BuiltInTemplate.ChatMl];

    /// <summary>All published models, family by family.</summary>
    public static IReadOnlyList<PublishedModel> Published { get; } = [.. All.SelectMany(f => f.Published)];

    /// <summary>The family of a <c>model_type</c>; null where it is none of them.</summary>
    public static Family? OfType(string modelType) =>
        All.FirstOrDefault(f => f.ModelTypes.Contains(modelType, StringComparer.Ordinal));
}
