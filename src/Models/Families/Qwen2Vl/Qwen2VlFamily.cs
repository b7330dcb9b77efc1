using Pipelines.Models.Making;
using Pipelines.Models.Text;
using Pipelines.Models.Text.Templates;

namespace Pipelines.Models.Families.Qwen2Vl;

/// <summary>Qwen2-VL (<c>qwen2_vl</c>).</summary>
internal static class Qwen2VlFamily
{
    private static readonly BuiltInTemplate Prompt = new(
        "qwen2-vl",
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n",
        BuiltInTemplate.ChatMlAnswer
    ); // as chat_template.json of the hub renders it

    private static readonly ImageMark Picture = new(
        "<|image_pad|>",
        "<|image_pad|>",
        "<|image_pad|>",
        "<|vision_start|><|image_pad|><|vision_end|>"
    )
    {
        Others = ["<|vision_start|>", "<|vision_end|>", "<|video_pad|>"],
    };

    /// <summary>All that is known of it.</summary>
    public static Family Family { get; } =
        new()
        {
            Name = Qwen2VlSettings.Family,
            ModelTypes = ["qwen2_vl"],
            Decoder = Qwen2VlConfig.Decoder,
            RequireUnderstood = Qwen2VlConfig.RequireUnderstood,
            Tower = Qwen2VlConfig.Tower,
            HubName = Qwen2VlTensors.HubName,
            Tensors = Qwen2VlTensors.Expected,
            Load = parts => new Qwen2VlModel(parts),
            Image = new ImageFields { Size = 448 },
            ImageProcessor = Qwen2VlSettings.Keys,
            Counter = Qwen2VlModel.Counter,
            Regions = Qwen2VlModel.Regions,
            TracesImageTokens = false,
            Mark = Picture,
            RequireImageToken = (info, config, tokenizer) =>
                ImageToken.Require(info.Folder, config, tokenizer, Picture.ImageToken, classDefault: null),
            Templates = [Prompt],
            Template = (info, _) => ModelTemplate.OwnOr(info, () => Prompt),
            TokensBeforeImage = 16,
            EndOfTurn = "<|im_end|>",
            Published =
            [
                Model(
                    "Qwen2-VL-2B-Instruct",
                    heads: 12,
                    kvHeads: 2,
                    hidden: 1536,
                    intermediate: 8960,
                    rows: 151936
                ) with
                {
                    TiedHead = true,
                },
                Model("Qwen2-VL-7B-Instruct", heads: 28, kvHeads: 4, hidden: 3584, intermediate: 18944, rows: 152064),
            ],
        };

    private static PublishedModel Model(string name, int heads, int kvHeads, int hidden, int intermediate, int rows) =>
        new(
            name,
            Qwen2VlMaking.Recipe,
            DecoderLayout.Qwen2,
            Layers: 28,
            Heads: heads,
            KvHeads: kvHeads,
            HeadDim: 128,
            Hidden: hidden,
            Intermediate: intermediate,
            VocabularyRows: rows,
            VisionLayers: 32
        );
}
