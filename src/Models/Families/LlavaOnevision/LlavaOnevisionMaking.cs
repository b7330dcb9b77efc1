using Pipelines.Models.Families.Shared;
using Pipelines.Models.Making;
using TorchSharp;
using static Pipelines.Models.Making.PlannedTensor;

namespace Pipelines.Models.Families.LlavaOnevision;

/// <summary>
/// LLaVA-OneVision made up: SigLIP so400m at 384 pixels without its last block, projector, Qwen2, newline.
/// </summary>
internal static class LlavaOnevisionMaking
{
    private const int Grid = 27;

    /// <summary>How its models are made.</summary>
    public static Recipe Recipe { get; } =
        new()
        {
            Stored = torch.ScalarType.Float16,
            LargestFile = 5_000_000_000,
            Tensors = model =>
                [
                    Spread(AnyresFeatures.Newline, 0.5, model.Hidden),
                    .. SiglipMaking.Tower($"{LlavaTensors.Tower}.", model.VisionLayers, Grid),
                    .. Linear("multi_modal_projector.linear_1", model.Hidden, SiglipMaking.Width, bias: true),
                    .. Linear("multi_modal_projector.linear_2", model.Hidden, model.Hidden, bias: true),
                    .. DecoderTensors.Of(model, LlavaTensors.Root, LlavaTensors.Head),
                ],
            SetNumbers = (config, model) =>
            {
                HubFiles.SetDecoder(config["text_config"]!.AsObject(), model);
                config["vision_config"]!["num_hidden_layers"] = model.VisionLayers;
            },
            WriteTokenizer = TokenizerFilesWriter.WriteQwen2AndTokenizerJson,
        };
}
