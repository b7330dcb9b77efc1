using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Pipelines.Stages.Storage;

/// <summary>
/// A key, SHA-256, as 32 bytes in place of 64 characters: a set of 100,000 is made in milliseconds.
/// </summary>
/// <param name="A">Bytes 0 to 7, least significant first.</param>
/// <param name="B">Bytes 8 to 15.</param>
/// <param name="C">Bytes 16 to 23.</param>
/// <param name="D">Bytes 24 to 31.</param>
internal readonly record struct KeyBytes(ulong A, ulong B, ulong C, ulong D) : IComparable<KeyBytes>
{
    /// <summary>Bytes of a key.</summary>
    public const int Length = 32;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    /// <summary>The key that a folder is named by; null where it has any other name.</summary>
    public static KeyBytes? Of(ReadOnlySpan<char> hexadecimal)
    {
        Span<byte> bytes = stackalloc byte[Length];
        return
            hexadecimal.Length == 2 * Length
            && !hexadecimal.ContainsAnyExcept(Digits) // capital letters name another folder
            && Convert.FromHexString(hexadecimal, bytes, out _, out _) == OperationStatus.Done
            ? Read(bytes)
            : null;
    }

    /// <summary>The same of UTF-8.</summary>
    public static KeyBytes? Of(ReadOnlySpan<byte> hexadecimal)
    {
        Span<char> digits = stackalloc char[2 * Length];
        return hexadecimal.Length == digits.Length && Encoding.Latin1.GetChars(hexadecimal, digits) == digits.Length
            ? Of(digits)
            : null;
    }

    /// <summary>The key at the beginning of some bytes.</summary>
    public static KeyBytes Read(ReadOnlySpan<byte> bytes) =>
        new(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..])
        );

    /// <summary>Writes it to the beginning of some bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, A);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], B);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], C);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], D);
    }

    /// <summary>Its digits are spread evenly: any eight bytes are a hash.</summary>
    public override int GetHashCode() => A.GetHashCode();

    /// <inheritdoc/>
    public int CompareTo(KeyBytes other) => (A, B, C, D).CompareTo((other.A, other.B, other.C, other.D));

    /// <summary>Hexadecimal, as the artifact's folder is named.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        Write(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
