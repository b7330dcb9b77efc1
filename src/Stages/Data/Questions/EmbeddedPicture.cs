using System.Buffers.Text;
using System.Text;
using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Stages.Data.Questions;

/// <summary>A picture inside a file of questions; of it only the place is kept.</summary>
/// <param name="File">The file.</param>
/// <param name="Row">Row in it, from 1.</param>
internal abstract record EmbeddedPicture(string File, long Row) : PictureLocation
{
    /// <summary>How many pictures the place holds: several where they are a list that is written as text.</summary>
    public int Pictures { get; init; } = 1;

    /// <inheritdoc/>
    public override string Container => File;

    /// <inheritdoc/>
    public override string Shown => Invariant.Text($"{File}:{Row}");

    /// <summary>An error of this picture.</summary>
    protected InputException Error(string what, Exception? inner = null) =>
        new(Shown, what, "Get the file again.", inner);

    /// <summary>A part of the file.</summary>
    /// <exception cref="InputException">It cannot be read, or has changed since.</exception>
    protected byte[] Part(long offset, int length)
    {
        try
        {
            using FileStream stream = RegularFile.Open(File, buffer: 1, options: FileOptions.RandomAccess);
            byte[] bytes = new byte[Math.Min(length, Math.Max(0, stream.Length - offset))];
            stream.Position = offset;
            stream.ReadExactly(bytes);
            return bytes.Length == length ? bytes : throw Error("the file has been cut short since it was read.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Error($"the picture in it cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The bytes that a text in base64 stands for.</summary>
    /// <exception cref="InputException">It is none.</exception>
    protected byte[] Decoded(string text) =>
        EmbeddedText.Decode(text) ?? throw Error("the picture's text is no base64, or was cut short.");
}

/// <summary>A text in base64 in a JSON file.</summary>
/// <param name="File">The file.</param>
/// <param name="Row">Row in it.</param>
/// <param name="Offset">First byte of the text, behind the quote.</param>
/// <param name="Length">Bytes of the text.</param>
internal sealed record JsonPicture(string File, long Row, long Offset, int Length) : EmbeddedPicture(File, Row)
{
    /// <inheritdoc/>
    public override byte[] Read()
    {
        byte[] raw = Part(Offset, Length);
        return Decoded(
            raw.AsSpan().Contains((byte)'\\')
                ? JsonRowReader.Unescape([(byte)'"', .. raw, (byte)'"']) ?? ""
                : Encoding.Latin1.GetString(raw)
        );
    }
}

/// <summary>Pictures as text.</summary>
internal static class EmbeddedText
{
    private const int LongestName = 4096,
        LongestPointer = 64;

    private static readonly string[] Beginnings = ["/9j/", "iVBORw0KGgo", "R0lGOD", "UklGR", "Qk", "SUkq", "TU0AK"];

    /// <summary>Whether a text has more characters than any path: it stays where it lies.</summary>
    public static bool IsLong(int length) => length > LongestName;

    /// <summary>Whether a text is a picture and no name of one: base64 that begins as pictures do.</summary>
    public static bool IsPicture(string text) =>
        text.StartsWith("data:image/", StringComparison.OrdinalIgnoreCase)
        || (
            text.Length > LongestPointer
            && Array.Exists(Beginnings, b => text.StartsWith(b, StringComparison.Ordinal))
            && Base64.IsValid(text)
        );

    /// <summary>How many pictures a text holds.</summary>
    public static int Count(string text) => ListText.Looks(text) ? ListText.Read(text)?.Count ?? 1 : 1;

    /// <summary>The bytes; null where the text is no base64.</summary>
    /// <param name="text">Base64, perhaps with <c>data:image/…;base64,</c> before it, or a list of one.</param>
    public static byte[]? Decode(string text)
    {
        if (ListText.Looks(text))
        {
            text = ListText.Read(text) is [{ } only] ? only : "";
        }

        if (text.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
        {
            text = text[(text.IndexOf(',', StringComparison.Ordinal) + 1)..];
        }

        byte[] bytes = new byte[text.Length / 4 * 3 + 3];
        return Convert.TryFromBase64String(text, bytes, out int written) && written > 0 ? bytes[..written] : null;
    }
}

/// <summary>A small picture whose text in base64 is kept.</summary>
/// <param name="File">The file.</param>
/// <param name="Row">Row in it.</param>
/// <param name="Text">The text.</param>
internal sealed record TextPicture(string File, long Row, string Text) : EmbeddedPicture(File, Row)
{
    /// <inheritdoc/>
    public override byte[] Read() => Decoded(Text);
}
