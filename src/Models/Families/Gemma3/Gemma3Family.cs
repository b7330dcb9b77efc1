using Pipelines.Models.Families.Shared;
using Pipelines.Models.Making;

namespace Pipelines.Models.Families.Gemma3;

/// <summary>Gemma 3 with pictures (<c>gemma3</c>): 4B, 12B, 27B. The text-only 1B has another model_type.</summary>
internal static class Gemma3Family
{
    /// <summary>All that is known of it.</summary>
    public static Family Family { get; } =
        new()
        {
            Name = Gemma3Settings.Family,
            ModelTypes = ["gemma3"],
            Decoder = Gemma3Config.Decoder,
            RequireUnderstood = Gemma3Config.RequireUnderstood,
            Tower = (config, _) => Gemma3Config.Tower(config),
            HubName = LlavaTensors.HubName,
            Tensors = Gemma3Tensors.Expected,
            Load = parts => new Gemma3Model(parts),
            Image = new ImageFields(),
            ImageProcessor = Gemma3Settings.Keys,
            Counter = Gemma3Model.Counter,
            Regions = Gemma3Model.Regions,
            TokenGrid = TokenGridKind.Whole,
            Mark = Gemma3Prompt.Mark,
            RequireImageToken = Gemma3Prompt.RequireImageToken,
            Templates = [Gemma3Prompt.Published],
            Template = (info, _) => ModelTemplate.OwnOr(info, () => Gemma3Prompt.Published),
            TokensBeforeImage = 5,
            EndOfTurn = "<end_of_turn>",
            Published =
            [
                Model("gemma-3-4b-it", layers: 34, heads: 8, kvHeads: 4, hidden: 2560, intermediate: 10240),
                Model("gemma-3-12b-it", layers: 48, heads: 16, kvHeads: 8, hidden: 3840, intermediate: 15360),
            ],
        };

    private static PublishedModel Model(
        string name,
        int layers,
        int heads,
        int kvHeads,
        int hidden,
        int intermediate
    ) =>
        new(
            name,
            Gemma3Making.Recipe,
            DecoderLayout.Gemma3,
            Layers: layers,
            Heads: heads,
            KvHeads: kvHeads,
            HeadDim: 256,
            Hidden: hidden,
            Intermediate: intermediate,
            VocabularyRows: 262208,
            VisionLayers: 27,
            TiedHead: true
        );
}
