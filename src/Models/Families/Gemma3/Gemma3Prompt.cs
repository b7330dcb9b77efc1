using Pipelines.Domain.Errors;
using Pipelines.Models.Text;
using Pipelines.Models.Text.Templates;

namespace Pipelines.Models.Families.Gemma3;

/// <summary>How Gemma 3 writes a picture, and its prompt.</summary>
internal static class Gemma3Prompt
{
    private const string Start = "<start_of_image>",
        Soft = "<image_soft_token>",
        End = "<end_of_image>";

    /// <summary>image_token_index of the class.</summary>
    private const int ClassImageToken = 262144;

    /// <summary>
    /// The picture: the processor puts it between blank lines before the text is tokenized, so that line feeds before
    /// and behind it join to one token.
    /// </summary>
    public static ImageMark Mark { get; } = new(Start, $"\n\n{Start}{Soft}{End}\n\n", Soft, Start) { Others = [End] };

    /// <summary>As chat_template.json of the hub renders it.</summary>
    public static BuiltInTemplate Published { get; } =
        new("gemma3", "<bos><start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n");

    /// <summary>
    /// Demands that the folder's files name one image token, and the texts around it as the processor writes them.
    /// </summary>
    /// <exception cref="InputException">They do not.</exception>
    public static void RequireImageToken(ModelInfo info, ModelConfig config, HubTokenizer tokenizer)
    {
        ImageToken.Require(info.Folder, config, tokenizer, Soft, ClassImageToken);
        TokenizerSettings settings = TokenizerSettings.Read(info.Folder);
        foreach ((string key, string mark) in ((string, string)[])[("boi_token", Start), ("eoi_token", End)])
        {
            foreach ((string source, string? text) in settings.Named(key))
            {
                if (text is not null && text != mark)
                {
                    throw new InputException(
                        source,
                        $"has the {key} '{text}', but this family's pictures stand between '{Start}' and '{End}'.",
                        "Processor and model must be of one model."
                    );
                }
            }
        }
    }
}
