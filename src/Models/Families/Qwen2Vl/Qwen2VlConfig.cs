using Pipelines.Domain.Errors;
using Pipelines.Models.Families.Shared;

namespace Pipelines.Models.Families.Qwen2Vl;

/// <summary>The numbers of Qwen2-VL's vision tower.</summary>
internal sealed record Qwen2VisionShape(
    int Depth,
    int EmbedDim,
    int Heads,
    int Intermediate,
    QwenPatch Patch,
    double RotaryTheta
)
{
    /// <summary>Numbers of a merged token: neighbours x features.</summary>
    public int Merged => Patch.OfToken * EmbedDim;
}

/// <summary>config.json of Qwen2-VL, with the class defaults for what a file omits.</summary>
internal static class Qwen2VlConfig
{
    private static readonly TextClass Class = QwenText.Class("qwen2_vl_text", "qwen2_vl");

    /// <summary>The tower. spatial_patch_size is read by no class; it has no vocabulary to tie.</summary>
    private static readonly KnownKeys TowerKeys = new(["spatial_patch_size", "tie_word_embeddings"], []);

    /// <summary>The decoder.</summary>
    public static DecoderShape Decoder(ModelConfig config) => QwenText.Decoder(config, Class);

    /// <summary>The vision tower.</summary>
    public static Qwen2VisionShape Vision(ModelConfig config)
    {
        ModelConfig vision = QwenText.Vision(config, "qwen2_vl");
        vision.Expect("hidden_act", "quick_gelu", "quick_gelu");
        vision.ExpectCount("in_channels", 3);
        vision.ExpectCount("in_chans", 3);
        int embed = vision.Count("embed_dim", 1280);
        var shape = new Qwen2VisionShape(
            Depth: vision.Count("depth", 32),
            EmbedDim: embed,
            Heads: vision.Count("num_heads", 16),
            Intermediate: (int)Math.Min(1 << 24, embed * vision.Positive("mlp_ratio", 4)),
            Patch: QwenPatch.Read(vision, side: 14),
            RotaryTheta: QwenText.TowerTheta(vision)
        );
        QwenAttention.RequireHeads(vision, "embed_dim", shape.EmbedDim, shape.Heads);
        // here hidden_size is the width of what leaves the merger
        QwenText.RequireWidth(vision, "hidden_size", 3584, Decoder(config).Hidden);
        return shape;
    }

    /// <summary>The tower's costs: one piece, merge x merge rows a token.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="imageTokens">P.</param>
    public static VisionShape Tower(ModelConfig config, int imageTokens)
    {
        Qwen2VisionShape vision = Vision(config);
        return new VisionShape(
            vision.Depth,
            vision.EmbedDim,
            vision.Intermediate,
            1,
            imageTokens * vision.Patch.OfToken
        );
    }

    /// <summary>Demands that every key of the file is understood, and that it is one that is computed here.</summary>
    /// <exception cref="InputException">Names the key.</exception>
    public static void RequireUnderstood(ModelConfig config)
    {
        Decoder(config);
        Vision(config);
        QwenText.RequireUnderstood(config, TowerKeys);
    }
}
