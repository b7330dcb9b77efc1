using System.Text;
using Pipelines.Domain;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Questions;

/// <summary>Options that are shown as letters.</summary>
internal static class Options
{
    /// <summary>What stands before the options, a line of its own.</summary>
    public const string Heading = "Options:";

    /// <summary>Options at most: the alphabet.</summary>
    public const int Most = 26;

    /// <summary>The letter of an option, from 0.</summary>
    public static string Letter(int place) => ((char)('A' + place)).ToString();

    /// <summary>The options as they are shown: the heading, then <c>A. …</c>, a line each.</summary>
    public static string Lines(IReadOnlyList<string> options)
    {
        var lines = new StringBuilder(Heading);
        for (int i = 0; i < options.Count; i++)
        {
            lines.Append('\n').Append(Letter(i)).Append(". ").Append(options[i]);
        }

        return lines.ToString();
    }

    /// <summary>
    /// The letter that an answer means: a letter, the whole text of one option, or a number where the spec says how
    /// options are counted. Null, with the reason, where it means none.
    /// </summary>
    /// <param name="answer">As it stands in the file.</param>
    /// <param name="options">Texts of the options.</param>
    /// <param name="counted">How options are counted.</param>
    /// <param name="where">File and row, for the error.</param>
    /// <param name="wrong">Why there is none.</param>
    /// <exception cref="InputException">The answer is a number, and nothing says how options are counted.</exception>
    public static string? LetterOf(
        string answer,
        IReadOnlyList<string> options,
        LetterBase? counted,
        string where,
        out string? wrong
    )
    {
        wrong = null;
        string said = answer.Trim();
        string bare = said is ['(', _, ')'] ? said[1..2] : said.TrimEnd('.', ')');
        if (bare is [>= 'A' and <= 'Z' and var capital] && capital - 'A' < options.Count)
        {
            return bare;
        }

        bool isNumber = said.Length is > 0 and <= 3 && said.All(char.IsAsciiDigit);
        if (isNumber)
        {
            int place =
                int.Parse(said, System.Globalization.CultureInfo.InvariantCulture)
                - (
                    counted
                    ?? throw new InputException(
                        where,
                        $"the answer '{said}' is a number, and options are letters: whether 0 or 1 is A nobody says.",
                        "Set letters: from-0 or letters: from-1."
                    )
                ) switch
                {
                    LetterBase.From0 => 0,
                    _ => 1,
                };
            if (place >= 0 && place < options.Count)
            {
                return Letter(place);
            }
        }
        else
        {
            int[] equal = [.. Enumerable.Range(0, options.Count).Where(i => options[i].Trim() == said)];
            if (equal is [var only])
            {
                return Letter(only);
            }

            if (equal.Length == 0 && bare is [>= 'a' and <= 'z' and var small] && small - 'a' < options.Count)
            {
                return Letter(small - 'a');
            }
        }

        wrong = Invariant.Text($"its answer '{said}' is none of the {options.Count} options");
        return null;
    }
}
