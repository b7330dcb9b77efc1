namespace Pipelines.Models.Text;

/// <summary>How a family writes a picture in a prompt.</summary>
/// <param name="Picture">What stands for the picture in the text.</param>
/// <param name="PictureTokens">What it becomes for the tokenizer; holds <paramref name="ImageToken"/> once.</param>
/// <param name="ImageToken">The token that is repeated once for each image token.</param>
/// <param name="Before">The picture as it is put before a question.</param>
public sealed record ImageMark(string Picture, string PictureTokens, string ImageToken, string Before)
{
    /// <summary>LLaVA-1.5 and LLaVA-NeXT.</summary>
    public static ImageMark Llava { get; } = new("<image>", "<image>", "<image>", "<image>\n");

    /// <summary>InternVL in its authors' layout.</summary>
    public static ImageMark InternVl { get; } =
        new("<image>", "<img><IMG_CONTEXT></img>", "<IMG_CONTEXT>", "<image>\n");

    /// <summary>Qwen2-VL.</summary>
    public static ImageMark Qwen2Vl { get; } =
        new("<|image_pad|>", "<|image_pad|>", "<|image_pad|>", "<|vision_start|><|image_pad|><|vision_end|>");

    /// <summary>
    /// Texts that a question may not hold: the tokenizer or the family would take them for a picture or a video.
    /// </summary>
    public IEnumerable<string> Reserved =>
        ((string[])[Picture, ImageToken, .. Others]).Distinct(StringComparer.Ordinal);

    private IEnumerable<string> Others =>
        this == Qwen2Vl ? ["<|vision_start|>", "<|vision_end|>", "<|video_pad|>"]
        : this == InternVl ? ["<img>", "</img>"]
        : [];
}
