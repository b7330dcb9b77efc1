using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Pipelines.Domain.Errors;

namespace Pipelines.Models.Text;

/// <summary>
/// GPT-2's alphabet: each byte of the UTF-8 text is one letter; patterns cut the text into words, numbers and blanks
/// before (Qwen2, Llama 3, SmolLM2).
/// </summary>
internal sealed class ByteLevelAlphabet : SymbolAlphabet
{
    /// <summary>Qwen2's pattern, used where a folder has only vocab.json and merges.txt.</summary>
    public const string QwenPattern =
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)" // the endings of English contractions
        + @"|[^\r\n\p{L}\p{N}]?\p{L}+" // a word, with a blank or a mark before it
        + @"|\p{N}" // digits one by one
        + @"| ?[^\s\p{L}\p{N}]+[\r\n]*" // punctuation, with the line ends behind it
        + @"|\s*[\r\n]+" // line ends, with the blanks before them
        + @"|\s+(?!\S)|\s+"; // blanks: all but the last where a word follows, which takes that one

    /// <summary>Llama 3's pattern: Qwen2's, with digits in threes.</summary>
    public static readonly string Llama3Pattern = QwenPattern.Replace(
        @"|\p{N}|",
        @"|\p{N}{1,3}|",
        StringComparison.Ordinal
    );

    /// <summary>GPT-2's pattern, which a ByteLevel pre-tokenizer with use_regex has built in.</summary>
    public const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>A Digits pre-tokenizer with individual_digits: numbers' characters one by one.</summary>
    public const string Digit = @"\p{N}";

    /// <summary>The same without: numbers apart from all else.</summary>
    public const string Number = @"\p{N}+";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly char[] Letters = MakeLetters();
    private static readonly Dictionary<char, byte> Values = Enumerable
        .Range(0, 256)
        .ToDictionary(b => Letters[b], b => (byte)b);

    private readonly Regex[] _cuts;
    private readonly bool _compose;

    /// <summary>An alphabet with a split pattern.</summary>
    /// <param name="pattern">.NET reads the patterns of tokenizer.json as they are.</param>
    /// <param name="compose">Unicode normalisation NFC first.</param>
    /// <exception cref="ArgumentException">The pattern is no regular expression.</exception>
    /// <exception cref="InputException">NFC is asked for and the runtime has no Unicode data.</exception>
    public ByteLevelAlphabet(string pattern, bool compose)
        : this([pattern], compose) { }

    /// <summary>An alphabet with several split patterns, each applied to what the one before it has cut.</summary>
    /// <inheritdoc cref="ByteLevelAlphabet(string, bool)"/>
    public ByteLevelAlphabet(IReadOnlyList<string> patterns, bool compose)
    {
        if (compose && "e\u0301".Normalize(NormalizationForm.FormC).Length != 1)
        {
            throw new InputException(
                "Unicode normalisation",
                "is switched off, and this tokenizer needs it.",
                "Unset DOTNET_SYSTEM_GLOBALIZATION_INVARIANT and install ICU (libicu)."
            );
        }

        _cuts = [.. patterns.Select(p => new Regex(p, RegexOptions.CultureInvariant, Patience))];
        _compose = compose;
    }

    /// <inheritdoc/>
    public override bool PutsPrefix => false;

    /// <inheritdoc/>
    public override string Normalize(string stretch)
    {
        string text = WellFormed(stretch);
        return _compose ? text.Normalize(NormalizationForm.FormC) : text;
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Pieces(string stretch, bool first)
    {
        foreach (var (start, length) in Words(stretch))
        {
            yield return Spell(Encoding.UTF8.GetBytes(stretch, start, length));
        }
    }

    /// <inheritdoc/>
    public override string Symbols(string token) => token;

    /// <inheritdoc/>
    public override byte[]? Bytes(string token)
    {
        var bytes = new byte[token.Length];
        for (int i = 0; i < token.Length; i++)
        {
            if (!Values.TryGetValue(token[i], out bytes[i]))
            {
                return Encoding.UTF8.GetBytes(token);
            }
        }

        return bytes;
    }

    /// <inheritdoc/>
    public override string Text(string token) => token;

    /// <inheritdoc/>
    public override string BytesText(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    /// <summary>
    /// What the patterns cut, one after the other: matches and what lies between them. A pattern sees UTF-16, in which
    /// letters beyond the basic plane are no <c>\p{L}</c>: each such character is shown to it as one stand-in of its
    /// class.
    /// </summary>
    private IEnumerable<(int Start, int Length)> Words(string text)
    {
        var shown = new StringBuilder(text.Length);
        var starts = new List<int>(text.Length + 1);
        int position = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            starts.Add(position);
            position += rune.Utf16SequenceLength;
            shown.Append(rune.IsBmp ? (char)rune.Value : StandIn(rune));
        }

        starts.Add(position);
        IEnumerable<(int Start, int Length)> cut = [(0, shown.Length)];
        string whole = shown.ToString();
        foreach (Regex pattern in _cuts)
        {
            cut = cut.SelectMany(part => Cut(pattern, whole.Substring(part.Start, part.Length), part.Start));
        }

        return cut.Select(part => (starts[part.Start], starts[part.Start + part.Length] - starts[part.Start]));
    }

    private static IEnumerable<(int Start, int Length)> Cut(Regex pattern, string text, int offset)
    {
        int at = 0;
        foreach (Match match in pattern.Matches(text))
        {
            if (match.Index > at)
            {
                yield return (offset + at, match.Index - at);
            }

            if (match.Length > 0)
            {
                yield return (offset + match.Index, match.Length);
            }

            at = match.Index + match.Length;
        }

        if (at < text.Length)
        {
            yield return (offset + at, text.Length - at);
        }
    }

    private static char StandIn(Rune rune) =>
        Rune.GetUnicodeCategory(rune) switch
        {
            _ when Rune.IsLetter(rune) => '\u4E00', // 一
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber =>
                '\u0663', // Arabic digit three
            _ => '\u263A', // ☺
        };

    private static string Spell(byte[] bytes) => string.Create(bytes.Length, bytes, static (letters, from) =>
        {
            for (int i = 0; i < from.Length; i++)
            {
                letters[i] = Letters[from[i]];
            }
        });

    /// <summary>Printable bytes stand for themselves, the others for U+0100 and on.</summary>
    private static char[] MakeLetters()
    {
        var letters = new char[256];
        char next = '\u0100';
        for (int b = 0; b < 256; b++)
        {
            letters[b] = b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)b : next++;
        }

        return letters;
    }

    /// <summary>Lone surrogates become U+FFFD.</summary>
    private static string WellFormed(string text)
    {
        var runes = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            runes.Append(rune);
        }

        return runes.ToString();
    }
}
