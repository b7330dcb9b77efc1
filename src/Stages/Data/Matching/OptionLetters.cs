using System.Text.RegularExpressions;

namespace Pipelines.Stages.Data.Matching;

/// <summary>
/// The options of a question by letter: the question's own, A first; or those that its text lists ("A. left", "(B)
/// right", "C) both", "D: none", on lines of their own or one after the other), which are an unbroken run from A of at
/// least two. Where neither is there, every letter may be meant, and no text belongs to one.
/// </summary>
internal sealed partial class OptionLetters
{
    private const int Most = 26;

    private readonly string[] texts; // normal forms; empty: not known

    private OptionLetters(int count, string[] texts) => (Count, this.texts) = (count, texts);

    /// <summary>Letters there are, from A.</summary>
    public int Count { get; }

    /// <summary>The options of a question.</summary>
    public static OptionLetters Of(Question? question)
    {
        if (question is { Options.Count: > 0 })
        {
            string[] own = [.. question.Options.Take(Most).Select(NormalForm.Of)];
            return new OptionLetters(own.Length, own);
        }

        string text = NormalForm.Compatible(question?.Text ?? "");
        var runs = new List<List<Match>>();
        foreach (Match marker in Marker().Matches(text))
        {
            char letter = marker.Groups["letter"].Value[0];
            if (letter == 'A')
            {
                runs.Add([]); // "A. Smith asks: A. yes B. no" has two beginnings
            }

            if (runs.Count > 0 && letter == 'A' + runs[^1].Count)
            {
                runs[^1].Add(marker);
            }
        }

        List<Match> longest = runs.MaxBy(r => r.Count) ?? [];
        return longest.Count < 2
            ? new OptionLetters(Most, [])
            : new OptionLetters(longest.Count, Listed(text, longest));
    }

    /// <summary>It is the letter of an option.</summary>
    public bool Has(char letter) => letter >= 'A' && letter < 'A' + Count;

    /// <summary>The letter of the one option with this text, or null: none has it, or several have.</summary>
    public char? OfText(string text)
    {
        string form = NormalForm.Of(text);
        int first = Array.IndexOf(texts, form);
        return form.Length == 0 || first < 0 || Array.LastIndexOf(texts, form) != first ? null : (char)('A' + first);
    }

    /// <summary>What stands behind each marker, up to the next or the end of the line.</summary>
    private static string[] Listed(string text, List<Match> run) =>
        [
            .. run.Select(
                (marker, i) =>
                {
                    int start = marker.Index + marker.Length;
                    int end = i + 1 < run.Count ? run[i + 1].Index : text.Length;
                    string line = text[start..end].TrimStart().Split('\n')[0];
                    return NormalForm.Of(line.Trim().TrimEnd(',', ';'));
                }
            ),
        ];

    /// <summary>A capital letter in brackets, or before a point, bracket or colon, as a word of its own.</summary>
    [GeneratedRegex(
        @"(?<![\p{L}\p{M}\p{Nd}'’.&-])(?:\((?<letter>[A-Z])\)|(?<letter>[A-Z])(?:[.):](?![\p{L}\p{Nd}]\.)))[.:]?",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Marker();
}
