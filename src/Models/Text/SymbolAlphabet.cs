using System.Text;

namespace Pipelines.Models.Text;

/// <summary>
/// How text becomes the symbols that byte-pair encoding merges, and back. Two kinds exist:
/// <see cref="ByteLevelAlphabet"/> and <see cref="BlankMarkAlphabet"/>.
/// </summary>
internal abstract class SymbolAlphabet
{
    /// <summary>True where encoding puts a blank in front of a text, which decoding takes away.</summary>
    public abstract bool PutsPrefix { get; }

    /// <summary>What the normalizer makes of a stretch between added tokens.</summary>
    public abstract string Normalize(string stretch);

    /// <summary>Cuts a stretch without added tokens into pieces that are merged apart, in symbols.</summary>
    /// <param name="stretch">Text as <see cref="Normalize"/> gives it, or a part of it.</param>
    /// <param name="first">True where it starts the whole text.</param>
    public abstract IEnumerable<string> Pieces(string stretch, bool first);

    /// <summary>The symbols of a token of the vocabulary.</summary>
    public abstract string Symbols(string token);

    /// <summary>The bytes that a token stands for, or null where it is text.</summary>
    public abstract byte[]? Bytes(string token);

    /// <summary>The text of a token that has no <see cref="Bytes"/>.</summary>
    public abstract string Text(string token);

    /// <summary>The text of an added token that is part of an answer.</summary>
    public virtual string AddedText(string token) => token;

    /// <summary>Text of the joined bytes of neighbouring tokens.</summary>
    public abstract string BytesText(byte[] bytes);

    /// <summary>The characters of <see cref="BytesText"/>, each with the number of bytes that it stands for.</summary>
    public virtual IEnumerable<(Rune Character, int Bytes)> Characters(byte[] bytes)
    {
        for (int at = 0; at < bytes.Length;)
        {
            Rune.DecodeFromUtf8(bytes.AsSpan(at), out Rune character, out int length);
            yield return (character, length);
            at += length;
        }
    }
}
