using Pipelines.Models.Making;

namespace Pipelines.Models.Families.InternVl;

/// <summary>InternVL2.5 in its authors' layout (<c>internvl_chat</c>).</summary>
internal static class InternVlFamily
{
    /// <summary>All that is known of it.</summary>
    public static Family Family { get; } =
        new()
        {
            Name = InternVlSettings.Family,
            ModelTypes = ["internvl_chat"],
            Decoder = InternVlConfig.Decoder,
            RequireUnderstood = InternVlConfig.RequireUnderstood,
            Tower = InternVlConfig.Tower,
            HubName = InternVlTensors.HubName,
            Tensors = InternVlTensors.Expected,
            Load = parts => new InternVlModel(parts),
            Image = new ImageFields { Size = 0, Tiles = 1 },
            ImageProcessor = InternVlSettings.Keys,
            Counter = InternVlModel.Counter,
            Regions = InternVlRegions.Of,
            TracesImageTokens = false,
            Mark = InternVlPrompt.Mark,
            RequireImageToken = (_, _, _) => { }, // the authors look it up in the tokenizer, whatever files say
            Templates = [InternVlPrompt.V25, InternVlPrompt.V2],
            Template = (_, config) => InternVlPrompt.OfConversation(config),
            TokensBeforeImage = 50, // the system text
            EndOfTurn = "<|im_end|>",
            Published =
            [
                OnQwen2("InternVL2_5-1B", layers: 24, heads: 14, headDim: 64, hidden: 896, intermediate: 4864),
                OnInternLm2("InternVL2_5-2B", layers: 24, heads: 16, hidden: 2048, intermediate: 8192),
                OnQwen2("InternVL2_5-4B", layers: 36, heads: 16, headDim: 128, hidden: 2048, intermediate: 11008),
                OnInternLm2("InternVL2_5-8B", layers: 32, heads: 32, hidden: 4096, intermediate: 14336),
            ],
        };

    private static PublishedModel OnQwen2(
        string name,
        int layers,
        int heads,
        int headDim,
        int hidden,
        int intermediate
    ) =>
        new(
            name,
            InternVlMaking.OnQwen2,
            DecoderLayout.Qwen2,
            Layers: layers,
            Heads: heads,
            KvHeads: 2,
            HeadDim: headDim,
            Hidden: hidden,
            Intermediate: intermediate,
            VocabularyRows: 151674,
            VisionLayers: 24
        );

    private static PublishedModel OnInternLm2(string name, int layers, int heads, int hidden, int intermediate) =>
        new(
            name,
            InternVlMaking.OnInternLm2,
            DecoderLayout.InternLm2,
            Layers: layers,
            Heads: heads,
            KvHeads: 8,
            HeadDim: 128,
            Hidden: hidden,
            Intermediate: intermediate,
            VocabularyRows: 92553,
            VisionLayers: 24
        );
}
