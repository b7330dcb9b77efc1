namespace Pipelines.Stages.Models;

/// <summary>The numbers of Qwen2-VL's vision tower.</summary>
internal sealed record Qwen2VisionShape(int Depth, int EmbedDim, int Heads, int Intermediate, int PatchSize, int TemporalPatchSize, int MergeSize)
{
    /// <summary>Numbers of a patch: channels x time x rows x columns.</summary>
    public int PatchFeatures => 3 * TemporalPatchSize * PatchSize * PatchSize;

    /// <summary>Numbers of a merged token: neighbours x features.</summary>
    public int Merged => MergeSize * MergeSize * EmbedDim;
}

/// <summary>config.json of Qwen2-VL. The class defaults are those of a 72B model, so nothing but switches has a default here.</summary>
internal static class Qwen2VlConfig
{
    /// <summary>The decoder: q, k and v have biases, which no file says.</summary>
    public static DecoderShape Decoder(ModelConfig config)
    {
        ModelConfig text = config.OptionalSection("text_config") ?? config; // newer files nest it
        text.Expect("hidden_act", "silu", "silu");
        if (text.Flag("use_sliding_window", false))
        {
            throw text.Error("use_sliding_window", "is true; the published models attend to everything.");
        }

        ModelConfig scaling = text.Section("rope_scaling");
        int[] sections = scaling.Integers("mrope_section") ?? throw scaling.Error("mrope_section", "is missing.", "Use the config.json that belongs to the checkpoint.");
        int hidden = text.Count("hidden_size"), heads = text.Count("num_attention_heads");
        return new DecoderShape(
            Layers: text.Count("num_hidden_layers"),
            Heads: heads,
            KvHeads: text.Count("num_key_value_heads"),
            HeadDim: text.Count("head_dim", Math.Max(1, hidden / heads)),
            Hidden: hidden,
            Intermediate: text.Count("intermediate_size"),
            VocabularyRows: text.Count("vocab_size"),
            NormEpsilon: text.Positive("rms_norm_eps"),
            RotaryTheta: text.Positive("rope_theta"),
            RotarySections: sections,
            QkvBias: true,
            TiedHead: config.Flag("tie_word_embeddings", text.Flag("tie_word_embeddings", false)));
    }

    /// <summary>The vision tower.</summary>
    public static Qwen2VisionShape Vision(ModelConfig config)
    {
        ModelConfig vision = config.Section("vision_config");
        vision.Expect("hidden_act", "quick_gelu", "quick_gelu");
        int embed = vision.Count("embed_dim");
        var shape = new Qwen2VisionShape(
            Depth: vision.Count("depth"),
            EmbedDim: embed,
            Heads: vision.Count("num_heads"),
            Intermediate: (int)Math.Min(1 << 24, embed * vision.Positive("mlp_ratio", 4)),
            PatchSize: vision.Count("patch_size", 14),
            TemporalPatchSize: vision.Count("temporal_patch_size", 2),
            MergeSize: vision.Count("spatial_merge_size", 2));
        if (shape.EmbedDim % shape.Heads != 0 || shape.EmbedDim / shape.Heads % 4 != 0)
        {
            throw vision.Error("num_heads", "does not fit: embed_dim / num_heads must be a multiple of 4.");
        }

        int hidden = Decoder(config).Hidden, output = vision.Count("hidden_size", hidden);
        return output == hidden ? shape : throw vision.Error("hidden_size", $"is {output}, but the decoder has {hidden}.");
    }
}
