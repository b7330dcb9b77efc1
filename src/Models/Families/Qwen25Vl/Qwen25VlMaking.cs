using System.Text.Json.Nodes;
using Pipelines.Models.Making;
using TorchSharp;
using static Pipelines.Models.Making.PlannedTensor;

namespace Pipelines.Models.Families.Qwen25Vl;

/// <summary>
/// Qwen2.5-VL (7B 729 tensors; 3B 824, its head is tied) made up: ViT of 1280 features over patches of two frames with
/// a gated MLP, merger, Qwen2 decoder.
/// </summary>
internal static class Qwen25VlMaking
{
    private const long Width = 1280,
        Mlp = 3420,
        Patch = 14,
        Frames = 2,
        Joined = 4 * Width;

    /// <summary>How its models are made.</summary>
    public static Recipe Recipe { get; } =
        new()
        {
            Stored = torch.ScalarType.BFloat16,
            LargestFile = 4_000_000_000,
            Tensors = Tensors,
            SetNumbers = SetNumbers,
            WriteTokenizer = TokenizerFilesWriter.WriteQwen2AndTokenizerJson,
        };

    private static void SetNumbers(JsonObject config, PublishedModel model)
    {
        HubFiles.SetDecoder(config, model);
        JsonObject vision = config["vision_config"]!.AsObject();
        vision["depth"] = model.VisionLayers;
        vision["out_hidden_size"] = model.Hidden;
        JsonArray full = vision["fullatt_block_indexes"]!.AsArray();
        int[] reached = [.. full.Select(n => n!.GetValue<int>()).Where(n => n < model.VisionLayers)];
        // A tower that is cut short keeps a block that sees the whole picture
        vision["fullatt_block_indexes"] = new JsonArray([
            .. (reached.Length > 0 ? reached : [model.VisionLayers - 1]).Select(n => (JsonNode)n),
        ]);
    }

    private static IEnumerable<PlannedTensor> Tensors(PublishedModel model) =>
        [
            Weight("visual.patch_embed.proj.weight", 1, Width, 3, Frames, Patch, Patch),
            .. Enumerable.Range(0, model.VisionLayers).SelectMany(n => Block($"visual.blocks.{n}.")),
            NearOne("visual.merger.ln_q.weight", Width),
            .. Linear("visual.merger.mlp.0", Joined, Joined, bias: true),
            .. Linear("visual.merger.mlp.2", model.Hidden, Joined, bias: true),
            .. DecoderTensors.Of(model, "model.", "lm_head.weight"),
        ];

    private static IEnumerable<PlannedTensor> Block(string block) =>
        [
            NearOne($"{block}norm1.weight", Width),
            NearOne($"{block}norm2.weight", Width),
            .. Linear($"{block}attn.qkv", 3 * Width, Width, bias: true),
            .. Linear($"{block}attn.proj", Width, Width, bias: true),
            .. Linear($"{block}mlp.gate_proj", Mlp, Width, bias: true),
            .. Linear($"{block}mlp.up_proj", Mlp, Width, bias: true),
            .. Linear($"{block}mlp.down_proj", Width, Mlp, bias: true),
        ];
}
