using Pipelines.Models.Text;
using Pipelines.Models.Text.Templates;

namespace Pipelines.Models.Families.InternVl;

/// <summary>How InternVL writes a picture, and the prompts of its authors' conversation.py.</summary>
internal static class InternVlPrompt
{
    /// <summary>The picture in a prompt.</summary>
    public static ImageMark Mark { get; } =
        new("<image>", "<img><IMG_CONTEXT></img>", "<IMG_CONTEXT>", "<image>\n") { Others = ["<img>", "</img>"] };

    /// <summary>InternVL2.5, 3 and 3.5: <c>internvl2_5</c>.</summary>
    public static BuiltInTemplate V25 { get; } =
        new(
            "internvl2_5",
            "<|im_start|>system\n你是书生·万象，英文名是InternVL，是由上海人工智能实验室、清华大学及多家合作单位联合开发的"
                + "多模态大语言模型。<|im_end|>\n<|im_start|>user\n",
            BuiltInTemplate.ChatMlAnswer
        );

    /// <summary>InternVL2: <c>Hermes-2</c> and <c>internlm2-chat</c>, which differ in training only.</summary>
    public static BuiltInTemplate V2 { get; } =
        new(
            "hermes-2",
            "<|im_start|>system\n你是由上海人工智能实验室联合商汤科技开发的书生多模态大模型，英文名叫InternVL, "
                + "是一个有用无害的人工智能助手。<|im_end|><|im_start|>user\n",
            "<|im_end|><|im_start|>assistant\n"
        );

    /// <summary>
    /// The authors' code always takes the template that config.json names from its own conversation.py, whatever the
    /// tokenizer's is.
    /// </summary>
    /// <exception cref="Pipelines.Domain.Errors.InputException">A template that is not known here.</exception>
    public static ChatTemplate OfConversation(ModelConfig config)
    {
        string name = config.Text("template", "internvl2_5");
        if (config.Has("system_message"))
        {
            throw config.Error(
                "system_message",
                "is set, and versions of the authors' code differ about it.",
                "Remove it, or set model.template."
            );
        }

        BuiltInTemplate template = name switch
        {
            "internvl2_5" => V25,
            "Hermes-2" or "internlm2-chat" => V2,
            _ => throw config.Error(
                "template",
                $"is \"{name}\", a prompt that is not known here.",
                "Known are internvl2_5, Hermes-2 and internlm2-chat; or set model.template."
            ),
        };
        return ChatTemplate.Of(template, Mark, $"template {name} of config.json");
    }
}
