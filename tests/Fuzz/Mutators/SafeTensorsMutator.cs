using System.Buffers.Binary;

namespace Pipelines.Fuzz.Mutators;

/// <summary>
/// Damages safetensors: the header as JSON with a right length before it, the length itself, the tensors' bytes.
/// </summary>
internal sealed class SafeTensorsMutator : Mutator
{
    private static readonly JsonMutator Json = new();
    private static readonly BytesMutator Bytes = new();

    public override byte[] Mutate(byte[] input, RandomStream random)
    {
        if (Split(input) is not { } parts || random.OneIn(8))
        {
            return Bytes.Mutate(input, random);
        }

        return random.Below(5) switch
        {
            0 => Join(parts.Header, Bytes.Mutate(parts.Data, random)),
            1 => Join(Bytes.Mutate(parts.Header, random), parts.Data),
            _ => Join(Json.Mutate(parts.Header, random), parts.Data),
        };
    }

    public override IEnumerable<byte[]> Shrunk(byte[] input) =>
        Split(input) is { } parts
            ? Json.Shrunk(parts.Header).Select(h => Join(h, parts.Data)).Append(Join(parts.Header, []))
            : [];

    private static (byte[] Header, byte[] Data)? Split(byte[] file)
    {
        if (file.Length < 8)
        {
            return null;
        }

        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file);
        return length <= (ulong)(file.Length - 8) ? (file[8..(8 + (int)length)], file[(8 + (int)length)..]) : null;
    }

    private static byte[] Join(byte[] header, byte[] data)
    {
        var file = new byte[8 + header.Length + data.Length];
        BinaryPrimitives.WriteInt64LittleEndian(file, header.Length);
        header.CopyTo(file, 8);
        data.CopyTo(file, 8 + header.Length);
        return file;
    }
}
