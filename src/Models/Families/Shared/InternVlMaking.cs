using System.Text.Json.Nodes;
using Pipelines.Models.Making;
using TorchSharp;
using static Pipelines.Models.Making.PlannedTensor;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// InternVL made up: InternViT-300M with layer scales, a decoder, the projector. Tensors of the authors' layout: 2.5 1B
/// 637, 2B 517, 4B 781, 8B 573; 3 637, 685, 685, 925; 3.5 657, 657, 745, 745; transformers' layout has 96 more, for
/// queries, keys and values apart.
/// </summary>
internal static class InternVlMaking
{
    private const long Width = 1024,
        Mlp = 4096,
        Patch = 14,
        Positions = 1 + (32 * 32),
        Joined = 4 * Width;

    /// <summary>How models of a layout are made.</summary>
    /// <param name="names">How tower and projector are called.</param>
    /// <param name="head">Name of the unembedding's weight.</param>
    /// <param name="decoder">The decoder's section of config.json.</param>
    /// <param name="writeTokenizer">Writes the vocabularies.</param>
    public static Recipe Recipe(
        InternVisionNames names,
        string head,
        string decoder,
        Action<JsonObject, string> writeTokenizer
    ) =>
        new()
        {
            Stored = torch.ScalarType.BFloat16,
            LargestFile = 5_000_000_000,
            Tensors = model =>
                [
                    .. Tower(names, model.VisionLayers),
                    .. DecoderTensors.Of(model, "language_model.model.", head),
                    .. LayerNorm(names.ProjectorNorm, Joined),
                    .. Linear(names.Projector1, model.Hidden, Joined, bias: true),
                    .. Linear(names.Projector2, model.Hidden, model.Hidden, bias: true),
                ],
            SetNumbers = (config, model) =>
            {
                HubFiles.SetDecoder(config[decoder]!.AsObject(), model);
                config["vision_config"]!["num_hidden_layers"] = model.VisionLayers;
            },
            WriteTokenizer = writeTokenizer,
        };

    private static IEnumerable<PlannedTensor> Tower(InternVisionNames names, int blocks) =>
        [
            Spread(names.ClassToken, 1, 1, 1, Width),
            Spread(names.Positions, 0.3, 1, Positions, Width),
            Weight($"{names.Patches}.weight", 1, Width, 3, Patch, Patch),
            Small($"{names.Patches}.bias", Width),
            .. Enumerable.Range(0, blocks).SelectMany(n => Block($"{names.Blocks}.{n}.", names)),
        ];

    private static IEnumerable<PlannedTensor> Block(string block, InternVisionNames names) =>
        [
            LayerScale(block + names.Scale1),
            LayerScale(block + names.Scale2),
            .. names.Qkv.SelectMany(part => Linear(block + part, 3 * Width / names.Qkv.Count, Width, bias: true)),
            .. Linear(block + names.Output, Width, Width, bias: true),
            .. Linear($"{block}mlp.fc1", Mlp, Width, bias: true),
            .. Linear($"{block}mlp.fc2", Width, Mlp, bias: true),
            .. LayerNorm(block + names.Norm1, Width),
            .. LayerNorm(block + names.Norm2, Width),
        ];

    private static PlannedTensor LayerScale(string name) => new(name, [Width], 0.5, 0.1);
}
