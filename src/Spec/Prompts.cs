namespace Pipelines.Spec;

/// <summary>The ten prompts of the paper (Table 1).</summary>
public static class Prompts
{
    /// <summary>The paper's question.</summary>
    public const string Default = "default";

    /// <summary>Stands for the picture's own question, where the data bring one.</summary>
    public const string Question = "{question}";

    /// <summary>
    /// A question is a name or a sentence: one bare word such as <c>defualt</c> or <c>p12</c> is a slip, and would be
    /// asked of the model as it stands. So would <c>{category}</c>.
    /// </summary>
    public const string Form =
        @"^(default|p[1-9]|(?=[\s\S]*[^A-Za-z0-9_-])(\{question\}|[^\s{}])"
        + @"(([^{}]|\{question\})*(\{question\}|[^\s{}]))?)$";

    /// <summary>The same in words.</summary>
    public const string Allowed =
        "default, p1 to p9, or the question itself: more than one word, no blank at its ends, no { or } but in "
        + "{question}, because nothing else is put in the place of what braces name";

    private static readonly string[] Texts =
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
    ];

    /// <summary>
    /// The question's text: <c>default</c> and <c>p1</c> to <c>p9</c> are the paper's, anything else stands for itself.
    /// </summary>
    /// <param name="prompt">The field <c>prompt</c> of an experiment.</param>
    public static string Resolve(string prompt) =>
        prompt switch
        {
            Default => Texts[0],
            ['p', >= '1' and <= '9'] => Texts[prompt[1] - '0'],
            _ => prompt,
        };

    /// <summary>Whether a question is one of the paper's ten, by its text.</summary>
    public static bool IsPapers(string question) => Texts.Contains(question, StringComparer.Ordinal);

    /// <summary>Whether a prompt can be asked of pictures that bring their own questions.</summary>
    /// <param name="prompt">The field <c>prompt</c> of an experiment.</param>
    public static bool TakesQuestion(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return prompt == Default || prompt.Contains(Question, StringComparison.Ordinal);
    }

    /// <summary>What is asked about a picture with a question of its own.</summary>
    /// <param name="prompt">The field <c>prompt</c> of an experiment: the text around the question.</param>
    /// <param name="question">The picture's question, with the suffix of the data.</param>
    public static string Around(string prompt, string question)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return prompt == Default ? question : prompt.Replace(Question, question, StringComparison.Ordinal);
    }
}
