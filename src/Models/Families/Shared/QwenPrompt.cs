using Pipelines.Models.Text;
using Pipelines.Models.Text.Templates;

namespace Pipelines.Models.Families.Shared;

/// <summary>How the Qwen families write a picture and a question.</summary>
internal static class QwenPrompt
{
    /// <summary>The token that ends a turn.</summary>
    public const string EndOfTurn = "<|im_end|>";

    /// <summary>Qwen2-VL's and Qwen2.5-VL's prompt, as chat_template.json of the hub renders it.</summary>
    public static BuiltInTemplate Qwen2Vl { get; } =
        new(
            "qwen2-vl",
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n",
            BuiltInTemplate.ChatMlAnswer
        );

    /// <summary>The picture.</summary>
    public static ImageMark Picture { get; } =
        new("<|image_pad|>", "<|image_pad|>", "<|image_pad|>", "<|vision_start|><|image_pad|><|vision_end|>")
        {
            Others = ["<|vision_start|>", "<|vision_end|>", "<|video_pad|>"],
        };

    /// <summary>Demands that config, processor and tokenizer mean one token by the image.</summary>
    public static void RequireImageToken(ModelInfo info, ModelConfig config, HubTokenizer tokenizer) =>
        ImageToken.Require(info.Folder, config, tokenizer, Picture.ImageToken, classDefault: null);
}
