using Pipelines.Models.Families.Shared;
using Pipelines.Models.Making;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.Qwen2Vl;

/// <summary>Qwen2-VL (<c>qwen2_vl</c>).</summary>
internal static class Qwen2VlFamily
{
    /// <summary>What is obeyed of its image processor's file.</summary>
    public static ImageProcessorKeys Keys { get; } = QwenSettings.Keys("Qwen2-VL");

    /// <summary>All that is known of it.</summary>
    public static Family Family { get; } =
        new()
        {
            Name = Keys.Family,
            ModelTypes = ["qwen2_vl"],
            Decoder = Qwen2VlConfig.Decoder,
            RequireUnderstood = Qwen2VlConfig.RequireUnderstood,
            Tower = Qwen2VlConfig.Tower,
            HubName = QwenTensors.HubName,
            Tensors = Qwen2VlTensors.Expected,
            Load = parts => new Qwen2VlModel(parts),
            Image = new ImageFields { Size = 448 },
            ImageProcessor = Keys,
            Counter = source => Qwen2VlModel.Pictures(source).Counter,
            Regions = source => Qwen2VlModel.Pictures(source).Regions,
            TokenGrid = TokenGridKind.Whole,
            Mark = QwenPrompt.Picture,
            RequireImageToken = QwenPrompt.RequireImageToken,
            Templates = [QwenPrompt.Qwen2Vl],
            Template = (info, _) => ModelTemplate.OwnOr(info, () => QwenPrompt.Qwen2Vl),
            TokensBeforeImage = 16,
            EndOfTurn = QwenPrompt.EndOfTurn,
            Published =
            [
                Model(
                    "Qwen2-VL-2B-Instruct",
                    heads: 12,
                    kvHeads: 2,
                    hidden: 1536,
                    intermediate: 8960,
                    rows: 151936
                ) with
                {
                    TiedHead = true,
                },
                Model("Qwen2-VL-7B-Instruct", heads: 28, kvHeads: 4, hidden: 3584, intermediate: 18944, rows: 152064),
            ],
        };

    private static PublishedModel Model(string name, int heads, int kvHeads, int hidden, int intermediate, int rows) =>
        new(
            name,
            Qwen2VlMaking.Recipe,
            DecoderLayout.Qwen2,
            Layers: 28,
            Heads: heads,
            KvHeads: kvHeads,
            HeadDim: 128,
            Hidden: hidden,
            Intermediate: intermediate,
            VocabularyRows: rows,
            VisionLayers: 32
        );
}
