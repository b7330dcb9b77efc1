using Pipelines.Models.Making;
using TorchSharp;
using static Pipelines.Models.Making.PlannedTensor;

namespace Pipelines.Models.Families.Qwen2Vl;

/// <summary>
/// Qwen2-VL (7B 730 tensors; 2B 729, its head is tied) made up: ViT of 1280 features over patches of two frames,
/// merger, Qwen2 decoder.
/// </summary>
internal static class Qwen2VlMaking
{
    private const long Width = 1280,
        Mlp = 4 * Width,
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
            SetNumbers = (config, model) =>
            {
                HubFiles.SetDecoder(config, model);
                config["vision_config"]!["depth"] = model.VisionLayers;
                config["vision_config"]!["hidden_size"] = model.Hidden; // of the decoder: the merger's output
            },
            WriteTokenizer = TokenizerFilesWriter.WriteQwen2AndTokenizerJson,
        };

    private static IEnumerable<PlannedTensor> Tensors(PublishedModel model) =>
        [
            Weight("visual.patch_embed.proj.weight", 1, Width, 3, Frames, Patch, Patch),
            .. Enumerable.Range(0, model.VisionLayers).SelectMany(n => Block($"visual.blocks.{n}.")),
            .. LayerNorm("visual.merger.ln_q", Width),
            .. Linear("visual.merger.mlp.0", Joined, Joined, bias: true),
            .. Linear("visual.merger.mlp.2", model.Hidden, Joined, bias: true),
            .. DecoderTensors.Of(model, "model.", "lm_head.weight"),
        ];

    private static IEnumerable<PlannedTensor> Block(string block) =>
        [
            .. LayerNorm($"{block}norm1", Width),
            .. LayerNorm($"{block}norm2", Width),
            .. Linear($"{block}attn.qkv", 3 * Width, Width, bias: true),
            .. Linear($"{block}attn.proj", Width, Width, bias: true),
            .. Linear($"{block}mlp.fc1", Mlp, Width, bias: true),
            .. Linear($"{block}mlp.fc2", Width, Mlp, bias: true),
        ];
}
