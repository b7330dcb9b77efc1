using System.Text;

namespace Pipelines.Models.Making;

/// <summary>Kinds of pieces, numbered as in the file.</summary>
internal enum PieceKind
{
    /// <summary>Made by merging.</summary>
    Normal = 1,

    /// <summary>Stands for what has no piece.</summary>
    Unknown = 2,

    /// <summary>Stands for no text.</summary>
    Control = 3,

    /// <summary>Never made.</summary>
    Unused = 5,

    /// <summary>One byte.</summary>
    Byte = 6,
}

/// <summary>A piece of a SentencePiece model.</summary>
/// <param name="Text">Its spelling, U+2581 for a blank.</param>
/// <param name="Score">The piece of the highest score is merged first.</param>
/// <param name="Kind">Kind.</param>
internal sealed record SentencePiece(string Text, float Score, PieceKind Kind);

/// <summary>
/// Writes tokenizer.model: SentencePiece's ModelProto (protocol buffers) of a BPE model with byte fallback and no
/// normalisation.
/// </summary>
internal static class SentencePieceWriter
{
    private const int Bpe = 2;

    /// <summary>The bytes of the file.</summary>
    /// <param name="pieces">Piece i has the id i.</param>
    /// <param name="dummyPrefix">A blank is put in front of a text.</param>
    public static byte[] Bytes(IReadOnlyList<SentencePiece> pieces, bool dummyPrefix)
    {
        using var file = new MemoryStream();
        foreach (SentencePiece piece in pieces)
        {
            using var message = new MemoryStream();
            Field(message, 1, Encoding.UTF8.GetBytes(piece.Text));
            Varint(message, (2 << 3) | 5);
            message.Write(BitConverter.GetBytes(piece.Score));
            Field(message, 3, (ulong)piece.Kind);
            Field(file, 1, message.ToArray());
        }

        using var trainer = new MemoryStream();
        Field(trainer, 3, Bpe);
        Field(trainer, 4, (ulong)pieces.Count); // vocab_size
        Field(trainer, 35, 1); // byte_fallback
        Field(file, 2, trainer.ToArray());
        using var normalizer = new MemoryStream();
        Field(normalizer, 1, "identity"u8);
        Field(normalizer, 3, dummyPrefix ? 1UL : 0); // add_dummy_prefix
        Field(normalizer, 4, 0); // remove_extra_whitespaces
        Field(file, 3, normalizer.ToArray());
        return file.ToArray();
    }

    private static void Field(Stream stream, int number, ulong value)
    {
        Varint(stream, (ulong)number << 3);
        Varint(stream, value);
    }

    private static void Field(Stream stream, int number, ReadOnlySpan<byte> bytes)
    {
        Varint(stream, ((ulong)number << 3) | 2);
        Varint(stream, (ulong)bytes.Length);
        stream.Write(bytes);
    }

    private static void Varint(Stream stream, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            stream.WriteByte((byte)(value | 0x80));
        }

        stream.WriteByte((byte)value);
    }
}
