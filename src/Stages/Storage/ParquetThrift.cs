namespace Pipelines.Stages.Storage;

/// <summary>
/// Reads Thrift's compact protocol as far as a look over footers and page headers needs it. Data that ends early, nests
/// deeply or has not the expected types is an <see cref="InvalidDataException"/>.
/// </summary>
/// <param name="bytes">Starts with a struct.</param>
internal ref struct ThriftCompact(ReadOnlySpan<byte> bytes)
{
    private const int MostDepth = 16;

    /// <summary>What has not been read.</summary>
    public ReadOnlySpan<byte> Rest { get; private set; } = bytes;

    /// <summary>Whether the bytes are one whole struct of the shape and nothing else.</summary>
    public static bool Conforms(ReadOnlySpan<byte> bytes, ThriftShape shape)
    {
        var thrift = new ThriftCompact(bytes);
        try
        {
            thrift.RequireStruct(shape, 0);
            return thrift.Rest.IsEmpty;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>Passes over a struct that must have the shape.</summary>
    /// <returns>The bytes of the struct.</returns>
    public ReadOnlySpan<byte> TakeStruct(ThriftShape shape)
    {
        var before = Rest;
        RequireStruct(shape, 0);
        return before[..^Rest.Length];
    }

    /// <summary>Moves to the next field of the current struct; false at its end.</summary>
    /// <param name="field">In: id of the field before (0 at first); out: its id.</param>
    /// <param name="type">Type of the field's value.</param>
    public bool Next(scoped ref int field, out ThriftType type)
    {
        int head = Byte();
        type = (ThriftType)(head & 15);
        if (head == 0)
        {
            return false;
        }

        field = head >> 4 is > 0 and var delta ? field + delta : Int();
        return true;
    }

    /// <summary>A zigzag varint.</summary>
    public int Int()
    {
        ulong raw = VarInt();
        return unchecked((int)((long)(raw >> 1) ^ -(long)(raw & 1)));
    }

    /// <summary>A varint; Snappy, too, begins with one.</summary>
    public ulong VarInt()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            int b = Byte();
            value |= (ulong)(b & 127) << shift;
            if (b < 128)
            {
                return value;
            }
        }

        throw new InvalidDataException("a header is damaged");
    }

    /// <summary>Passes over a value of a field.</summary>
    /// <param name="type">As <see cref="Next"/> gave it.</param>
    public void Skip(ThriftType type) => Pass(type, null, inList: false, 0);

    private void RequireStruct(ThriftShape? shape, int depth)
    {
        if (depth > MostDepth)
        {
            throw new InvalidDataException("a header is nested too deeply");
        }

        for (int field = 0; Next(ref field, out var type);)
        {
            int id = field;
            Pass(type, shape is null ? null : Array.Find(shape.Fields, f => f.Id == id), inList: false, depth);
        }
    }

    /// <summary>Passes over a value, which must be as <paramref name="expected"/> says if that is known.</summary>
    private void Pass(ThriftType type, ThriftField? expected, bool inList, int depth)
    {
        if (expected is not null && expected.Type != (type == ThriftType.False ? ThriftType.Bool : type))
        {
            throw new InvalidDataException("a header has a field of the wrong type");
        }

        switch (type)
        {
            case ThriftType.Bool or ThriftType.False: // a field's value is in its type; in a list it is a byte
                Take(inList ? 1u : 0u);
                break;
            case ThriftType.I8:
                Take(1);
                break;
            case ThriftType.I16 or ThriftType.I32 or ThriftType.I64:
                VarInt();
                break;
            case ThriftType.Double:
                Take(8);
                break;
            case ThriftType.Binary:
                Take(VarInt());
                break;
            case ThriftType.List or ThriftType.Set:
                int head = Byte();
                ulong count = head >> 4 == 15 ? VarInt() : (ulong)(head >> 4);
                for (ulong i = 0; i < count; i++) // every element takes at least a byte
                {
                    Pass((ThriftType)(head & 15), expected?.Element, inList: true, depth + 1);
                }

                break;
            case ThriftType.Struct:
                RequireStruct(expected?.Shape, depth + 1);
                break;
            default:
                throw new InvalidDataException("a header is damaged");
        }
    }

    private int Byte() => Take(1)[0];

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)Rest.Length)
        {
            throw new InvalidDataException("a header reaches beyond its end");
        }

        var taken = Rest[..(int)count];
        Rest = Rest[(int)count..];
        return taken;
    }
}
