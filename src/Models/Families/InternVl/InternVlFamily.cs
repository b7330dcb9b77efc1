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
                new("InternVL2_5-1B", InternVlMaking.OnQwen2, DecoderLayout.Qwen2, 24, 14, 2, 64, 896, 4864, 151674, 24),
                new(
                    "InternVL2_5-2B",
                    InternVlMaking.OnInternLm2,
                    DecoderLayout.InternLm2,
                    24,
                    16,
                    8,
                    128,
                    2048,
                    8192,
                    92553,
                    24
                ),
                new(
                    "InternVL2_5-4B",
                    InternVlMaking.OnQwen2,
                    DecoderLayout.Qwen2,
                    36,
                    16,
                    2,
                    128,
                    2048,
                    11008,
                    151674,
                    24
                ),
                new(
                    "InternVL2_5-8B",
                    InternVlMaking.OnInternLm2,
                    DecoderLayout.InternLm2,
                    32,
                    32,
                    8,
                    128,
                    4096,
                    14336,
                    92553,
                    24
                ),
            ],
        };
}
