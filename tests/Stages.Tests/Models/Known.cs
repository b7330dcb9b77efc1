using Pipelines.Models.Families;
using Pipelines.Models.Making;
using Pipelines.Models.Text;

namespace Pipelines.Stages.Tests.Models;

/// <summary>The families that tests name, found as the program finds them.</summary>
internal static class Known
{
    public static Family Llava { get; } = KnownFamilies.OfType("llava")!;

    public static Family LlavaNext { get; } = KnownFamilies.OfType("llava_next")!;

    public static Family InternVl { get; } = KnownFamilies.OfType("internvl_chat")!;

    public static Family SmolVlm { get; } = KnownFamilies.OfType("smolvlm")!;

    public static Family InternVlHf { get; } = KnownFamilies.OfType("internvl")!;

    public static Family Qwen2Vl { get; } = KnownFamilies.OfType("qwen2_vl")!;

    public static Family LlavaOnevision { get; } = KnownFamilies.OfType("llava_onevision")!;

    public static Family Gemma3 { get; } = KnownFamilies.OfType("gemma3")!;

    public static Family Qwen25Vl { get; } = KnownFamilies.OfType("qwen2_5_vl")!;

    public static Family Qwen3Vl { get; } = KnownFamilies.OfType("qwen3_vl")!;

    /// <summary>Pictures at their own resolution, tokens on three axes.</summary>
    public static bool IsQwen(Family family) => family == Qwen2Vl || family == Qwen25Vl || family == Qwen3Vl;

    /// <summary>On Vicuna, with CLIP and a projector.</summary>
    public static bool IsLlava(Family family) => family == Llava || family == LlavaNext;

    /// <summary>The family of a published model.</summary>
    public static Family Of(PublishedModel model) =>
        KnownFamilies.All.Single(f => f.Published.Any(m => m.Name == model.Name));

    /// <summary>A published prompt by its name, with a family's picture.</summary>
    public static ChatTemplate Template(string name, Family family) =>
        ChatTemplate.Of(KnownFamilies.Templates.Single(t => t.Name == name), family.Mark);

    /// <summary>The prompt of a family that the published models are asked with.</summary>
    public static ChatTemplate Template(Family family) =>
        Template(
            IsLlava(family) ? "llava"
                : family == InternVl ? "internvl2_5"
                : family == Qwen3Vl || family == InternVlHf ? "chatml"
                : family.Templates.Count > 0 ? family.Templates[0].Name
                : "qwen2-vl",
            family
        );
}
