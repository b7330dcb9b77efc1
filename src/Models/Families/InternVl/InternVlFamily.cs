using System.Text.Json.Nodes;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Making;

namespace Pipelines.Models.Families.InternVl;

/// <summary>InternVL2.5, 3 and 3.5 in their authors' layout (<c>internvl_chat</c>).</summary>
internal static class InternVlFamily
{
    /// <summary>On Qwen2.5 and Qwen3, whose vocabularies differ in added tokens only.</summary>
    private static readonly Recipe WithQwen = Recipe("language_model.lm_head.weight", (_, folder) =>
        TokenizerFilesWriter.WriteQwen2(ByteLevelVocabulary.Qwen2(), folder)
    );

    private static readonly Recipe WithInternLm2 = Recipe("language_model.output.weight", (_, folder) =>
        TokenizerFilesWriter.WriteInternLm2(folder)
    );

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
            Regions = InternVlModel.Regions,
            TokenGrid = TokenGridKind.Tiles,
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
                OnQwen2("InternVL3-1B", layers: 24, heads: 14, headDim: 64, hidden: 896, intermediate: 4864),
                OnQwen2("InternVL3-2B", layers: 28, heads: 12, headDim: 128, hidden: 1536, intermediate: 8960),
                OnQwen2("InternVL3-8B", layers: 28, heads: 28, headDim: 128, hidden: 3584, intermediate: 18944) with
                {
                    KvHeads = 4,
                },
                OnQwen2("InternVL3-14B", layers: 48, heads: 40, headDim: 128, hidden: 5120, intermediate: 13824) with
                {
                    KvHeads = 8,
                },
                OnQwen3("InternVL3_5-1B", layers: 28, heads: 16, hidden: 1024, intermediate: 3072),
                OnQwen3("InternVL3_5-2B", layers: 28, heads: 16, hidden: 2048, intermediate: 6144),
                OnQwen3("InternVL3_5-4B", layers: 36, heads: 32, hidden: 2560, intermediate: 9728),
                OnQwen3("InternVL3_5-8B", layers: 36, heads: 32, hidden: 4096, intermediate: 12288),
            ],
        };

    private static Recipe Recipe(string head, Action<JsonObject, string> writeTokenizer) =>
        InternVlMaking.Recipe(InternVlTensors.Names, head, "llm_config", writeTokenizer);

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
            WithQwen,
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
            WithInternLm2,
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

    private static PublishedModel OnQwen3(string name, int layers, int heads, int hidden, int intermediate) =>
        new(
            name,
            WithQwen,
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
