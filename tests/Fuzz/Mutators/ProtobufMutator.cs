using System.Text;

namespace Pipelines.Fuzz.Mutators;

/// <summary>
/// Damages protocol-buffers messages behind their lengths, inner messages as well: fields gone, twice, of other
/// numbers, kinds and contents.
/// </summary>
internal sealed class ProtobufMutator : Mutator
{
    private static readonly byte[][] Contents =
    [
        .. new[]
        {
            "",
            "\0",
            "a\0b",
            " ",
            "a",
            "\u2581",
            "\u2581a",
            "<s>",
            "<unk>",
            "<0x00>",
            "<0xFF>",
            "a b",
            "\uFFFD",
            "\U0001F431",
            new string('a', 300),
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF],
        [0xC0, 0x80],
        [0xED, 0xA0, 0x80],
    ];

    private static readonly ulong[] Numbers =
    [
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        255,
        int.MaxValue,
        uint.MaxValue,
        ulong.MaxValue,
    ];
    private static readonly uint[] Floats =
    [
        0,
        0x80000000,
        0x7F800000,
        0xFF800000,
        0x7FC00000,
        0x7F7FFFFF,
        1,
        0xC0000000,
    ];
    private static readonly BytesMutator Bytes = new();

    public override byte[] Mutate(byte[] input, RandomStream random) =>
        random.OneIn(8) ? Bytes.Mutate(input, random) : Damaged(input, random, depth: 0);

    public override IEnumerable<byte[]> Shrunk(byte[] input)
    {
        if (ProtobufFields.Parse(input) is not { } fields)
        {
            yield break;
        }

        for (int count = fields.Count / 2; count >= 1; count /= 2)
        {
            for (int at = 0; at + count <= fields.Count; at += count)
            {
                yield return ProtobufFields.Write([.. fields[..at], .. fields[(at + count)..]]);
            }
        }
    }

    private static byte[] Damaged(byte[] message, RandomStream random, int depth)
    {
        if (ProtobufFields.Parse(message) is not { Count: > 0 } fields)
        {
            return Bytes.Mutate(message, random);
        }

        int at = random.Below(fields.Count),
            other = random.Below(fields.Count);
        ProtobufField field = fields[at];
        switch (random.Below(9))
        {
            case 0:
                fields.RemoveAt(at);
                break;
            case 1:
                fields.Insert(other, field);
                break;
            case 2:
                fields[at] = field with { Number = random.Pick(Numbers) };
                break;
            case 3:
                fields[at] = field with
                {
                    Content = random.Pick(fields.Where(f => f.Wire == field.Wire).ToList()).Content,
                };
                break;
            case 4:
                fields[at] = random.OneIn(2)
                    ? new ProtobufField(field.Number, 0, ProtobufFields.Varint(random.Pick(Numbers)))
                    : new ProtobufField(field.Number, 2, random.Pick(Contents));
                break;
            case < 8 when field.Wire == 2 && depth < 3:
                fields[at] = field with { Content = Damaged(field.Content, random, depth + 1) };
                break;
            default:
                fields[at] = field with { Content = Content(field, random) };
                break;
        }

        return ProtobufFields.Write(fields);
    }

    private static byte[] Content(ProtobufField field, RandomStream random) =>
        field.Wire switch
        {
            0 => ProtobufFields.Varint(random.Pick(Numbers)),
            2 => random.Pick(Contents),
            5 => BitConverter.GetBytes(random.Pick(Floats)),
            _ => BitConverter.GetBytes(random.Next()),
        };
}
