using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace Pipelines.Stages.Data.Matching;

/// <summary>
/// The normal form of the VQA evaluator (vqaEval.py of github.com/GT-Vision-Lab/VQA), step by step and with its
/// oddities: the figures of the field hang on them.
/// </summary>
internal static partial class VqaNormalForm
{
    private const string Punctuation = ";/[]\"{}()=+\\_-><@`,?!"; // ' : $ % & # * and . are none

    private const int PointsDropped = 32; // the evaluator passes a flag of this value where the number of them stands

    private static readonly FrozenDictionary<string, string> Digits = new Dictionary<string, string>
    {
        ["none"] = "0",
        ["zero"] = "0",
        ["one"] = "1",
        ["two"] = "2",
        ["three"] = "3",
        ["four"] = "4",
        ["five"] = "5",
        ["six"] = "6",
        ["seven"] = "7",
        ["eight"] = "8",
        ["nine"] = "9",
        ["ten"] = "10",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>All steps: white space, punctuation, then words.</summary>
    public static string Of(string text) => Words(WithoutPunctuation(OnOneLine(text)));

    /// <summary>Line feeds and tabs become blanks, those at the ends go: all that is done where annotators
    /// agree.</summary>
    public static string OnOneLine(string text) => text.Replace('\n', ' ').Replace('\t', ' ').Trim();

    /// <summary>
    /// Each mark becomes a blank; or nothing, where one like it stands beside a blank, or where any digit,digit stands
    /// in the text. Then points that no digit follows go.
    /// </summary>
    private static string WithoutPunctuation(string text)
    {
        bool hasNumber = DigitCommaDigit().IsMatch(text);
        string without = text;
        foreach (char mark in Punctuation)
        {
            bool isDropped = hasNumber || text.Contains($"{mark} ", Ordinal) || text.Contains($" {mark}", Ordinal);
            without = without.Replace(mark.ToString(), isDropped ? "" : " ", Ordinal);
        }

        return PointWithoutDigit().Replace(without, "", PointsDropped);
    }

    /// <summary>Lower case; number words become digits, articles go, contractions get their apostrophe.</summary>
    private static string Words(string text) =>
        string.Join(
            ' ',
            text.ToLowerInvariant()
                .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
                .Select(word => Digits.GetValueOrDefault(word, word))
                .Where(word => word is not ("a" or "an" or "the"))
                .Select(VqaContractions.Mend)
        );

    private const StringComparison Ordinal = StringComparison.Ordinal;

    [GeneratedRegex("[0-9],[0-9]")]
    private static partial Regex DigitCommaDigit();

    [GeneratedRegex(@"\.(?![0-9])")]
    private static partial Regex PointWithoutDigit();
}
