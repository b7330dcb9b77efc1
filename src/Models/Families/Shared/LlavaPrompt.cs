using Pipelines.Models.Text;
using Pipelines.Models.Text.Templates;

namespace Pipelines.Models.Families.Shared;

/// <summary>How LLaVA-1.5 and LLaVA-NeXT write a picture, and the prompt of their Vicuna models.</summary>
internal static class LlavaPrompt
{
    /// <summary>LLaVA's class has a default id, which a file that has neither key stands for.</summary>
    private const int ClassImageToken = 32000;

    /// <summary>The picture in a prompt.</summary>
    public static ImageMark Mark { get; } = new("<image>", "<image>", "<image>", "<image>\n");

    /// <summary>On Vicuna, as chat_template.json of the hub renders it.</summary>
    public static BuiltInTemplate Vicuna15 { get; } = new("llava", "USER: ", " ASSISTANT:");

    /// <summary>Demands that the folder's files name one image token.</summary>
    public static void RequireImageToken(ModelInfo info, ModelConfig config, HubTokenizer tokenizer) =>
        ImageToken.Require(info.Folder, config, tokenizer, Mark.ImageToken, ClassImageToken);
}
