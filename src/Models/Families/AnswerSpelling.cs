using System.Globalization;
using Pipelines.Domain.Errors;

namespace Pipelines.Models.Families;

/// <summary>
/// One way to write an answer behind a prompt: "Yes", " Yes" and "yes" are other tokens, and which of them a model
/// would write depends on the last characters of its prompt.
/// </summary>
/// <param name="Text">What is written behind the prompt.</param>
/// <param name="Tokens">Its tokens there: the whole text is tokenised, and these follow the prompt's.</param>
public sealed record AnswerSpelling(string Text, IReadOnlyList<int> Tokens)
{
    private static readonly Func<string, string>[] Cases =
    [
        text => text,
        Capitalised,
        text => text.ToLower(CultureInfo.InvariantCulture),
        text => text.ToUpper(CultureInfo.InvariantCulture),
    ];

    /// <summary>Number of ways in which <see cref="Of"/> writes an answer.</summary>
    public static int Ways => 2 * Cases.Length;

    /// <summary>
    /// An answer as written, capitalised, in lower and in upper case, each with and without a blank before it. A way in
    /// which the prompt's own tokens change (a token would span the border) is null: nobody could measure it.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="prompt">The prompt, the image expanded.</param>
    /// <param name="answer">The answer; blanks around it do not count.</param>
    /// <returns><see cref="Ways"/> entries, in an order that is the same for every answer.</returns>
    /// <exception cref="InputException">The answer holds a special token.</exception>
    public static IReadOnlyList<AnswerSpelling?> Of(VisionLanguageModel model, PromptTokens prompt, string answer)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(answer);
        if (model.Tokenizer.SpecialTokenIn(answer) is { } special)
        {
            throw new InputException(
                "answer",
                $"'{Shown.Name(answer)}' holds '{special}', which is no text to this model."
            );
        }

        return
        [
            .. Cases.SelectMany(spell =>
                ((string[])["", " "]).Select(before => Behind(model, prompt, before + spell(answer.Trim())))
            ),
        ];
    }

    private static AnswerSpelling? Behind(VisionLanguageModel model, PromptTokens prompt, string text)
    {
        PromptTokens whole = model.Tokenize(prompt.Text + text, prompt.Image);
        return whole.Length > prompt.Length && whole.Ids.Take(prompt.Length).SequenceEqual(prompt.Ids)
            ? new AnswerSpelling(text, [.. whole.Ids.Skip(prompt.Length)])
            : null;
    }

    private static string Capitalised(string text) =>
        text.Length == 0 ? text : char.ToUpper(text[0], CultureInfo.InvariantCulture) + text[1..];
}
