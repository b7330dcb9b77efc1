using System.Text.Json.Nodes;
using Pipelines.Models.Making;
using TorchSharp;
using static Pipelines.Models.Making.PlannedTensor;

namespace Pipelines.Models.Families.Qwen3Vl;

/// <summary>A size of Qwen3-VL's tower.</summary>
/// <param name="Blocks">Blocks.</param>
/// <param name="Width">Features of a patch.</param>
/// <param name="Mlp">Features inside the MLP.</param>
internal sealed record Qwen3TowerSize(int Blocks, long Width, long Mlp)
{
    /// <summary>Of 2B and 4B.</summary>
    public static Qwen3TowerSize Small { get; } = new(24, 1024, 4096);

    /// <summary>Of 8B.</summary>
    public static Qwen3TowerSize Large { get; } = new(27, 1152, 4304);
}

/// <summary>
/// Qwen3-VL (2B 625 tensors and 4B 713, their heads are tied; 8B 750) made up: ViT over patches of two frames with a
/// table of positions, four mergers, Qwen3 decoder.
/// </summary>
internal static class Qwen3VlMaking
{
    private const long Patch = 16,
        Frames = 2,
        Positions = 48 * 48;
    private const int Mergers = 3; // besides the last
    private const string Tower = "model.visual.";

    /// <summary>How its models are made.</summary>
    public static Recipe Recipe(Qwen3TowerSize size) =>
        new()
        {
            Stored = torch.ScalarType.BFloat16,
            LargestFile = 5_000_000_000,
            Tensors = model => Tensors(model, size),
            SetNumbers = SetNumbers,
            WriteTokenizer = TokenizerFilesWriter.WriteQwen2AndTokenizerJson,
        };

    private static void SetNumbers(JsonObject config, PublishedModel model)
    {
        HubFiles.SetDecoder(config["text_config"]!.AsObject(), model);
        JsonObject vision = config["vision_config"]!.AsObject();
        vision["depth"] = model.VisionLayers;
        vision["out_hidden_size"] = model.Hidden;
        JsonArray blocks = vision["deepstack_visual_indexes"]!.AsArray();
        if (blocks.Any(n => n!.GetValue<int>() >= model.VisionLayers))
        {
            // A tower that is cut short still has its mergers, so blocks are named that it has
            vision["deepstack_visual_indexes"] = new JsonArray([
                .. Enumerable.Range(0, Mergers).Select(k => (JsonNode)Math.Min(k, model.VisionLayers - 1)),
            ]);
        }
    }

    /// <summary>Decoder first, as the published files are cut.</summary>
    private static IEnumerable<PlannedTensor> Tensors(PublishedModel model, Qwen3TowerSize size)
    {
        long width = size.Width,
            joined = 4 * width;
        return
        [
            .. DecoderTensors.Of(model, "model.language_model.", "lm_head.weight"),
            Weight($"{Tower}patch_embed.proj.weight", 1, width, 3, Frames, Patch, Patch),
            Small($"{Tower}patch_embed.proj.bias", width),
            Spread($"{Tower}pos_embed.weight", 0.5, Positions, width),
            .. Enumerable.Range(0, model.VisionLayers).SelectMany(n => Block($"{Tower}blocks.{n}.", size)),
            .. Merger($"{Tower}merger.", width),
            .. Enumerable.Range(0, Mergers).SelectMany(k => Merger($"{Tower}deepstack_merger_list.{k}.", joined)),
        ];

        IEnumerable<PlannedTensor> Merger(string merger, long normed) =>
            [
                .. LayerNorm($"{merger}norm", normed),
                .. Linear($"{merger}linear_fc1", joined, joined, bias: true),
                .. Linear($"{merger}linear_fc2", model.Hidden, joined, bias: true),
            ];
    }

    private static IEnumerable<PlannedTensor> Block(string block, Qwen3TowerSize size) =>
        [
            .. LayerNorm($"{block}norm1", size.Width),
            .. LayerNorm($"{block}norm2", size.Width),
            .. Linear($"{block}attn.qkv", 3 * size.Width, size.Width, bias: true),
            .. Linear($"{block}attn.proj", size.Width, size.Width, bias: true),
            .. Linear($"{block}mlp.linear_fc1", size.Mlp, size.Width, bias: true),
            .. Linear($"{block}mlp.linear_fc2", size.Width, size.Mlp, bias: true),
        ];
}
