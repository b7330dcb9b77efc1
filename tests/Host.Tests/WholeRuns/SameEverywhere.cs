using System.Text.RegularExpressions;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>
/// What the program said, with a token in place of each thing that another machine, another folder or another moment
/// makes it say: times and speeds, what is free, paths, and digests that follow from the last digits of a result.
/// </summary>
internal static partial class SameEverywhere
{
    /// <summary>The text with its tokens.</summary>
    /// <param name="text">What the program said.</param>
    /// <param name="folders">Folders by their tokens. A folder in another one comes before that.</param>
    public static string Of(string text, params (string Folder, string Token)[] folders)
    {
        foreach (var (folder, token) in folders)
        {
            text = text.Replace(folder, token, StringComparison.Ordinal);
        }

        text = Halfway().Replace(text, "");
        text = Source().Replace(text, "(<source>)");
        text = Duration().Replace(text, "<time>");
        text = Rate().Replace(text, ", <rate>");
        text = Free().Replace(text, "of <size> free");
        text = Bound().Replace(text, " of the <size> that <what bounds it> leaves");
        text = LastDigits().Replace(text, "<last digits>");
        return Digest().Replace(text, "<digest>");
    }

    /// <summary>A line of progress, which comes every ten seconds: on a slow machine alone.</summary>
    [GeneratedRegex(@"^[^\n]*: [\d\u202f]+ of [\d\u202f]+ \w+(, [^\n]*/s, [^\n]* left)?\n", RegexOptions.Multiline)]
    private static partial Regex Halfway();

    /// <summary>How much of a time was measured before, and the speed that gave the rest.</summary>
    [GeneratedRegex(@"(?<=^ *altogether: .*)\((as stored units took|from |\d+ % of it ).*\)$", RegexOptions.Multiline)]
    private static partial Regex Source();

    [GeneratedRegex(@"(?<![\w.])(\d+ d \d+ h|\d+ h \d\d min|\d+ min|\d+(\.\d+)? s)\b")]
    private static partial Regex Duration();

    /// <summary>A speed behind the amount of work that was done.</summary>
    [GeneratedRegex(@", [\d\u202f]+(\.\d+)? \w+/s$", RegexOptions.Multiline)]
    private static partial Regex Rate();

    [GeneratedRegex(@"of \d+(\.\d)? [kMG]B free")]
    private static partial Regex Free();

    [GeneratedRegex(@" of the \d+(\.\d)? [kMG]B that .* leaves$", RegexOptions.Multiline)]
    private static partial Regex Bound();

    /// <summary>So small a number is what sums in another order leave.</summary>
    [GeneratedRegex(@"\b\d(\.\d+)?E-\d\d\b")]
    private static partial Regex LastDigits();

    [GeneratedRegex(@"\b[0-9a-f]{32,64}\b")]
    private static partial Regex Digest();
}
