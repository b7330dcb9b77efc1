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

    public static Family Qwen2Vl { get; } = KnownFamilies.OfType("qwen2_vl")!;

    /// <summary>On Vicuna, with CLIP and a projector.</summary>
    public static bool IsLlava(Family family) => family == Llava || family == LlavaNext;

    /// <summary>The family of a published model.</summary>
    public static Family Of(PublishedModel model) =>
        KnownFamilies.All.Single(f => f.Published.Any(m => m.Name == model.Name));

    /// <summary>A published prompt by its name, with a family's picture.</summary>
    public static ChatTemplate Template(string name, Family family) =>
        ChatTemplate.Of(KnownFamilies.Templates.Single(t => t.Name == name), family.Mark);

    /// <summary>The prompt of a family that the paper's models are asked with.</summary>
    public static ChatTemplate Template(Family family) =>
        Template(
            IsLlava(family) ? "llava"
                : family == InternVl ? "internvl2_5"
                : "qwen2-vl",
            family
        );
}
