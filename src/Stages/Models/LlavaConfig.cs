using System.Globalization;
using Pipelines.Stages.Errors;

namespace Pipelines.Stages.Models;

/// <summary>config.json of LLaVA-1.5 and LLaVA-NeXT, with the class defaults of transformers for what the hub's files omit (the 7B files omit nearly everything).</summary>
internal static class LlavaConfig
{
    /// <summary>The Llama decoder. Omitted numbers are those of Llama-7B.</summary>
    public static DecoderShape Decoder(ModelConfig config)
    {
        ModelConfig text = config.Section("text_config");
        text.Expect("model_type", "llama", "llama");
        text.Expect("hidden_act", "silu", "silu");
        if (text.Flag("attention_bias", false) || text.Flag("mlp_bias", false))
        {
            throw text.Error("attention_bias", "or 'mlp_bias' is true; no published LLaVA has these biases.");
        }

        if (text.OptionalSection("rope_scaling") is { } scaling && scaling.Text("type", scaling.Text("rope_type", "default")) != "default")
        {
            throw text.Error("rope_scaling", "is set; no published LLaVA scales its rotary positions.");
        }

        int hidden = text.Count("hidden_size", 4096);
        int heads = text.Count("num_attention_heads", 32);
        return new DecoderShape(
            Layers: text.Count("num_hidden_layers", 32),
            Heads: heads,
            KvHeads: text.Count("num_key_value_heads", heads),
            HeadDim: text.Count("head_dim", Math.Max(1, hidden / heads)),
            Hidden: hidden,
            Intermediate: text.Count("intermediate_size", 11008),
            VocabularyRows: text.Count("vocab_size", 32000),
            NormEpsilon: text.Positive("rms_norm_eps", 1e-6),
            RotaryTheta: text.Positive("rope_theta", 10000),
            RotarySections: null,
            QkvBias: false,
            TiedHead: config.Flag("tie_word_embeddings", false));
    }

    /// <summary>The CLIP tower. Omitted numbers are those of LLaVA's own class, CLIP ViT-L/14-336.</summary>
    public static ClipShape Vision(ModelConfig config)
    {
        ModelConfig vision = config.Section("vision_config");
        vision.Expect("model_type", "clip_vision_model", "clip_vision_model");
        vision.Expect("hidden_act", "quick_gelu", "quick_gelu");
        var shape = new ClipShape(
            Layers: vision.Count("num_hidden_layers", 24),
            Hidden: vision.Count("hidden_size", 1024),
            Heads: vision.Count("num_attention_heads", 16),
            Intermediate: vision.Count("intermediate_size", 4096),
            ImageSize: vision.Count("image_size", 336),
            PatchSize: vision.Count("patch_size", 14),
            Channels: vision.Count("num_channels", 3),
            NormEpsilon: vision.Positive("layer_norm_eps", 1e-5));
        return shape.Hidden % shape.Heads == 0 && shape.ImageSize % shape.PatchSize == 0 && shape.Channels == 3
            ? shape
            : throw new InputException(config.Path, "vision_config does not fit together: hidden_size / num_attention_heads and image_size / patch_size must be whole, num_channels 3.");
    }

    /// <summary>Blocks of the tower whose output is used: -2 (the published value) leaves out the last.</summary>
    public static int VisionBlocks(ModelConfig config, ClipShape vision)
    {
        int layer = config.Integer("vision_feature_layer", -2);
        int blocks = layer < 0 ? vision.Layers + 1 + layer : layer; // hidden_states[0] is the embedding
        return blocks >= 0 && blocks <= vision.Layers ? blocks : throw config.Error("vision_feature_layer", $"is {layer}, but the vision tower has {vision.Layers} layers.");
    }

    /// <summary>Whether the class token is dropped ("default", as in every published model) or kept ("full").</summary>
    public static bool DropsClassToken(ModelConfig config) => config.Text("vision_feature_select_strategy", "default") switch
    {
        "default" => true,
        "full" => false,
        string other => throw config.Error("vision_feature_select_strategy", $"is \"{other}\".", "Allowed: default, full."),
    };

    /// <summary>config.json and the tokenizer must agree about the id that stands for the image.</summary>
    /// <exception cref="InputException">They name two ids.</exception>
    public static void CheckImageToken(ModelParts parts)
    {
        ModelConfig config = parts.Config;
        string key = config.Has("image_token_index") || !config.Has("image_token_id") ? "image_token_index" : "image_token_id";
        int id = config.Integer(key, 32000);
        int? token = parts.Tokenizer.IdOf("<image>");
        if (token != id)
        {
            throw config.Error(key, $"is {id}, but the tokenizer has '<image>' as {token?.ToString(CultureInfo.InvariantCulture) ?? "no token"}.", "Config and tokenizer must be of one model.");
        }
    }
}
