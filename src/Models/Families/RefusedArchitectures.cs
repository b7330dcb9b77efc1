namespace Pipelines.Models.Families;

/// <summary>
/// Architectures that people will try and that are not computed, each with the reason: some are only not written yet,
/// others have no answer to what a head carries from the image.
/// </summary>
internal static class RefusedArchitectures
{
    private const string CrossAttention =
        "the image is read through cross-attention layers of its own, not as tokens of the sequence, so that there "
        + "are no image keys among a head's keys to replace";

    private const string PrefixReads =
        "attention over image and question goes both ways (prefix-LM): the image tokens read the question, so that "
        + "their keys and values depend on it, and a mean over baseline pictures would replace part of the question";

    private const string Hybrid =
        "most of its layers mix tokens by a recurrence (gated DeltaNet) instead of attention heads with keys and "
        + "values, so that ablating heads would leave the image's other ways open";

    private const string SharedKeys =
        "later layers read keys and values that earlier layers made, and every layer has embeddings of its own, so "
        + "that a head does not stand for one layer's view of the image";

    private const string Adapter = "the image enters through a Q-Former or a resampler that is not computed here";

    private const string Mixture = "its MLPs are a mixture of experts, which is not computed here";

    private const string Sound =
        "pictures, sound and speech share one decoder of several parts, which is not computed here";

    private static readonly Dictionary<string, string> Reasons = new(StringComparer.Ordinal)
    {
        ["paligemma"] = PrefixReads,
        ["mllama"] = CrossAttention,
        ["idefics"] = CrossAttention,
        ["idefics2"] = Adapter,
        ["blip-2"] = Adapter,
        ["instructblip"] = Adapter,
        ["minicpmv"] = Adapter,
        ["qwen3_5"] = Hybrid,
        ["qwen3_5_text"] = Hybrid,
        ["qwen3_5_moe"] = $"{Hybrid}; and {Mixture}",
        ["qwen3_next"] = Hybrid,
        ["gemma3n"] = SharedKeys,
        ["gemma3n_text"] = SharedKeys,
        ["gemma4"] = SharedKeys,
        ["gemma4_text"] = SharedKeys,
        ["gemma3_text"] = "it is the text-only Gemma 3 (1B has no vision tower), so that no picture can be asked about",
        ["llama4"] = Mixture,
        ["deepseek_vl_v2"] = Mixture,
        ["kimi_vl"] = Mixture,
        ["qwen2_5_omni"] = Sound,
        ["qwen3_omni_moe"] = Sound,
        ["phi4mm"] = Sound,
        ["llava_next_video"] = "it is made for videos",
        ["video_llava"] = "it is made for videos",
    };

    /// <summary>Why a model_type is not computed; null where nothing is known of it.</summary>
    /// <param name="type">model_type of config.json.</param>
    public static string? ReasonOf(string type) =>
        Reasons.TryGetValue(type, out string? reason) ? reason
        // Model types of transformers end so where the MLPs are experts
        : type.EndsWith("_moe", StringComparison.Ordinal) ? Mixture
        : null;
}
