using Pipelines.Domain.Errors;
using Pipelines.Models.Families.Shared;

namespace Pipelines.Models.Families.Qwen3Vl;

/// <summary>The numbers of Qwen3-VL's vision tower.</summary>
/// <param name="Depth">Blocks.</param>
/// <param name="Width">Features of a patch.</param>
/// <param name="Heads">Heads.</param>
/// <param name="Intermediate">Features inside the MLP.</param>
/// <param name="Patch">How a picture is cut.</param>
/// <param name="Positions">Learned positions a side of their square table.</param>
/// <param name="DeepStack">Blocks, counted from 0, behind which a merger of its own looks; one entry a merger.</param>
/// <param name="RotaryTheta">Base of the rotary frequencies.</param>
internal sealed record Qwen3VisionShape(
    int Depth,
    int Width,
    int Heads,
    int Intermediate,
    QwenPatch Patch,
    int Positions,
    IReadOnlyList<int> DeepStack,
    double RotaryTheta
)
{
    /// <summary>Numbers of a merged token: neighbours x features.</summary>
    public int Merged => Patch.OfToken * Width;
}

/// <summary>
/// config.json of Qwen3-VL, with the class defaults for what a file omits. All of the decoder stands in text_config.
/// </summary>
internal static class Qwen3VlConfig
{
    /// <summary>Qwen3VLTextConfig: Qwen3 with three axes of positions, and without windows.</summary>
    private static readonly TextClass Class = TextClass.Qwen3 with
    {
        ModelTypes = ["qwen3_vl_text"],
        Positions = 128000,
        Window = WindowUse.Never,
        InterleavedSections = true,
    };

    private static readonly KnownKeys TopKeys = new([], []);

    /// <summary>The tower, which has no vocabulary to tie.</summary>
    private static readonly KnownKeys TowerKeys = new(["tie_word_embeddings"], []);

    /// <summary>The decoder.</summary>
    public static DecoderShape Decoder(ModelConfig config)
    {
        ModelConfig text = config.Section("text_config");
        TextClass type = TextClass.Of(text, Class);
        RequireTheta(text);
        return type.Read(text, hasSections: true, TextClass.IsTied(config, text)) with
        {
            DeepStackLayers = DeepStack(QwenText.Vision(config, "qwen3_vl")).Count,
        };
    }

    /// <summary>The vision tower.</summary>
    public static Qwen3VisionShape Vision(ModelConfig config)
    {
        ModelConfig vision = QwenText.Vision(config, "qwen3_vl");
        vision.Expect("hidden_act", "gelu_pytorch_tanh", "gelu_pytorch_tanh");
        vision.ExpectCount("in_channels", 3);
        int positions = vision.Count("num_position_embeddings", 2304),
            side = (int)Math.Sqrt(positions);
        var shape = new Qwen3VisionShape(
            Depth: vision.Count("depth", 27),
            Width: vision.Count("hidden_size", 1152),
            Heads: vision.Count("num_heads", 16),
            Intermediate: vision.Count("intermediate_size", 4304),
            Patch: QwenPatch.Read(vision, side: 16),
            Positions: side,
            DeepStack: DeepStack(vision),
            RotaryTheta: QwenText.TowerTheta(vision)
        );
        if (side * side != positions)
        {
            throw vision.Error("num_position_embeddings", $"is {positions}; the table of positions is a square.");
        }

        QwenAttention.RequireHeads(vision, "hidden_size", shape.Width, shape.Heads);
        QwenText.RequireWidth(vision, "out_hidden_size", 3584, Decoder(config).Hidden);
        return shape;
    }

    /// <summary>
    /// Blocks that mergers of their own look behind: each must be there, or its merger would never run.
    /// </summary>
    private static IReadOnlyList<int> DeepStack(ModelConfig vision)
    {
        const string key = "deepstack_visual_indexes";
        IReadOnlyList<int> blocks = QwenText.Blocks(vision, key, 8, 16, 24);
        int depth = vision.Count("depth", 27);
        return blocks.All(b => b < depth)
            ? blocks
            : throw vision.Error(
                key,
                $"is [{string.Join(", ", blocks)}]; each must be one of the tower's {depth} blocks."
            );
    }

    /// <summary>The tower's costs: one piece, merge x merge rows a token.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="imageTokens">P.</param>
    public static VisionShape Tower(ModelConfig config, int imageTokens)
    {
        Qwen3VisionShape vision = Vision(config);
        return new VisionShape(vision.Depth, vision.Width, vision.Intermediate, 1, imageTokens * vision.Patch.OfToken);
    }

    /// <summary>Demands that every key of the file is understood, and that it is one that is computed here.</summary>
    /// <exception cref="InputException">Names the key.</exception>
    public static void RequireUnderstood(ModelConfig config)
    {
        Decoder(config);
        Vision(config);
        config.Section("text_config").RequireUnderstood(KnownKeys.Text);
        config.Section("vision_config").RequireUnderstood(TowerKeys);
        config.RequireUnderstood(TopKeys);
    }

    /// <summary>The class's rope_theta is 5000000 in transformers 4 and 500000 in 5, so a file has to say it.</summary>
    private static void RequireTheta(ModelConfig text)
    {
        string[] sections = ["rope_parameters", "rope_scaling"];
        if (
            !text.Has("rope_theta")
            && !sections.Select(text.OptionalSection).Any(section => section?.Has("rope_theta") == true)
        )
        {
            throw text.Error(
                "rope_theta",
                "is missing, and versions of transformers differ in its default.",
                "Use the config.json that belongs to the checkpoint."
            );
        }
    }
}
