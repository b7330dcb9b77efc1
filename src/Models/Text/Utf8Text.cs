namespace Pipelines.Models.Text;

/// <summary>
/// Text files of others: some editors put a byte-order mark in front of UTF-8, which is not part of the text.
/// </summary>
public static class Utf8Text
{
    private static ReadOnlySpan<byte> Mark => "\uFEFF"u8;

    /// <summary>The text's bytes: the same array where there is no mark.</summary>
    public static byte[] WithoutMark(byte[] bytes) => bytes.AsSpan().StartsWith(Mark) ? bytes[Mark.Length..] : bytes;

    /// <summary>The text's bytes.</summary>
    public static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith(Mark) ? bytes[Mark.Length..] : bytes;
}
