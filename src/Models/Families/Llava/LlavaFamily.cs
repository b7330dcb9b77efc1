using Pipelines.Models.Families.Shared;
using Pipelines.Models.Making;

namespace Pipelines.Models.Families.Llava;

/// <summary>LLaVA-1.5 (<c>llava</c>).</summary>
internal static class LlavaFamily
{
    private static readonly Recipe Recipe = LlavaMaking.Recipe(_ => [], LlavaMaking.BlankBeforeEachStretch);

    /// <summary>All that is known of it.</summary>
    public static Family Family { get; } =
        new()
        {
            Name = LlavaSettings.Family,
            ModelTypes = ["llava"],
            Decoder = LlavaConfig.Decoder,
            RequireUnderstood = RequireUnderstood,
            Tower = (config, _) => LlavaConfig.Tower(config, tiles: 1),
            HubName = LlavaTensors.HubName,
            Tensors = LlavaTensors.Expected,
            Load = parts => new LlavaModel(parts),
            Image = new ImageFields { PublishedFit = LlavaSettings.PublishedFit },
            ImageProcessor = LlavaSettings.Keys,
            Counter = LlavaModel.Counter,
            Regions = LlavaRegions.Of,
            TokenGrid = TokenGridKind.First,
            Mark = LlavaPrompt.Mark,
            RequireImageToken = LlavaPrompt.RequireImageToken,
            Templates = [LlavaPrompt.Vicuna15],
            Template = (info, _) => ModelTemplate.OwnOr(info, () => LlavaPrompt.Vicuna15),
            TokensBeforeImage = 16,
            EndOfTurn = null,
            Published =
            [
                Model("llava-1.5-7b-hf", layers: 32, heads: 32, hidden: 4096, intermediate: 11008),
                Model("llava-1.5-13b-hf", layers: 40, heads: 40, hidden: 5120, intermediate: 13824),
            ],
        };

    private static void RequireUnderstood(ModelConfig config)
    {
        LlavaConfig.ReadAll(config);
        LlavaConfig.RequireKeys(config);
    }

    private static PublishedModel Model(string name, int layers, int heads, int hidden, int intermediate) =>
        new(
            name,
            Recipe,
            DecoderLayout.Llama,
            Layers: layers,
            Heads: heads,
            KvHeads: heads,
            HeadDim: 128,
            Hidden: hidden,
            Intermediate: intermediate,
            VocabularyRows: 32064,
            VisionLayers: 24
        );
}
