using System.Text;

namespace Pipelines.Stages.Storage;

/// <summary>What a claim says: who has it. Never when, for times of one host mean nothing on another.</summary>
/// <param name="Token">Random, new for each try: by it a worker knows its own claim again.</param>
/// <param name="Worker">Names the file of the worker's heartbeat; empty where the claim cannot be read.</param>
/// <param name="IsOver">The worker has given it up: whoever creates the next number has it.</param>
/// <param name="Stood">Digest of the keys that stood when it was given up, all that the worker knew of what was
/// claimed; empty where something was left.</param>
internal sealed record ClaimText(string Token, string Worker, bool IsOver = false, string Stood = "")
{
    private const string Over = "over";

    /// <summary>More bytes than any claim has.</summary>
    public const int LongestText = 1024;

    /// <summary>A claim that is there and cannot be read: it may be anybody's.</summary>
    public static ClaimText Unreadable { get; } = new("", "");

    /// <summary>A new claim of a worker.</summary>
    public static ClaimText Of(string worker) => new(Guid.NewGuid().ToString("N"), worker);

    /// <summary>One line.</summary>
    public override string ToString() =>
        string.Join(' ', new[] { Token, Worker, IsOver ? Over : "", Stood }.Where(word => word.Length > 0)) + "\n";

    /// <summary>Reads what <see cref="ToString"/> wrote; anything else is <see cref="Unreadable"/>.</summary>
    public static ClaimText Parse(ReadOnlySpan<byte> text) => Parse(Encoding.UTF8.GetString(text));

    /// <inheritdoc cref="Parse(ReadOnlySpan{byte})"/>
    public static ClaimText Parse(string text)
    {
        string[] words = text.Length <= LongestText && text.EndsWith('\n') ? text[..^1].Split(' ') : [];
        bool isSound =
            words.Length is >= 2 and <= 4
            && IsName(words[0])
            && IsName(words[1])
            && (words.Length == 2 || words[2] == Over)
            && (words.Length < 4 || IsName(words[3]));
        return isSound
            ? new ClaimText(words[0], words[1], words.Length > 2, words.Length > 3 ? words[3] : "")
            : Unreadable;
    }

    /// <summary>Names of workers become names of files: nothing leads out of their folder.</summary>
    private static bool IsName(string word) => word.Length > 0 && word.All(char.IsAsciiLetterOrDigit);
}
