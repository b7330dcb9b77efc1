using Pipelines.Models.Families.Shared;
using Pipelines.Models.Making;
using Pipelines.Models.Text;
using Pipelines.Models.Text.Templates;

namespace Pipelines.Models.Families.LlavaOnevision;

/// <summary>LLaVA-OneVision (<c>llava_onevision</c>).</summary>
internal static class LlavaOnevisionFamily
{
    /// <summary>image_token_index of the class.</summary>
    private const int ClassImageToken = 151646;

    /// <summary>As chat_template.json of the hub renders it: no system text.</summary>
    private static readonly BuiltInTemplate Prompt = new(
        "llava-onevision",
        "<|im_start|>user\n",
        BuiltInTemplate.ChatMlAnswer
    );

    /// <summary>As LLaVA's; a question may not hold what the tokenizer takes for a video, either.</summary>
    private static readonly ImageMark Picture = LlavaPrompt.Mark with { Others = ["<video>"] };

    /// <summary>All that is known of it.</summary>
    public static Family Family { get; } =
        new()
        {
            Name = LlavaOnevisionSettings.Family,
            ModelTypes = ["llava_onevision"],
            Decoder = LlavaOnevisionConfig.Decoder,
            RequireUnderstood = LlavaOnevisionConfig.RequireUnderstood,
            Tower = LlavaOnevisionConfig.Tower,
            HubName = LlavaTensors.HubName,
            Tensors = LlavaOnevisionTensors.Expected,
            Load = parts => new LlavaOnevisionModel(parts),
            Image = new ImageFields { Size = 384 },
            ImageProcessor = LlavaOnevisionSettings.Keys,
            Counter = LlavaOnevisionModel.Counter,
            Regions = LlavaOnevisionModel.Regions,
            TokenGrid = TokenGridKind.First,
            Mark = Picture,
            RequireImageToken = (info, config, tokenizer) =>
                ImageToken.Require(info.Folder, config, tokenizer, Picture.ImageToken, ClassImageToken),
            Templates = [Prompt],
            Template = (info, _) => ModelTemplate.OwnOr(info, () => Prompt),
            TokensBeforeImage = 3,
            EndOfTurn = "<|im_end|>",
            Published =
            [
                Model(
                    "llava-onevision-qwen2-0.5b-ov-hf",
                    layers: 24,
                    heads: 14,
                    kvHeads: 2,
                    headDim: 64,
                    hidden: 896,
                    intermediate: 4864,
                    rows: 152000
                ) with
                {
                    TiedHead = true,
                },
                Model(
                    "llava-onevision-qwen2-7b-ov-hf",
                    layers: 28,
                    heads: 28,
                    kvHeads: 4,
                    headDim: 128,
                    hidden: 3584,
                    intermediate: 18944,
                    rows: 152128
                ),
            ],
        };

    private static PublishedModel Model(
        string name,
        int layers,
        int heads,
        int kvHeads,
        int headDim,
        int hidden,
        int intermediate,
        int rows
    ) =>
        new(
            name,
            LlavaOnevisionMaking.Recipe,
            DecoderLayout.Qwen2,
            Layers: layers,
            Heads: heads,
            KvHeads: kvHeads,
            HeadDim: headDim,
            Hidden: hidden,
            Intermediate: intermediate,
            VocabularyRows: rows,
            VisionLayers: 26
        );
}
