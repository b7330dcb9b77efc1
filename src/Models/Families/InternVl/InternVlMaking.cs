using System.Text.Json.Nodes;
using Pipelines.Models.Making;
using TorchSharp;
using static Pipelines.Models.Making.PlannedTensor;

namespace Pipelines.Models.Families.InternVl;

/// <summary>
/// InternVL2.5 (1B 637 tensors, 2B 517, 4B 781, 8B 573) made up: InternViT-300M with layer scales, a Qwen2.5 or
/// InternLM2.5 decoder, mlp1.
/// </summary>
internal static class InternVlMaking
{
    private const long Width = 1024,
        Mlp = 4096,
        Patch = 14,
        Positions = 1 + (32 * 32),
        Joined = 4 * Width;

    /// <summary>1B and 4B.</summary>
    public static Recipe OnQwen2 { get; } =
        Of(
            "language_model.lm_head.weight",
            (_, folder) => TokenizerFilesWriter.WriteQwen2(ByteLevelVocabulary.Qwen2(), folder)
        );

    /// <summary>2B and 8B.</summary>
    public static Recipe OnInternLm2 { get; } =
        Of("language_model.output.weight", (_, folder) => TokenizerFilesWriter.WriteInternLm2(folder));

    private static Recipe Of(string head, Action<JsonObject, string> writeTokenizer) =>
        new()
        {
            Stored = torch.ScalarType.BFloat16,
            LargestFile = 5_000_000_000,
            Tensors = model => Tensors(model, head),
            SetNumbers = (config, model) =>
            {
                HubFiles.SetDecoder(config["llm_config"]!.AsObject(), model);
                config["vision_config"]!["num_hidden_layers"] = model.VisionLayers;
            },
            WriteTokenizer = writeTokenizer,
        };

    private static IEnumerable<PlannedTensor> Tensors(PublishedModel model, string head) =>
        [
            .. Tower("vision_model.", model.VisionLayers),
            .. DecoderTensors.Of(model, "language_model.model.", head),
            .. LayerNorm("mlp1.0", Joined),
            .. Linear("mlp1.1", model.Hidden, Joined, bias: true),
            .. Linear("mlp1.3", model.Hidden, model.Hidden, bias: true),
        ];

    private static IEnumerable<PlannedTensor> Tower(string root, int blocks) =>
        [
            Spread($"{root}embeddings.class_embedding", 1, 1, 1, Width),
            Spread($"{root}embeddings.position_embedding", 0.3, 1, Positions, Width),
            Weight($"{root}embeddings.patch_embedding.weight", 1, Width, 3, Patch, Patch),
            Small($"{root}embeddings.patch_embedding.bias", Width),
            .. Enumerable.Range(0, blocks).SelectMany(n => Block($"{root}encoder.layers.{n}.")),
        ];

    private static IEnumerable<PlannedTensor> Block(string block) =>
        [
            LayerScale($"{block}ls1"),
            LayerScale($"{block}ls2"),
            .. Linear($"{block}attn.qkv", 3 * Width, Width, bias: true),
            .. Linear($"{block}attn.proj", Width, Width, bias: true),
            .. Linear($"{block}mlp.fc1", Mlp, Width, bias: true),
            .. Linear($"{block}mlp.fc2", Width, Mlp, bias: true),
            .. LayerNorm($"{block}norm1", Width),
            .. LayerNorm($"{block}norm2", Width),
        ];

    private static PlannedTensor LayerScale(string name) => new(name, [Width], 0.5, 0.1);
}
