using Pipelines.Models.Families.Shared;
using Pipelines.Models.Text;
using Pipelines.Models.Text.Templates;

namespace Pipelines.Models.Families.LlavaNext;

/// <summary>The prompts of LLaVA-NeXT, which is published on four decoders.</summary>
internal static class LlavaNextPrompt
{
    /// <summary>With Vicuna's system text, as its authors and the conversion script write it.</summary>
    public static BuiltInTemplate Vicuna { get; } =
        new(
            "vicuna",
            "A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, "
                + "detailed, and polite answers to the human's questions. USER: ",
            " ASSISTANT:"
        );

    /// <summary>On Mistral.</summary>
    public static BuiltInTemplate Mistral { get; } = new("mistral", "[INST] ", " [/INST]");

    /// <summary>On Llama 3.</summary>
    public static BuiltInTemplate Llama3 { get; } =
        new(
            "llama3",
            "<|start_header_id|>user<|end_header_id|>\n\n",
            "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
        );

    /// <summary>On Yi (34B): no line feed behind a turn.</summary>
    public static BuiltInTemplate Yi { get; } =
        new(
            "yi",
            "<|im_start|>system\nAnswer the questions.<|im_end|><|im_start|>user\n",
            "<|im_end|><|im_start|>assistant\n"
        );

    /// <summary>All but LLaVA-1.5's, which serves here, too.</summary>
    public static IReadOnlyList<BuiltInTemplate> Templates { get; } = [Vicuna, Mistral, Llama3, Yi];

    /// <summary>
    /// The prompt of a folder without a template, told by decoder and vocabulary; where those are of no published
    /// model, by the tokens that the prompts are made of.
    /// </summary>
    public static BuiltInTemplate Published(string folder, ModelConfig config)
    {
        ModelConfig? text = config.OptionalSection("text_config");
        return (text?.Text("model_type", "llama"), text?.Integer("vocab_size", 32000)) switch
        {
            ("mistral", _) => Mistral,
            (_, null or (>= 32000 and <= 32064)) => LlavaPrompt.Vicuna15,
            (_, >= 128000 and < 129000) => Llama3,
            (_, >= 64000 and <= 64064) => Yi,
            _ => OfTokens(new HubTokenizer(folder)),
        };
    }

    private static BuiltInTemplate OfTokens(HubTokenizer tokenizer) =>
        tokenizer.IdOf("<|eot_id|>") is not null ? Llama3
        : tokenizer.IdOf("<|im_end|>") is not null ? Yi
        : LlavaPrompt.Vicuna15;
}
