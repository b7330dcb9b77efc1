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
    private const string TurnEnd = "<|im_end|>\n<|im_start|>assistant\n";

    /// <summary>LLaVA-1.5 and LLaVA-NeXT on Vicuna, as chat_template.json of the hub renders them.</summary>
    public static BuiltInTemplate Llava { get; } = new("llava", "USER: ", " ASSISTANT:");

    /// <summary>LLaVA-NeXT with Vicuna's system text, as its authors and the conversion script write it.</summary>
    public static BuiltInTemplate Vicuna { get; } =
        new(
            "vicuna",
            "A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, "
                + "detailed, and polite answers to the human's questions. USER: ",
            " ASSISTANT:"
        );

    /// <summary>LLaVA-NeXT on Mistral.</summary>
    public static BuiltInTemplate Mistral { get; } = new("mistral", "[INST] ", " [/INST]");

    /// <summary>LLaVA-NeXT on Llama 3.</summary>
    public static BuiltInTemplate Llama3 { get; } =
        new(
            "llama3",
            "<|start_header_id|>user<|end_header_id|>\n\n",
            "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
        );

    /// <summary>LLaVA-NeXT on Yi (34B): no line feed behind a turn.</summary>
    public static BuiltInTemplate Yi { get; } =
        new(
            "yi",
            "<|im_start|>system\nAnswer the questions.<|im_end|><|im_start|>user\n",
            "<|im_end|><|im_start|>assistant\n"
        );

    /// <summary>ChatML without a system text.</summary>
    public static BuiltInTemplate ChatMl { get; } = new("chatml", "<|im_start|>user\n", TurnEnd);

    /// <summary>Qwen2-VL, as chat_template.json of the hub renders it.</summary>
    public static BuiltInTemplate Qwen2Vl { get; } =
        new("qwen2-vl", "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n", TurnEnd);

    /// <summary>InternVL2.5 and 3: <c>internvl2_5</c> of the authors' conversation.py.</summary>
    public static BuiltInTemplate InternVl { get; } =
        new(
            "internvl2_5",
            "<|im_start|>system\n你是书生·万象，英文名是InternVL，是由上海人工智能实验室、清华大学及多家合作单位联合开发的"
                + "多模态大语言模型。<|im_end|>\n<|im_start|>user\n",
            TurnEnd
        );

    /// <summary>
    /// InternVL2: <c>Hermes-2</c> and <c>internlm2-chat</c> of the authors' conversation.py, which differ in training
    /// only.
    /// </summary>
    public static BuiltInTemplate Hermes2 { get; } =
        new(
            "hermes-2",
            "<|im_start|>system\n你是由上海人工智能实验室联合商汤科技开发的书生多模态大模型，英文名叫InternVL, "
                + "是一个有用无害的人工智能助手。<|im_end|><|im_start|>user\n",
            "<|im_end|><|im_start|>assistant\n"
        );

    /// <summary>All of them.</summary>
    public static IReadOnlyList<BuiltInTemplate> All { get; } =
    [Llava, Vicuna, Mistral, Llama3, Yi, ChatMl, Qwen2Vl, InternVl, Hermes2];

    /// <summary>
    /// The prompt of a name of the authors' conversation.py, as <c>template</c> of config.json has it; null where it is
    /// not known here.
    /// </summary>
    public static BuiltInTemplate? OfConversation(string name) =>
        name switch
        {
            "internvl2_5" => InternVl,
            "Hermes-2" or "internlm2-chat" => Hermes2,
            _ => null,
        };
}
