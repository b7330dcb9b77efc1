using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Pipelines.Models.Text;

/// <summary>Where a mark for a blank is put in front of text that has none.</summary>
internal enum BlankPrefix
{
    /// <summary>Nowhere (InternLM2).</summary>
    None,

    /// <summary>In front of the whole text, unless it starts with a blank (Metaspace, scheme "first").</summary>
    First,

    /// <summary>
    /// In front of every stretch between added tokens, unless it starts with a blank (Metaspace, scheme "always").
    /// </summary>
    Each,

    /// <summary>
    /// In front of every stretch between added tokens, blank or not (normalizer Prepend; SentencePiece's dummy prefix).
    /// </summary>
    EachAlways,
}

/// <summary>
/// SentencePiece's alphabet: characters, with U+2581 for a blank; a character that the vocabulary lacks becomes its
/// UTF-8 bytes, whose tokens are spelt <c>&lt;0x41&gt;</c> (LLaMA, InternLM2). Inside, such a byte is one symbol of the
/// private use area.
/// </summary>
internal sealed class BlankMarkAlphabet : SymbolAlphabet
{
    /// <summary>The mark for a blank.</summary>
    public const char Mark = '\u2581';

    private readonly BlankPrefix _prefix;
    private readonly bool _splitAtBlanks;
    private readonly bool _squeezeBlanks;
    private readonly bool _marksWhenNormalizing;
    private readonly bool _byteFallback;
    private readonly HashSet<string> _characters;
    private readonly char _firstByteSymbol;

    /// <summary>The alphabet of a vocabulary.</summary>
    /// <param name="tokens">Tokens as spelt in the file.</param>
    /// <param name="prefix">Where a blank is put in front.</param>
    /// <param name="splitAtBlanks">Every blank starts a new piece (Metaspace with split).</param>
    /// <param name="squeezeBlanks">Runs of blanks count as one, blanks at the ends as none (SentencePiece's
    /// remove_extra_whitespaces).</param>
    /// <param name="marksWhenNormalizing">The normalizer marks blanks, so that added tokens are looked for among marks;
    /// Metaspace marks them later.</param>
    /// <param name="byteFallback">A character that the vocabulary lacks becomes its bytes; else it stays, and becomes
    /// the unknown token.</param>
    public BlankMarkAlphabet(
        IEnumerable<string> tokens,
        BlankPrefix prefix,
        bool splitAtBlanks = false,
        bool squeezeBlanks = false,
        bool marksWhenNormalizing = true,
        bool byteFallback = true
    )
    {
        _marksWhenNormalizing = marksWhenNormalizing;
        _byteFallback = byteFallback;
        _prefix = prefix;
        _splitAtBlanks = splitAtBlanks;
        _squeezeBlanks = squeezeBlanks;
        var all = tokens.ToList();
        _characters = [.. all.Where(IsOneCharacter)];
        _firstByteSymbol = FreePrivateBlock(all);
    }

    /// <inheritdoc/>
    public override bool PutsPrefix => _prefix != BlankPrefix.None;

    /// <inheritdoc/>
    public override string Normalize(string stretch)
    {
        string text = _squeezeBlanks
            ? string.Join(' ', stretch.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            : stretch;
        if (!_marksWhenNormalizing || text.Length == 0)
        {
            return text;
        }

        string marked = text.Replace(' ', Mark);
        return _prefix == BlankPrefix.EachAlways ? Mark + marked : marked;
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Pieces(string stretch, bool first)
    {
        if (stretch.Length == 0)
        {
            return [];
        }

        var symbols = new StringBuilder(stretch.Length + 8);
        bool blankInFront = stretch[0] is ' ' or Mark;
        if (!blankInFront && (_prefix == BlankPrefix.Each || (_prefix == BlankPrefix.First && first)))
        {
            symbols.Append(Mark);
        }

        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in stretch.EnumerateRunes())
        {
            string character = rune.Value == ' ' ? "\u2581" : rune.ToString();
            if (!_byteFallback || _characters.Contains(character))
            {
                symbols.Append(character);
                continue;
            }

            int length = rune.EncodeToUtf8(utf8);
            for (int i = 0; i < length; i++)
            {
                symbols.Append(ByteSymbol(utf8[i]));
            }
        }

        return _splitAtBlanks ? SplitAtBlanks(symbols.ToString()) : [symbols.ToString()];
    }

    /// <inheritdoc/>
    public override string Symbols(string token) => Bytes(token) is [byte one] ? ByteSymbol(one).ToString() : token;

    /// <inheritdoc/>
    public override byte[]? Bytes(string token) =>
        token is ['<', '0', 'x', _, _, '>']
        && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte one)
            ? [one]
            : null;

    /// <inheritdoc/>
    public override string Text(string token) => token.Replace(Mark, ' ');

    /// <summary>Gemma's runs of blanks are added tokens, and the hub's decoder makes blanks of all marks.</summary>
    public override string AddedText(string token) => Text(token);

    /// <summary>Bytes that are not UTF-8 as a whole become one U+FFFD each, as the hub's decoder does.</summary>
    public override string BytesText(byte[] bytes) =>
        Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : new string('\uFFFD', bytes.Length);

    /// <inheritdoc/>
    public override IEnumerable<(Rune Character, int Bytes)> Characters(byte[] bytes) =>
        Utf8.IsValid(bytes) ? base.Characters(bytes) : bytes.Select(_ => (Rune.ReplacementChar, 1));

    private char ByteSymbol(byte value) => (char)(_firstByteSymbol + value);

    private static bool IsOneCharacter(string token) =>
        token.Length is 1 or 2 && Rune.TryGetRuneAt(token, 0, out var rune) && rune.Utf16SequenceLength == token.Length;

    /// <summary>First of 256 characters of the private use area (U+E000 to U+F8FF) that no token has.</summary>
    private static char FreePrivateBlock(IEnumerable<string> tokens)
    {
        var used = tokens
            .SelectMany(t => t)
            .Where(c => c is >= '\uE000' and <= '\uF8FF')
            .Select(c => c >> 8)
            .ToHashSet();
        int free = Enumerable.Range(0xE0, 25).FirstOrDefault(b => !used.Contains(b));
        return free > 0
            ? (char)(free << 8)
            : throw new ArgumentException("the vocabulary uses the whole private use area");
    }

    private static IEnumerable<string> SplitAtBlanks(string symbols)
    {
        int start = 0;
        for (int i = 1; i <= symbols.Length; i++)
        {
            if (i == symbols.Length || symbols[i] == Mark)
            {
                yield return symbols[start..i];
                start = i;
            }
        }
    }
}
