namespace Pipelines.Stages.Models;

/// <summary>The numbers of an InternViT tower (ViT with a class token, learned positions and a scale for each branch).</summary>
internal sealed record InternVisionShape(int Layers, int Hidden, int Heads, int Intermediate, int ImageSize, int PatchSize, double NormEpsilon)
{
    /// <summary>Patches along a side.</summary>
    public int Grid => ImageSize / PatchSize;
}

/// <summary>config.json of InternVL2.5. Its class defaults are those of other models, so nothing but switches has a default here.</summary>
internal static class InternVlConfig
{
    /// <summary>Whether the decoder is InternLM2 (else Qwen2).</summary>
    public static bool IsInternLm2(ModelConfig config) => config.Section("llm_config").Text("model_type") switch
    {
        "internlm2" => true,
        "qwen2" => false,
        string other => throw config.Section("llm_config").Error("model_type", $"is \"{other}\".", "Supported are qwen2 and internlm2."),
    };

    /// <summary>The decoder, Qwen2 or InternLM2.</summary>
    public static DecoderShape Decoder(ModelConfig config)
    {
        ModelConfig text = config.Section("llm_config");
        bool internLm2 = IsInternLm2(config);
        text.Expect("hidden_act", "silu", "silu");
        if (internLm2 && text.Flag("bias", true))
        {
            throw text.Error("bias", "is true (or omitted); the published models have no biases.");
        }

        if (text.Flag("use_sliding_window", false))
        {
            throw text.Error("use_sliding_window", "is true; the published models attend to everything.");
        }

        // "dynamic" changes the base beyond max_position_embeddings only.
        if (text.OptionalSection("rope_scaling") is { } scaling && scaling.Text("type", scaling.Text("rope_type", "default")) is not ("dynamic" or "default"))
        {
            throw scaling.Error("type", "is neither \"dynamic\" nor \"default\".");
        }

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
            RotarySections: null,
            QkvBias: !internLm2,
            TiedHead: text.Flag("tie_word_embeddings", false));
    }

    /// <summary>The InternViT tower.</summary>
    public static InternVisionShape Vision(ModelConfig config)
    {
        ModelConfig vision = config.Section("vision_config");
        vision.Expect("hidden_act", "gelu", "gelu");
        vision.Expect("norm_type", "layer_norm", "rms_norm");
        if (vision.Flag("qk_normalization", true) || !vision.Flag("qkv_bias", false))
        {
            throw vision.Error("qk_normalization", "is true or 'qkv_bias' false; InternViT-300M has neither.");
        }

        var shape = new InternVisionShape(
            Layers: vision.Count("num_hidden_layers"),
            Hidden: vision.Count("hidden_size"),
            Heads: vision.Count("num_attention_heads"),
            Intermediate: vision.Count("intermediate_size"),
            ImageSize: vision.Count("image_size"),
            PatchSize: vision.Count("patch_size"),
            NormEpsilon: vision.Positive("layer_norm_eps", 1e-6));
        if (shape.Hidden % shape.Heads != 0 || shape.ImageSize % shape.PatchSize != 0 || shape.Grid % 2 != 0)
        {
            throw vision.Error("image_size", "does not fit: hidden_size / num_attention_heads must be whole and image_size / patch_size even.");
        }

        int size = config.Integer("force_image_size", shape.ImageSize);
        return size == shape.ImageSize ? shape : throw config.Error("force_image_size", $"is {size}, but the vision tower's position embedding is for {shape.ImageSize}.");
    }

    /// <summary>Blocks of the tower whose output is used: -1 (the published value) is all of them.</summary>
    public static int VisionBlocks(ModelConfig config, InternVisionShape vision)
    {
        int layer = config.Integer("select_layer", -1);
        int blocks = layer < 0 ? vision.Layers + 1 + layer : layer;
        return blocks >= 0 && blocks <= vision.Layers ? blocks : throw config.Error("select_layer", $"is {layer}, but the vision tower has {vision.Layers} layers.");
    }

    /// <summary>Demands the pixel shuffle that the code computes.</summary>
    public static void CheckShuffle(ModelConfig config)
    {
        config.Expect("ps_version", "v2", "v1");
        if (config.Positive("downsample_ratio", 0.5) != 0.5)
        {
            throw config.Error("downsample_ratio", "is not 0.5.");
        }
    }
}
