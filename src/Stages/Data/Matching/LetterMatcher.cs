using System.Text.RegularExpressions;
using Pipelines.Domain;

namespace Pipelines.Stages.Data.Matching;

/// <summary>
/// The answer names the letter of an accepted option (<see cref="OptionLetters"/>). The first of these that holds
/// decides:
/// <list type="number">
/// <item>It is one letter and nothing else, in any case ("b", "(B)", "B.").</item>
/// <item>It is the text of exactly one option, compared as <c>exact</c> does.</item>
/// <item>It states the letter: "the answer is B", "answer: B", "the correct option is (B)".</item>
/// <item>It begins with the letter, set apart: "B. left", "(B) left", "Option B, since ...".</item>
/// <item>A letter is marked as one: "(B)", "B.", "option B".</item>
/// <item>A capital letter stands as a word of its own.</item>
/// </list>
/// Where two letters are found in the same way it is unknown; never the last one counts. A lower-case letter counts
/// only where it is the whole answer. "A" before another word is the article and "I" the pronoun, "T-shirt", "A.M." and
/// "C++" hold no letter, and one behind "not" is not named. Unknown is wrong.
/// <para>
/// An accepted answer is a letter, or the text of exactly one option; where it could be either it is a letter. A number
/// is none: whether 1 is A or B is for the reader of the file to say.
/// </para>
/// </summary>
internal sealed partial class LetterMatcher() : AnswerMatcher(AnswerMatch.Letter)
{
    private const string Dressing = " \t\r\n\"'“”‘’`*_.,:;!()[]{}<>\\";

    /// <inheritdoc/>
    public override string? LabelProblem(DataItem item)
    {
        var options = OptionLetters.Of(item.Question);
        return Accepted(item).FirstOrDefault(a => LabelOf(a, options) is null) is { } other
            ? $"the expected answer '{other}' is neither the letter nor the text of one of {options.Count} options"
            : null;
    }

    /// <summary>The letter that an answer names, or null.</summary>
    public static char? Understood(string answer, OptionLetters options)
    {
        string text = NormalForm.Compatible(answer).Trim();
        if (Alone(text, options) is { } alone)
        {
            return alone;
        }

        if (options.OfText(text) is { } ofText)
        {
            return ofText;
        }

        char[] stated = Letters(Stated(), text);
        if (stated.Length > 0)
        {
            return One(stated, options); // "the answer is D" of A to C is no other letter
        }

        Match leading = Leading().Match(text);
        if (leading.Success && leading.Groups["letter"].Value[0] is var first && IsMeant(first, text, options))
        {
            return One([first], options);
        }

        char[] marked = [.. Letters(Marked(), text).Concat(Letters(Named(), text)).Where(options.Has).Distinct()];
        return One(marked.Length > 0 ? marked : Letters(Single(), text), options);
    }

    /// <inheritdoc/>
    protected override MatchedAnswer Judge(string answer, DataItem item)
    {
        var options = OptionLetters.Of(item.Question);
        string[] accepted = [.. Accepted(item).Select(a => LabelOf(a, options)!.Value.ToString())];
        if (Understood(answer, options)?.ToString() is not { } said)
        {
            string reason = string.IsNullOrWhiteSpace(answer)
                ? "the answer is empty"
                : $"the answer '{answer.Trim()}' names no letter of an option clearly";
            return Wrong(MatchedAnswer.Unknown, accepted[0], reason);
        }

        return accepted.Contains(said, StringComparer.Ordinal)
            ? Right(said)
            : Wrong(said, accepted[0], $"the answer names {said}, not {accepted[0]}");
    }

    private static char? LabelOf(string label, OptionLetters options) =>
        Alone(NormalForm.Compatible(label), options) ?? options.OfText(label);

    /// <summary>The letter that is all of a text, whatever it is dressed in.</summary>
    private static char? Alone(string text, OptionLetters options)
    {
        string bare = text.Trim(Dressing.ToCharArray());
        return bare.Length == 1 && options.Has(char.ToUpperInvariant(bare[0])) ? char.ToUpperInvariant(bare[0]) : null;
    }

    private static char? One(char[] letters, OptionLetters options) =>
        letters.Where(options.Has).ToArray() is [var one] && letters.Length == 1 ? one : null;

    /// <summary>
    /// The first letter is an answer: no pronoun ("I, for one, ..."), and no list follows, in which the same mark comes
    /// with other letters and the options are told again.
    /// </summary>
    private static bool IsMeant(char first, string text, OptionLetters options)
    {
        string[] marks =
        [
            .. Marked().Matches(text).Where(m => !m.Groups["denied"].Success).Select(m => m.Groups["mark"].Value),
        ];
        return (first != 'I' || options.Has('I')) && !marks.Skip(1).Contains(marks.FirstOrDefault());
    }

    private static char[] Letters(Regex form, string text) =>
        [
            .. form.Matches(text)
                .Where(m => !m.Groups["denied"].Success)
                .Select(m => m.Groups["letter"].Value[0])
                .Distinct(),
        ];

    // Nothing of a word stands before the letter, nor "U." or "vitamin-"; nothing after it, nor "+", "'s" or ".M.".
    private const string Before = @"(?<![\p{L}\p{M}\p{Nd}&]|['’](?<=[\p{L}]['’])|[-.](?<=[\p{L}\p{Nd}][-.]))";

    private const string After = @"(?![\p{L}\p{M}\p{Nd}+#]|['’&-][\p{L}\p{Nd}]|\.(?:\p{Nd}|\p{L}(?!\p{L})))";

    private const string Own = Before + "[A-Z]" + After;

    private const string Letter = Before + "(?<letter>[A-Z])" + After;

    // "A dog" and "I think": a word follows. "A is", "A and B", "A because" are letters.
    private const string NoArticle = @"(?!(?<=[AI])\s+(?!(?:is|was|and|or|nor|but|because|since|as)\b)[\p{L}\p{Nd}])";

    private const string Denied =
        @"(?<denied>(?:\b[Nn]ot|n['’]t|\b[Nn]either|\bnor)\s+(?:(?:the|option|choice|letter)\s+)*[(\[]?)?";

    private const string Opening = @"[\s""'“‘*_`(\[{$]*";

    private const string IsOrColon = @"(?:\s+(?:is|was|would\s+be|should\s+be|must\s+be)(?:\s*:)?|\s*[:=])";

    private const string Boxed = @"(?:\\(?:boxed|text)\{)*";

    [GeneratedRegex(
        @"\b(?i:answer|option|choice)[*_]*"
            + IsOrColon
            + @"(?:\s*(?i:the|option|letter|choice)\b)*"
            + Opening
            + Boxed
            + Letter
            + NoArticle
            + @"(?!\s*(?:/|&|\b(?:and|or)\s)\s*[(\[]?"
            + Own
            + NoArticle
            + ")"
    )]
    private static partial Regex Stated();

    [GeneratedRegex(
        @"^[\s""'“‘*_`]*(?:(?i:option|choice|letter|answer)\s+)?[(\[]?"
            + Letter
            + @"\s*(?:[).\]:;,*\n–—-]+|$)"
            + @"(?!\s*(?:(?:and|or)\s+)?[(\[]?"
            + Own
            + NoArticle
            + ")"
    )]
    private static partial Regex Leading();

    [GeneratedRegex(Denied + @"(?:(?<mark>[(\[{])\s*(?<letter>[A-Z])\s*[)\]}]|" + Letter + "(?<mark>[.):]))")]
    private static partial Regex Marked();

    [GeneratedRegex(Denied + @"\b(?i:option|choice|letter)\s+" + Opening + Letter)]
    private static partial Regex Named();

    [GeneratedRegex(Denied + Letter + NoArticle)]
    private static partial Regex Single();
}
