using Pipelines.Models.Text;

namespace Pipelines.Models.Families.InternVlHf;

/// <summary>How transformers' layout writes a picture. Its template has no system text: plain ChatML.</summary>
internal static class InternVlHfPrompt
{
    /// <summary>InternVLConfig's id, which a file without the key stands for.</summary>
    private const int ClassImageToken = 151667;

    private const string Start = "<img>",
        Context = "<IMG_CONTEXT>",
        End = "</img>";

    /// <summary>The picture in a prompt.</summary>
    public static ImageMark Mark { get; } =
        new(Context, Start + Context + End, Context, Context + "\n") { Others = [Start, End, "<video>"] };

    /// <summary>Demands that the folder's files name one image token, and the two around it.</summary>
    public static void RequireImageToken(ModelInfo info, ModelConfig config, HubTokenizer tokenizer)
    {
        ImageToken.RequireId(config, tokenizer, Context, ClassImageToken);
        ImageToken.RequireText(info.Folder, "start_image_token", Start);
        ImageToken.RequireText(info.Folder, "context_image_token", Context);
        ImageToken.RequireText(info.Folder, "end_image_token", End);
    }
}
