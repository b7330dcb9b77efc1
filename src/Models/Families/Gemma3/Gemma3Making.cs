using System.Text.Json.Nodes;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Making;
using TorchSharp;
using static Pipelines.Models.Making.PlannedTensor;

namespace Pipelines.Models.Families.Gemma3;

/// <summary>Gemma 3 (4B 883 tensors, 12B 1065; the head is tied) made up: SigLIP so400m at 896 pixels, projector,
/// decoder.</summary>
internal static class Gemma3Making
{
    private const int Grid = 64,
        ClassHeadDim = 256;

    /// <summary>
    /// The head is the embedding, whose rows enter the decoder many times as large: small rows, and layers that add
    /// much to them, so that a made model does not answer with the last token of its prompt.
    /// </summary>
    private static PlannedTensor Quietened(PlannedTensor tensor) =>
        tensor.Name.EndsWith("embed_tokens.weight", StringComparison.Ordinal)
            ? tensor with
            {
                Deviation = 0.3 * tensor.Deviation,
            }
        : tensor.Name.EndsWith("post_attention_layernorm.weight", StringComparison.Ordinal)
        || tensor.Name.EndsWith("post_feedforward_layernorm.weight", StringComparison.Ordinal)
            ? tensor with
            {
                Mean = 2,
            }
        : tensor;

    /// <summary>How its models are made.</summary>
    public static Recipe Recipe { get; } =
        new()
        {
            Stored = torch.ScalarType.BFloat16,
            LargestFile = 5_000_000_000,
            Tensors = model =>
                [
                    .. SiglipMaking.Tower($"{LlavaTensors.Tower}.", model.VisionLayers, Grid),
                    Spread(
                        $"{Gemma3Tensors.Projector}.{Gemma3Tensors.Projection}",
                        1 / Math.Sqrt(SiglipMaking.Width),
                        SiglipMaking.Width,
                        model.Hidden
                    ),
                    Small($"{Gemma3Tensors.Projector}.{Gemma3Tensors.Norm}.weight", SiglipMaking.Width),
                    .. DecoderTensors.Of(model, LlavaTensors.Root, LlavaTensors.Head).Select(Quietened),
                ],
            SetNumbers = (config, model) =>
            {
                JsonObject text = config["text_config"]!.AsObject();
                HubFiles.SetDecoder(text, model);
                if (model.HeadDim != ClassHeadDim)
                {
                    text["head_dim"] = model.HeadDim; // which the published files omit
                }

                config["vision_config"]!["num_hidden_layers"] = model.VisionLayers;
            },
            WriteTokenizer = (_, folder) => TokenizerFilesWriter.WriteGemma3(folder),
        };
}
