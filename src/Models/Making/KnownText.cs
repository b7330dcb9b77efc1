using System.Text.RegularExpressions;

namespace Pipelines.Models.Making;

/// <summary>
/// Text that made-up tokenizers know word by word, so that prompts have about as many tokens as with the published
/// vocabularies. All other text falls back to letters and bytes.
/// </summary>
internal static partial class KnownText
{
    /// <summary>The paper's ten questions, the templates' sentence, and words that pictures are about.</summary>
    public static IReadOnlyList<string> Sentences { get; } =
    [
        "What is the main object in the image? Please answer with a single word.",
        "Identify the primary subject in this picture with a single word.",
        "Please specify the key item in this image using one word only.",
        "Please give me the main subject in this picture, stated in a single word.",
        "Provide a one-word term for the principal object depicted here.",
        "In one word, what is the primary focus of the photo?",
        "Name the primary element in the photo, limiting your answer to one word.",
        "Which single word best describes the main subject of this picture?",
        "Using a single word, name the object that stands out the most in this image.",
        "Offer the primary object's name from the picture, restricted to a single word.",
        "You are a helpful assistant.",
        "system",
        "user",
        "assistant",
        "A person bicycle car motorcycle airplane bus train truck boat traffic light fire hydrant stop sign parking "
            + "meter bench bird cat dog horse sheep cow elephant bear zebra giraffe backpack umbrella"
            + " handbag tie suitcase frisbee skis snowboard sports ball kite baseball bat glove skateboard surfboard "
            + "tennis racket bottle wine glass cup fork knife spoon bowl banana apple sandwich orange"
            + " broccoli carrot hot pizza donut cake chair couch potted plant bed dining table toilet tv laptop "
            + "mouse remote keyboard cell phone microwave oven toaster sink refrigerator book clock vase"
            + " scissors teddy hair drier toothbrush man woman boy girl child baby bike plane sofa television people "
            + "animal food building tree flower house water sky street room red green blue black white",
    ];

    /// <summary>The Chinese of InternVL's system message, each character once.</summary>
    public static string ChineseCharacters { get; } =
        "你是书生·万象，英文名由上海人工智能实验室、清华大学及多家合作单位联开发的模态语言型。";

    /// <summary>
    /// Words of the sentences with the blank in front, <c>' '</c> shown as <paramref name="blank"/>, then those that
    /// begin a sentence or follow a hyphen; each once, in order of appearance.
    /// </summary>
    public static IEnumerable<string> Words(char blank)
    {
        string[] words =
        [
            .. Sentences.SelectMany(s => Word().Matches(s).Select(m => m.Value)).Distinct(StringComparer.Ordinal),
        ];
        return words.Where(w => w[0] == ' ').Select(w => blank + w[1..]).Concat(words.Where(w => w[0] != ' '));
    }

    [GeneratedRegex(" ?[A-Za-z]+")]
    private static partial Regex Word();
}
