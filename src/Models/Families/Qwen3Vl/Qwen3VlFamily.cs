using Pipelines.Models.Families.Shared;
using Pipelines.Models.Making;
using Pipelines.Models.Text.Templates;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.Qwen3Vl;

/// <summary>Qwen3-VL (<c>qwen3_vl</c>).</summary>
internal static class Qwen3VlFamily
{
    /// <summary>What is obeyed of its image processor's file.</summary>
    public static ImageProcessorKeys Keys { get; } = QwenSettings.Keys("Qwen3-VL");

    /// <summary>All that is known of it.</summary>
    public static Family Family { get; } =
        new()
        {
            Name = Keys.Family,
            ModelTypes = ["qwen3_vl"],
            Decoder = Qwen3VlConfig.Decoder,
            RequireUnderstood = Qwen3VlConfig.RequireUnderstood,
            Tower = Qwen3VlConfig.Tower,
            HubName = Qwen3VlTensors.HubName,
            Tensors = Qwen3VlTensors.Expected,
            Load = parts => new Qwen3VlModel(parts),
            Image = new ImageFields { Size = 448 },
            ImageProcessor = Keys,
            Counter = source => Qwen3VlModel.Pictures(source).Counter,
            Regions = source => Qwen3VlModel.Pictures(source).Regions,
            TokenGrid = TokenGridKind.Whole,
            Mark = QwenPrompt.Picture,
            RequireImageToken = QwenPrompt.RequireImageToken,
            Templates = [], // ChatML without a system text is its own
            Template = (info, _) => ModelTemplate.OwnOr(info, () => BuiltInTemplate.ChatMl),
            TokensBeforeImage = 4,
            EndOfTurn = QwenPrompt.EndOfTurn,
            Published =
            [
                Model("Qwen3-VL-2B-Instruct", layers: 28, heads: 16, hidden: 2048, intermediate: 6144, tied: true),
                Model("Qwen3-VL-4B-Instruct", layers: 36, heads: 32, hidden: 2560, intermediate: 9728, tied: true),
                Model("Qwen3-VL-8B-Instruct", layers: 36, heads: 32, hidden: 4096, intermediate: 12288, tied: false),
            ],
        };

    private static PublishedModel Model(string name, int layers, int heads, int hidden, int intermediate, bool tied)
    {
        Qwen3TowerSize tower = hidden == 4096 ? Qwen3TowerSize.Large : Qwen3TowerSize.Small;
        return new(
            name,
            Qwen3VlMaking.Recipe(tower),
            DecoderLayout.Qwen3,
            Layers: layers,
            Heads: heads,
            KvHeads: 8,
            HeadDim: 128,
            Hidden: hidden,
            Intermediate: intermediate,
            VocabularyRows: 151936,
            VisionLayers: tower.Blocks,
            TiedHead: tied
        );
    }
}
