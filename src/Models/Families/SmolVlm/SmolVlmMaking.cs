using System.Text.Json.Nodes;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Making;
using TorchSharp;
using static Pipelines.Models.Making.PlannedTensor;

namespace Pipelines.Models.Families.SmolVlm;

/// <summary>SmolVLM2 and Idefics3 made up: SigLIP, one projection, Llama. The head is stored in all of them.</summary>
internal static class SmolVlmMaking
{
    private const long So400m = SiglipMaking.Width;

    /// <summary>256M and 500M: SigLIP base at 512 pixels, 4 x 4 patches a token.</summary>
    public static Recipe OnBase { get; } =
        Recipe(
            model => SiglipMaking.Tower(Root, model.VisionLayers, grid: 32, width: 768, mlp: 3072, patch: 16),
            joined: 16 * 768,
            TokenizerFilesWriter.WriteSmolLm2
        );

    /// <summary>2.2B: SigLIP so400m at 384 pixels, 3 x 3 patches a token.</summary>
    public static Recipe OnSo400m { get; } =
        Recipe(
            model => SiglipMaking.Tower(Root, model.VisionLayers, grid: 27),
            joined: 9 * So400m,
            TokenizerFilesWriter.WriteSmolLm2
        );

    /// <summary>Idefics3: SigLIP so400m at 364 pixels, 2 x 2 patches a token, Llama 3.1.</summary>
    public static Recipe OnLlama3 { get; } =
        Recipe(
            model => SiglipMaking.Tower(Root, model.VisionLayers, grid: 26),
            joined: 4 * So400m,
            TokenizerFilesWriter.WriteLlama3
        );

    private static string Root => $"{SmolVlmTensors.Tower}.";

    private static Recipe Recipe(
        Func<PublishedModel, IEnumerable<PlannedTensor>> tower,
        long joined,
        Action<JsonObject, string> writeTokenizer
    ) =>
        new()
        {
            Stored = torch.ScalarType.BFloat16,
            LargestFile = 5_000_000_000,
            Tensors = model =>
                [
                    .. tower(model),
                    Weight($"{SmolVlmTensors.Projection}.weight", 1, model.Hidden, joined),
                    .. DecoderTensors.Of(model, $"{SmolVlmTensors.Text}.", "lm_head.weight"),
                ],
            SetNumbers = (config, model) =>
            {
                HubFiles.SetDecoder(config["text_config"]!.AsObject(), model);
                config["vision_config"]!["num_hidden_layers"] = model.VisionLayers;
            },
            WriteTokenizer = writeTokenizer,
        };
}
