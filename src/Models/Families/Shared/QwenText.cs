using Pipelines.Domain.Errors;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// What Qwen2-VL's and Qwen2.5-VL's config.json say alike: the decoder, whose keys stand at the top (up to 4.51), at
/// the top and in text_config (4.52 to 4.57), or in text_config alone (5). And what those two and Qwen3-VL say alike of
/// tie and tower.
/// </summary>
internal static class QwenText
{
    /// <summary>
    /// The top level, which may be the decoder's, too. max_window_layers only says which layers a window would bind.
    /// </summary>
    private static readonly KnownKeys TopKeys = new(
        ["max_window_layers", "sliding_window"],
        [
            ("attention_bias", "false"),
            ("mlp_bias", "false"),
            ("partial_rotary_factor", "1"),
            ("use_sliding_window", "false"),
        ]
    );

    /// <summary>The classes' defaults, which are the numbers of a 72B model.</summary>
    /// <param name="modelTypes">model_type of text_config, and of the whole file.</param>
    public static TextClass Class(params string[] modelTypes) =>
        new(
            modelTypes,
            Hidden: 8192,
            Intermediate: 29568,
            Layers: 80,
            Heads: 64,
            KvHeads: 8,
            Vocabulary: 152064,
            Epsilon: 1e-5,
            Theta: 1e6,
            Positions: 32768,
            QkvBias: true,
            WindowUse.WhenSwitchedOn
        );

    /// <summary>The decoder: q, k and v have biases, which no file says.</summary>
    public static DecoderShape Decoder(ModelConfig config, TextClass type)
    {
        ModelConfig? own = config.OptionalSection("text_config");
        if (own is not null)
        {
            TextClass.Of(own, type);
        }

        return type.Read(own?.Else(config) ?? config, hasSections: true, TextClass.IsTied(config, own));
    }

    /// <summary>The tower's section; its model_type, where it names one, is one of two.</summary>
    /// <exception cref="InputException">There is none, or of another class.</exception>
    public static ModelConfig Vision(ModelConfig config, string modelType)
    {
        ModelConfig vision = config.Section("vision_config");
        string newer = modelType + "_vision"; // since version 5
        return vision.OptionalText("model_type") is { } type && type != modelType && type != newer
            ? throw vision.Error("model_type", $"is \"{type}\".", $"Supported are {modelType} and {newer}.")
            : vision;
    }

    /// <summary>The tower's own rotary base, which version 5 writes: never the decoder's.</summary>
    public static double TowerTheta(ModelConfig vision)
    {
        const double published = 10000;
        if (vision.OptionalSection("rope_parameters") is not { } rotary)
        {
            return published;
        }

        string kind = rotary.Text("rope_type", "axial");
        if (kind is not ("axial" or "default"))
        {
            throw rotary.Error("rope_type", $"is \"{kind}\"; the tower's is \"axial\".");
        }

        double theta = rotary.Positive("rope_theta", published);
        rotary.RequireUnderstood(KnownKeys.Rotary);
        return theta;
    }

    /// <summary>Demands that the tower's output has the decoder's width.</summary>
    /// <param name="vision">The tower's section.</param>
    /// <param name="key">The key of its output's width.</param>
    /// <param name="classDefault">The class's width.</param>
    /// <param name="hidden">Features of the decoder.</param>
    /// <exception cref="InputException">It has not.</exception>
    public static void RequireWidth(ModelConfig vision, string key, int classDefault, int hidden)
    {
        int output = vision.Count(key, classDefault);
        if (output != hidden)
        {
            throw vision.Error(key, $"is {output}, but the decoder has {hidden}.");
        }
    }

    /// <summary>
    /// Numbers of blocks, counted from 0. One that the tower has not is never reached, as in the class.
    /// </summary>
    /// <exception cref="InputException">A number below 0.</exception>
    public static IReadOnlyList<int> Blocks(ModelConfig vision, string key, params int[] classDefault)
    {
        int[] blocks = vision.Integers(key) ?? classDefault;
        return Array.TrueForAll(blocks, b => b >= 0)
            ? blocks
            : throw vision.Error(key, $"has {blocks.Min()}; blocks are counted from 0.");
    }

    /// <summary>Demands that no key is left, once all that is computed has been read.</summary>
    /// <exception cref="InputException">Names the key.</exception>
    public static void RequireUnderstood(ModelConfig config, KnownKeys tower)
    {
        config.OptionalSection("text_config")?.RequireUnderstood(KnownKeys.Text);
        config.Section("vision_config").RequireUnderstood(tower);
        config.RequireUnderstood(TopKeys);
    }
}
