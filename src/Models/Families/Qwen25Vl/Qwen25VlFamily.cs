using Pipelines.Models.Families.Shared;
using Pipelines.Models.Making;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.Qwen25Vl;

/// <summary>Qwen2.5-VL (<c>qwen2_5_vl</c>).</summary>
internal static class Qwen25VlFamily
{
    /// <summary>What is obeyed of its image processor's file.</summary>
    public static ImageProcessorKeys Keys { get; } = QwenSettings.Keys("Qwen2.5-VL");

    /// <summary>All that is known of it.</summary>
    public static Family Family { get; } =
        new()
        {
            Name = Keys.Family,
            ModelTypes = ["qwen2_5_vl"],
            Decoder = Qwen25VlConfig.Decoder,
            RequireUnderstood = Qwen25VlConfig.RequireUnderstood,
            Tower = Qwen25VlConfig.Tower,
            HubName = QwenTensors.HubName,
            Tensors = Qwen25VlTensors.Expected,
            Load = parts => new Qwen25VlModel(parts),
            Image = new ImageFields { Size = 448 },
            ImageProcessor = Keys,
            Counter = source => Qwen25VlModel.Pictures(source).Counter,
            Regions = source => Qwen25VlModel.Pictures(source).Regions,
            TokenGrid = TokenGridKind.Whole,
            Mark = QwenPrompt.Picture,
            RequireImageToken = QwenPrompt.RequireImageToken,
            Templates = [], // Qwen2-VL's prompt is its own, too
            Template = (info, _) => ModelTemplate.OwnOr(info, () => QwenPrompt.Qwen2Vl),
            TokensBeforeImage = 16,
            EndOfTurn = QwenPrompt.EndOfTurn,
            Published =
            [
                new(
                    "Qwen2.5-VL-3B-Instruct",
                    Qwen25VlMaking.Recipe,
                    DecoderLayout.Qwen2,
                    Layers: 36,
                    Heads: 16,
                    KvHeads: 2,
                    HeadDim: 128,
                    Hidden: 2048,
                    Intermediate: 11008,
                    VocabularyRows: 151936,
                    VisionLayers: 32,
                    TiedHead: true
                ),
                new(
                    "Qwen2.5-VL-7B-Instruct",
                    Qwen25VlMaking.Recipe,
                    DecoderLayout.Qwen2,
                    Layers: 28,
                    Heads: 28,
                    KvHeads: 4,
                    HeadDim: 128,
                    Hidden: 3584,
                    Intermediate: 18944,
                    VocabularyRows: 152064,
                    VisionLayers: 32
                ),
            ],
        };
}
