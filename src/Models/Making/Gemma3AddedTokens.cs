using Pipelines.Domain.Errors;
using Pipelines.Models.Text;

namespace Pipelines.Models.Making;

/// <summary>
/// The 6,415 added tokens of Gemma 3's published tokenizer: texts of its chats and pictures, runs of line feeds, blanks
/// and tabs, tags, and those that are not used.
/// </summary>
internal static class Gemma3AddedTokens
{
    /// <summary>Pieces of the vocabulary; the picture's token alone lies behind them.</summary>
    public const int Pieces = 262_144;

    /// <summary>The first of 256 byte pieces.</summary>
    public const int FirstByte = 238;

    private const int LongestRun = 31,
        FirstTab = 255_968,
        FirstUnusedBehind = 256_001;

    private static readonly string[] Beginning = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "[multimodal]"];

    private static readonly string[] SpecialTexts =
    [
        "<pad>",
        "<eos>",
        "<bos>",
        "<unk>",
        "<start_of_turn>",
        "<end_of_turn>",
        "<start_of_image>",
        "<end_of_image>",
        "<image_soft_token>",
    ];

    /// <summary>Each group is followed by its closing tags.</summary>
    private static readonly string[][] Tags =
    [
        ["table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"],
        ["h1", "h2", "h3", "h4", "h5", "h6", "blockquote"],
        ["strong", "em", "b", "i", "u", "s", "sub", "sup", "code"],
        ["a", "html", "body", "img", "span", "bbox", "ul", "li", "div", "iframe", "footer"],
    ];

    /// <summary>All of them, by id.</summary>
    public static IReadOnlyList<(int Id, string Text, bool Special)> All { get; } =
    [.. Texts().Select(t => (t.Id, t.Text, SpecialTexts.Contains(t.Text, StringComparer.Ordinal)))];

    private static IEnumerable<(int Id, string Text)> Texts()
    {
        string[] low =
        [
            .. Beginning,
            .. Unused(0, 99),
            "<start_of_turn>",
            "<end_of_turn>",
            .. Runs('\n', 1),
            .. Runs(BlankMarkAlphabet.Mark, 2),
            .. Tags.SelectMany(group => group.Select(tag => $"<{tag}>").Concat(group.Select(tag => $"</{tag}>"))),
        ];
        string[] high = [.. Runs('\t', 1), "<start_of_image>", "<end_of_image>"];
        return
        [
            .. low.Select((text, i) => (i, text)),
            .. high.Select((text, i) => (FirstTab + i, text)),
            .. Unused(99, Pieces - FirstUnusedBehind).Select((text, i) => (FirstUnusedBehind + i, text)),
            (Pieces, "<image_soft_token>"),
        ];
    }

    private static IEnumerable<string> Unused(int first, int count) =>
        Enumerable.Range(first, count).Select(n => Invariant.Text($"<unused{n}>"));

    private static IEnumerable<string> Runs(char character, int shortest) =>
        Enumerable.Range(shortest, LongestRun + 1 - shortest).Select(n => new string(character, n));
}
