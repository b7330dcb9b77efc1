using Pipelines.Stages.Errors;

namespace Pipelines.Stages.Text;

/// <summary>
/// The text around a question, with one picture, exactly as the family's published template makes it. Nothing follows the last character:
/// the next token is the first of the answer.
/// </summary>
/// <param name="BeforeQuestion">Text up to the question; holds <paramref name="Picture"/> once.</param>
/// <param name="AfterQuestion">Text from the question on.</param>
/// <param name="Picture">What stands for the picture in the text.</param>
/// <param name="PictureTokens">What it becomes for the tokenizer; holds <paramref name="ImageToken"/> once.</param>
/// <param name="ImageToken">The token that is repeated once for each image token.</param>
internal sealed record ChatTemplate(string BeforeQuestion, string AfterQuestion, string Picture, string PictureTokens, string ImageToken)
{
    private const string InternVlSystem = "你是书生·万象，英文名是InternVL，是由上海人工智能实验室、清华大学及多家合作单位联合开发的多模态大语言模型。";

    /// <summary>LLaVA-1.5 and LLaVA-NeXT (chat_template.json of the hub).</summary>
    public static ChatTemplate Llava { get; } = new("USER: <image>\n", " ASSISTANT:", "<image>", "<image>", "<image>");

    /// <summary>LLaVA-NeXT with Vicuna's system text, as its authors and conversion script write it.</summary>
    public static ChatTemplate Vicuna { get; } = Llava with
    {
        BeforeQuestion = "A chat between a curious human and an artificial intelligence assistant. "
            + "The assistant gives helpful, detailed, and polite answers to the human's questions. USER: <image>\n",
    };

    /// <summary>InternVL2.5 (template internvl2_5 of the authors' conversation.py).</summary>
    public static ChatTemplate InternVl { get; } = new(
        $"<|im_start|>system\n{InternVlSystem}<|im_end|>\n<|im_start|>user\n<image>\n",
        "<|im_end|>\n<|im_start|>assistant\n",
        "<image>",
        "<img><IMG_CONTEXT></img>",
        "<IMG_CONTEXT>");

    /// <summary>Qwen2-VL (chat_template.json of the hub).</summary>
    public static ChatTemplate Qwen2Vl { get; } = new(
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>",
        "<|im_end|>\n<|im_start|>assistant\n",
        "<|image_pad|>",
        "<|image_pad|>",
        "<|image_pad|>");

    /// <summary>The whole prompt, with <see cref="Picture"/> for the picture.</summary>
    public string Prompt(string question) => BeforeQuestion + question + AfterQuestion;

    /// <summary>Ids of the prompt of a question.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="question">The question.</param>
    /// <param name="imageTokens">P, the number of image tokens, at least 1.</param>
    /// <exception cref="InputException">The tokenizer lacks <see cref="ImageToken"/>, or the question holds it.</exception>
    public EncodedPrompt Encode(HubTokenizer tokenizer, string question, int imageTokens) => EncodePrompt(tokenizer, Prompt(question), imageTokens);

    /// <summary>Ids of a whole prompt in which <see cref="Picture"/> stands once.</summary>
    /// <inheritdoc cref="Encode"/>
    public EncodedPrompt EncodePrompt(HubTokenizer tokenizer, string prompt, int imageTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(imageTokens, 1);
        int imageId = tokenizer.IdOf(ImageToken) ?? throw new InputException("tokenizer", $"has no token '{ImageToken}', which stands for the picture.", "Use the tokenizer files of the model itself.");
        var ids = tokenizer.Encode(prompt.Replace(Picture, PictureTokens, StringComparison.Ordinal));
        int start = Enumerable.Range(0, ids.Count).FirstOrDefault(i => ids[i] == imageId, -1);
        if (start < 0 || ids.Skip(start + 1).Contains(imageId))
        {
            throw new InputException("prompt", $"must hold '{Picture}' once, where the picture stands.", "Leave it out of the question.");
        }

        return new EncodedPrompt([.. ids.Take(start), .. Enumerable.Repeat(imageId, imageTokens), .. ids.Skip(start + 1)], start, imageTokens);
    }
}

/// <summary>Ids of a prompt: prefix, image tokens, suffix.</summary>
/// <param name="Ids">All ids, the image token repeated.</param>
/// <param name="ImageStart">Position of the first image token.</param>
/// <param name="ImageLength">P, the number of image tokens.</param>
internal sealed record EncodedPrompt(IReadOnlyList<int> Ids, int ImageStart, int ImageLength)
{
    /// <summary>T, the number of tokens after the picture.</summary>
    public int SuffixLength => Ids.Count - ImageStart - ImageLength;
}
