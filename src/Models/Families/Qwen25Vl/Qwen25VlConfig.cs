using Pipelines.Domain.Errors;
using Pipelines.Models.Families.Shared;

namespace Pipelines.Models.Families.Qwen25Vl;

/// <summary>The numbers of Qwen2.5-VL's vision tower.</summary>
/// <param name="Depth">Blocks.</param>
/// <param name="Width">Features of a patch.</param>
/// <param name="Heads">Heads.</param>
/// <param name="Intermediate">Features inside the MLP.</param>
/// <param name="Patch">How a picture is cut.</param>
/// <param name="WindowCells">Image tokens a side of a window.</param>
/// <param name="FullBlocks">Blocks that look at the whole picture, counted from 0; the others look through
/// windows.</param>
/// <param name="RotaryTheta">Base of the rotary frequencies.</param>
internal sealed record Qwen25VisionShape(
    int Depth,
    int Width,
    int Heads,
    int Intermediate,
    QwenPatch Patch,
    int WindowCells,
    IReadOnlyList<int> FullBlocks,
    double RotaryTheta
)
{
    /// <summary>Numbers of a merged token: neighbours x features.</summary>
    public int Merged => Patch.OfToken * Width;
}

/// <summary>config.json of Qwen2.5-VL, with the class defaults for what a file omits.</summary>
internal static class Qwen25VlConfig
{
    private static readonly TextClass Class = QwenText.Class("qwen2_5_vl_text", "qwen2_5_vl");

    /// <summary>
    /// The tower. spatial_patch_size is read by no class, tokens_per_second places the frames of a video; it has no
    /// vocabulary to tie.
    /// </summary>
    private static readonly KnownKeys TowerKeys = new(
        ["spatial_patch_size", "tie_word_embeddings", "tokens_per_second"],
        []
    );

    /// <summary>The decoder, Qwen2-VL's.</summary>
    public static DecoderShape Decoder(ModelConfig config) => QwenText.Decoder(config, Class);

    /// <summary>The vision tower. Its hidden_size is its own width, unlike Qwen2-VL's.</summary>
    public static Qwen25VisionShape Vision(ModelConfig config)
    {
        ModelConfig vision = QwenText.Vision(config, "qwen2_5_vl");
        vision.Expect("hidden_act", "silu", "silu");
        vision.ExpectCount("in_channels", 3);
        vision.ExpectCount("in_chans", 3);
        QwenPatch patch = QwenPatch.Read(vision, side: 14);
        int window = vision.Count("window_size", 112);
        var shape = new Qwen25VisionShape(
            Depth: vision.Count("depth", 32),
            Width: vision.Count("hidden_size", 3584),
            Heads: vision.Count("num_heads", 16),
            Intermediate: vision.Count("intermediate_size", 3420),
            Patch: patch,
            WindowCells: window / patch.Unit, // rounded down, as the class does
            FullBlocks: QwenText.Blocks(vision, "fullatt_block_indexes", 7, 15, 23, 31),
            RotaryTheta: QwenText.TowerTheta(vision)
        );
        if (shape.WindowCells < 1)
        {
            throw vision.Error(
                "window_size",
                $"is {window}; a window holds at least one image token of {patch.Unit} pixels a side."
            );
        }

        QwenAttention.RequireHeads(vision, "hidden_size", shape.Width, shape.Heads);
        QwenText.RequireWidth(vision, "out_hidden_size", 3584, Decoder(config).Hidden);
        return shape;
    }

    /// <summary>
    /// The tower's costs: one piece, merge x merge rows a token. Windows make it cheaper than that, and its third
    /// matrix of the MLP is counted as half of one more each way.
    /// </summary>
    /// <param name="config">config.json.</param>
    /// <param name="imageTokens">P.</param>
    public static VisionShape Tower(ModelConfig config, int imageTokens)
    {
        Qwen25VisionShape vision = Vision(config);
        return new VisionShape(
            vision.Depth,
            vision.Width,
            vision.Intermediate * 3 / 2,
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
