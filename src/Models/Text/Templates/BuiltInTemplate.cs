namespace Pipelines.Models.Text.Templates;

/// <summary>
/// A published prompt for one picture and one question: <c>Before</c>, the picture, the question, <c>After</c>. Nothing
/// follows the last character: the next token is the first of the answer.
/// </summary>
/// <param name="Name">Its name in <c>model.template</c>.</param>
/// <param name="Before">Text before the picture.</param>
/// <param name="After">Text behind the question.</param>
public sealed record BuiltInTemplate(string Name, string Before, string After)
{
    /// <summary>ChatML: the end of the user's turn and the start of the answer's.</summary>
    internal const string ChatMlAnswer = "<|im_end|>\n<|im_start|>assistant\n";

    /// <summary>ChatML without a system text, as Qwen3-VL's template writes it.</summary>
    public static BuiltInTemplate ChatMl { get; } = new("chatml", "<|im_start|>user\n", ChatMlAnswer);
}
