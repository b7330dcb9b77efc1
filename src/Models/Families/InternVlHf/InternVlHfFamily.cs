using Pipelines.Models.Families.Shared;
using Pipelines.Models.Making;
using Pipelines.Models.Text.Templates;

namespace Pipelines.Models.Families.InternVlHf;

/// <summary>InternVL2.5, 3 and 3.5 in transformers' layout (<c>internvl</c>), the hub's -hf and -HF folders.</summary>
internal static class InternVlHfFamily
{
    private static readonly Recipe Recipe = InternVlMaking.Recipe(
        InternVlHfTensors.Names,
        "language_model.lm_head.weight",
        "text_config",
        TokenizerFilesWriter.WriteQwen2AndTokenizerJson
    );

    /// <summary>All that is known of it.</summary>
    public static Family Family { get; } =
        new()
        {
            Name = InternVlHfSettings.Family,
            ModelTypes = ["internvl"],
            Decoder = InternVlHfConfig.Decoder,
            TiesWithoutHead = InternVlHfConfig.TiesWithoutHead,
            RequireUnderstood = InternVlHfConfig.RequireUnderstood,
            Tower = InternVlHfConfig.Tower,
            HubName = InternVlHfTensors.HubName,
            Tensors = InternVlHfTensors.Expected,
            Load = parts => new InternVlHfModel(parts),
            Image = new ImageFields { Size = 0, Tiles = 1 },
            ImageProcessor = InternVlHfSettings.Keys,
            Counter = InternVlHfModel.Counter,
            Regions = InternVlHfModel.Regions,
            TokenGrid = TokenGridKind.Tiles,
            Mark = InternVlHfPrompt.Mark,
            RequireImageToken = InternVlHfPrompt.RequireImageToken,
            Templates = [], // ChatML, which every family may be asked with
            Template = (info, _) => ModelTemplate.OwnOr(info, () => BuiltInTemplate.ChatMl),
            TokensBeforeImage = 4,
            EndOfTurn = "<|im_end|>",
            Published =
            [
                Model("InternVL3_5-1B-HF", layers: 28, heads: 16, hidden: 1024, intermediate: 3072),
                Model("InternVL3_5-2B-HF", layers: 28, heads: 16, hidden: 2048, intermediate: 6144),
                Model("InternVL3_5-4B-HF", layers: 36, heads: 32, hidden: 2560, intermediate: 9728),
                Model("InternVL3_5-8B-HF", layers: 36, heads: 32, hidden: 4096, intermediate: 12288),
            ],
        };

    private static PublishedModel Model(string name, int layers, int heads, int hidden, int intermediate) =>
        new(
            name,
            Recipe,
            DecoderLayout.Qwen3,
            Layers: layers,
            Heads: heads,
            KvHeads: 8,
            HeadDim: 128,
            Hidden: hidden,
            Intermediate: intermediate,
            VocabularyRows: 151936,
            VisionLayers: 24
        );
}
