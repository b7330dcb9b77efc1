using System.Security.Cryptography;
using System.Text;

namespace Pipelines.Stages.Units;

/// <summary>
/// The only place that makes keys: SHA-256 over typed, length-framed fields (stage kind, version, parts; inputs enter
/// by their own keys).
/// </summary>
public static class Fingerprint
{
    private const byte KindTag = 1,
        VersionTag = 2,
        TextTag = 3,
        IntegerTag = 4,
        NumberTag = 5,
        DigestTag = 6,
        InputsTag = 7;

    /// <summary>Key of a unit, hexadecimal.</summary>
    public static string Of(Unit unit) => unit.Key;

    /// <summary>Hash of some parts, hexadecimal: what is shared in memory goes by it.</summary>
    internal static string Of(IReadOnlyList<KeyPart> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (KeyPart part in parts)
        {
            Append(hash, part);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Hash of one part alone, hexadecimal: tells which part of a key changed.</summary>
    public static string Of(KeyPart part)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, part);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Computes the key of a unit.</summary>
    internal static string Compute(Unit unit)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Field(hash, KindTag, Encoding.UTF8.GetBytes(unit.Kind));
        Field(hash, VersionTag, Bytes(unit.Version));
        foreach (KeyPart part in unit.Parts)
        {
            Append(hash, part);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Append(IncrementalHash hash, KeyPart part)
    {
        byte[] name = Encoding.UTF8.GetBytes(part.Name);
        switch (part)
        {
            case KeyPart.Text text:
                Field(hash, TextTag, name, Encoding.UTF8.GetBytes(text.Value));
                break;
            case KeyPart.Settings settings:
                Field(hash, TextTag, name, Encoding.UTF8.GetBytes(settings.Value.ToString()!));
                break;
            case KeyPart.Integer integer:
                Field(hash, IntegerTag, name, Bytes(integer.Value));
                break;
            case KeyPart.Number number:
                Field(hash, NumberTag, name, Bytes(BitConverter.DoubleToInt64Bits(number.Value)));
                break;
            case KeyPart.Digest digest:
                Field(hash, DigestTag, name, Convert.FromHexString(digest.Sha256));
                break;
            case KeyPart.Inputs inputs:
                Field(hash, InputsTag, [name, .. inputs.Units.Select(u => Convert.FromHexString(Of(u)))]);
                break;
            default:
                throw new InvalidOperationException($"No field for {part.GetType().Name}.");
        }
    }

    /// <summary>One field: tag, count of values, and each value behind its length.</summary>
    private static void Field(IncrementalHash hash, byte tag, params byte[][] values)
    {
        hash.AppendData([tag]);
        hash.AppendData(Bytes(values.Length));
        foreach (byte[] value in values)
        {
            hash.AppendData(Bytes(value.Length));
            hash.AppendData(value);
        }
    }

    private static byte[] Bytes(long value)
    {
        byte[] bytes = new byte[sizeof(long)];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return bytes;
    }
}
