using Pipelines.Models.Making;

namespace Pipelines.Models.Families.SmolVlm;

/// <summary>
/// SmolVLM2 (<c>smolvlm</c>) and Idefics3 (<c>idefics3</c>): one model under two names, asked otherwise.
/// </summary>
internal static class SmolVlmFamily
{
    private const string Name = "SmolVLM2 (Idefics3)";

    /// <summary>All that is known of it.</summary>
    public static Family Family { get; } =
        new()
        {
            Name = Name,
            ModelTypes = ["smolvlm", SmolVlmConfig.Idefics3],
            Decoder = SmolVlmConfig.Decoder,
            RequireUnderstood = SmolVlmConfig.RequireUnderstood,
            Tower = SmolVlmConfig.Tower,
            HubName = SmolVlmTensors.HubName,
            Tensors = SmolVlmTensors.Expected,
            Load = parts => new SmolVlmModel(parts),
            Image = new ImageFields { Size = 0, Tiles = 1 },
            ImageProcessor = SmolVlmSettings.Keys(Name),
            Counter = SmolVlmModel.Counter,
            Regions = SmolVlmModel.Regions,
            TokenGrid = TokenGridKind.Tiles,
            Mark = SmolVlmPrompt.Mark,
            RequireImageToken = SmolVlmPrompt.RequireImageToken,
            Templates = [SmolVlmPrompt.Smol, SmolVlmPrompt.Idefics],
            Template = (info, config) =>
                ModelTemplate.OwnOr(info, () =>
                    SmolVlmConfig.IsIdefics3(config) ? SmolVlmPrompt.Idefics : SmolVlmPrompt.Smol
                ),
            TokensBeforeImage = 8,
            EndOfTurn = "<end_of_utterance>",
            Published =
            [
                Model("SmolVLM2-256M-Video-Instruct", 30, 9, 3, 64, 576, 1536),
                Model("SmolVLM2-500M-Video-Instruct", 32, 15, 5, 64, 960, 2560),
                Model("SmolVLM2-2.2B-Instruct", 24, 32, 32, 64, 2048, 8192) with
                {
                    Recipe = SmolVlmMaking.OnSo400m,
                    VisionLayers = 27,
                },
                Model("Idefics3-8B-Llama3", 32, 32, 8, 128, 4096, 14336) with
                {
                    Recipe = SmolVlmMaking.OnLlama3,
                    VocabularyRows = 128259,
                    VisionLayers = 27,
                },
            ],
        };

    private static PublishedModel Model(
        string name,
        int layers,
        int heads,
        int kvHeads,
        int headDim,
        int hidden,
        int intermediate
    ) =>
        new(
            name,
            SmolVlmMaking.OnBase,
            DecoderLayout.Llama,
            Layers: layers,
            Heads: heads,
            KvHeads: kvHeads,
            HeadDim: headDim,
            Hidden: hidden,
            Intermediate: intermediate,
            VocabularyRows: 49280,
            VisionLayers: 12
        );
}
