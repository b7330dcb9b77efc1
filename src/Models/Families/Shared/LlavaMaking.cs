using System.Text.Json.Nodes;
using Pipelines.Models.Making;
using TorchSharp;
using static Pipelines.Models.Making.PlannedTensor;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// LLaVA-1.5 (686 tensors; 13B 758) and LLaVA-NeXT (687, 759: image_newline besides) made up: CLIP ViT-L/14-336,
/// projector, Llama.
/// </summary>
internal static class LlavaMaking
{
    private const long Width = 1024,
        Mlp = 4096,
        Patch = 14,
        Positions = 1 + (24 * 24);

    /// <summary>A tokenizer that puts a blank before each stretch between added tokens.</summary>
    public static Action<JsonObject, string> BlankBeforeEachStretch { get; } =
        (config, folder) =>
            TokenizerFilesWriter.WriteLlama(config, TokenizerFilesWriter.BlankMarkNormalizer, null, folder);

    /// <summary>A tokenizer that puts a blank before the first stretch only.</summary>
    public static Action<JsonObject, string> BlankBeforeFirstStretch { get; } =
        (config, folder) =>
            TokenizerFilesWriter.WriteLlama(
                config,
                null,
                """{ "type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false }""",
                folder
            );

    /// <summary>How a family's models are made.</summary>
    /// <param name="first">Tensors in front of the others.</param>
    /// <param name="writeTokenizer">Writes the vocabularies.</param>
    public static Recipe Recipe(
        Func<PublishedModel, IEnumerable<PlannedTensor>> first,
        Action<JsonObject, string> writeTokenizer
    ) =>
        new()
        {
            Stored = torch.ScalarType.Float16,
            LargestFile = 5_000_000_000,
            Tensors = model => first(model).Concat(Tensors(model)),
            SetNumbers = (config, model) =>
            {
                HubFiles.SetDecoder(config["text_config"]!.AsObject(), model);
                config["vision_config"]!["num_hidden_layers"] = model.VisionLayers;
            },
            WriteTokenizer = writeTokenizer,
        };

    private static IEnumerable<PlannedTensor> Tensors(PublishedModel model) =>
        [
            .. Tower($"{LlavaTensors.Tower}.", model.VisionLayers),
            .. Linear("multi_modal_projector.linear_1", model.Hidden, Width, bias: true),
            .. Linear("multi_modal_projector.linear_2", model.Hidden, model.Hidden, bias: true),
            .. DecoderTensors.Of(model, LlavaTensors.Root, LlavaTensors.Head),
        ];

    private static IEnumerable<PlannedTensor> Tower(string root, int blocks) =>
        [
            Spread($"{root}embeddings.class_embedding", 1, Width),
            Weight($"{root}embeddings.patch_embedding.weight", 1, Width, 3, Patch, Patch),
            Spread($"{root}embeddings.position_embedding.weight", 0.3, Positions, Width),
            .. LayerNorm($"{root}pre_layrnorm", Width), // spelt so in the checkpoints
            .. ClipMaking.Blocks(root, blocks, Width, Mlp),
        ];
}
