namespace Pipelines.Fuzz.Mutators;

/// <summary>A field of a protocol-buffers message.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Wire">0 varint, 1 eight bytes, 2 bytes with a length, 5 four bytes.</param>
/// <param name="Content">Its bytes; of a varint as written.</param>
internal sealed record ProtobufField(ulong Number, int Wire, byte[] Content);

/// <summary>A protocol-buffers message as its fields, written back with right lengths.</summary>
internal static class ProtobufFields
{
    /// <summary>The fields, or null where the bytes are no message.</summary>
    public static List<ProtobufField>? Parse(byte[] message)
    {
        var fields = new List<ProtobufField>();
        int at = 0;
        while (at < message.Length)
        {
            if (Varint(message, ref at) is not { } key)
            {
                return null;
            }

            int start = at;
            switch (key & 7)
            {
                case 0 when Varint(message, ref at) is not null:
                    break;
                case 1:
                    at += 8;
                    break;
                case 2 when Varint(message, ref at) is { } length && length <= (ulong)(message.Length - at):
                    start = at;
                    at += (int)length;
                    break;
                case 5:
                    at += 4;
                    break;
                default:
                    return null;
            }

            if (at > message.Length)
            {
                return null;
            }

            fields.Add(new ProtobufField(key >> 3, (int)(key & 7), message[start..at]));
        }

        return fields;
    }

    /// <summary>The message.</summary>
    public static byte[] Write(IEnumerable<ProtobufField> fields)
    {
        using var message = new MemoryStream();
        foreach (ProtobufField field in fields)
        {
            message.Write(Varint((field.Number << 3) | (uint)field.Wire));
            if (field.Wire == 2)
            {
                message.Write(Varint((ulong)field.Content.Length));
            }

            message.Write(field.Content);
        }

        return message.ToArray();
    }

    /// <summary>A number as a varint.</summary>
    public static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }

    private static ulong? Varint(byte[] bytes, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64 && at < bytes.Length; shift += 7)
        {
            byte b = bytes[at++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        return null;
    }
}
