using Pipelines.Models.Families.Shared;
using Pipelines.Models.Making;

namespace Pipelines.Models.Families.LlavaNext;

/// <summary>LLaVA-NeXT, v1.6 (<c>llava_next</c>).</summary>
internal static class LlavaNextFamily
{
    private static readonly Recipe Recipe = LlavaMaking.Recipe(
        model => [PlannedTensor.Spread(LlavaNextModel.Newline, 0.5, model.Hidden)],
        LlavaMaking.BlankBeforeFirstStretch
    );

    /// <summary>All that is known of it.</summary>
    public static Family Family { get; } =
        new()
        {
            Name = LlavaNextSettings.Family,
            ModelTypes = ["llava_next"],
            Decoder = LlavaConfig.Decoder,
            RequireUnderstood = LlavaNextConfig.RequireUnderstood,
            Tower = LlavaNextConfig.Tower,
            HubName = LlavaTensors.HubName,
            Tensors = Tensors,
            Load = parts => new LlavaNextModel(parts),
            Image = new ImageFields { Size = 336 },
            ImageProcessor = LlavaNextSettings.Keys,
            Counter = LlavaNextModel.Counter,
            Regions = LlavaNextRegions.Of,
            TracesImageTokens = true,
            Mark = LlavaPrompt.Mark,
            RequireImageToken = LlavaPrompt.RequireImageToken,
            Templates = LlavaNextPrompt.Templates,
            Template = (info, config) => ModelTemplate.OwnOr(info, () => LlavaNextPrompt.Published(config)),
            TokensBeforeImage = 16,
            EndOfTurn = null,
            Published =
            [
                Model("llava-v1.6-vicuna-7b-hf", layers: 32, heads: 32, hidden: 4096, intermediate: 11008),
                Model("llava-v1.6-vicuna-13b-hf", layers: 40, heads: 40, hidden: 5120, intermediate: 13824),
            ],
        };

    private static ExpectedTensors Tensors(DecoderShape decoder, ModelConfig config)
    {
        ExpectedTensors shared = LlavaTensors.Expected(decoder, config);
        return shared with { Tensors = [.. shared.Tensors, new(LlavaNextModel.Newline, decoder.Hidden)] };
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
