using System.Text;

namespace Pipelines.Stages.Data.Questions;

/// <summary>
/// One string for texts that are alike: answers, groups, names of pictures and whole questions repeat thousands of
/// times. Forgotten when the files are read.
/// </summary>
internal sealed class TextPool
{
    private const int LongestShared = 256;

    private readonly HashSet<string> texts = new(StringComparer.Ordinal);
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> bySpan;

    public TextPool() => bySpan = texts.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The text.</summary>
    public string Of(ReadOnlySpan<char> text)
    {
        if (text.Length > LongestShared)
        {
            return text.ToString();
        }

        if (!bySpan.TryGetValue(text, out string? shared))
        {
            shared = text.ToString();
            texts.Add(shared);
        }

        return shared;
    }

    /// <summary>The text.</summary>
    public string Of(string text)
    {
        if (text.Length > LongestShared)
        {
            return text;
        }

        if (!texts.TryGetValue(text, out string? shared))
        {
            shared = text;
            texts.Add(shared);
        }

        return shared;
    }

    /// <summary>The text of valid UTF-8.</summary>
    public string OfUtf8(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > LongestShared)
        {
            return Encoding.UTF8.GetString(utf8);
        }

        Span<char> chars = stackalloc char[LongestShared];
        return Of(chars[..Encoding.UTF8.GetChars(utf8, chars)]);
    }
}
