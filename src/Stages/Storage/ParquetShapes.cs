namespace Pipelines.Stages.Storage;

/// <summary>
/// The types that Thrift structs of a Parquet file have (parquet.thrift): field id -> type. The library reads a field
/// by its id whatever type stands there, and on a damaged footer may then read on for hours; data that conforms to
/// these shapes cannot do that to it.
/// </summary>
/// <param name="Fields">Known fields; others are passed over.</param>
internal sealed record ThriftShape(params ThriftField[] Fields)
{
    private static readonly ThriftShape Empty = new();
    private static readonly ThriftShape KeyValue = new(Binary(1), Binary(2));
    private static readonly ThriftShape Statistics = new(
        Binary(1),
        Binary(2),
        I64(3),
        I64(4),
        Binary(5),
        Binary(6),
        Bool(7),
        Bool(8)
    );
    private static readonly ThriftShape Time = new(
        Bool(1),
        Struct(2, new(Struct(1, Empty), Struct(2, Empty), Struct(3, Empty)))
    );

    private static readonly ThriftShape Logical = new(
        Struct(1, Empty),
        Struct(2, Empty),
        Struct(3, Empty),
        Struct(4, Empty),
        Struct(5, new(I32(1), I32(2))),
        Struct(6, Empty),
        Struct(7, Time),
        Struct(8, Time),
        Struct(10, new(I8(1), Bool(2))),
        Struct(11, Empty),
        Struct(12, Empty),
        Struct(13, Empty),
        Struct(14, Empty),
        Struct(15, Empty)
    );

    private static readonly ThriftShape SchemaElement = new(
        I32(1),
        I32(2),
        I32(3),
        Binary(4),
        I32(5),
        I32(6),
        I32(7),
        I32(8),
        I32(9),
        Struct(10, Logical)
    );

    private static readonly ThriftShape Column = new(
        I32(1),
        List(2, I32(0)),
        List(3, Binary(0)),
        I32(4),
        I64(5),
        I64(6),
        I64(7),
        List(8, Struct(0, KeyValue)),
        I64(9),
        I64(10),
        I64(11),
        Struct(12, Statistics),
        List(13, Struct(0, new(I32(1), I32(2), I32(3)))),
        I64(14),
        I32(15),
        Struct(16, new(I64(1), List(2, I64(0)), List(3, I64(0)))),
        Struct(17, Empty)
    );

    private static readonly ThriftShape Chunk = new(
        Binary(1),
        I64(2),
        Struct(3, Column),
        I64(4),
        I32(5),
        I64(6),
        I32(7),
        Struct(8, Empty),
        Binary(9)
    );

    private static readonly ThriftShape RowGroup = new(
        List(1, Struct(0, Chunk)),
        I64(2),
        I64(3),
        List(4, Struct(0, new(I32(1), Bool(2), Bool(3)))),
        I64(5),
        I64(6),
        new ThriftField(7, ThriftType.I16)
    );

    /// <summary>FileMetaData: the footer.</summary>
    public static ThriftShape Footer { get; } =
        new(
            I32(1),
            List(2, Struct(0, SchemaElement)),
            I64(3),
            List(4, Struct(0, RowGroup)),
            List(5, Struct(0, KeyValue)),
            Binary(6),
            List(7, Struct(0, new(Struct(1, Empty)))),
            Struct(8, Empty),
            Binary(9)
        );

    /// <summary>PageHeader.</summary>
    public static ThriftShape PageHeader { get; } =
        new(
            I32(1),
            I32(2),
            I32(3),
            I32(4),
            Struct(5, new(I32(1), I32(2), I32(3), I32(4), Struct(5, Statistics))),
            Struct(6, Empty),
            Struct(7, new(I32(1), I32(2), Bool(3))),
            Struct(8, new(I32(1), I32(2), I32(3), I32(4), I32(5), I32(6), Bool(7), Struct(8, Statistics)))
        );

    private static ThriftField Bool(int id) => new(id, ThriftType.Bool);

    private static ThriftField I8(int id) => new(id, ThriftType.I8);

    private static ThriftField I32(int id) => new(id, ThriftType.I32);

    private static ThriftField I64(int id) => new(id, ThriftType.I64);

    private static ThriftField Binary(int id) => new(id, ThriftType.Binary);

    private static ThriftField List(int id, ThriftField element) => new(id, ThriftType.List, null, element);

    private static ThriftField Struct(int id, ThriftShape shape) => new(id, ThriftType.Struct, shape);
}

/// <summary>A field of a struct.</summary>
/// <param name="Id">Its id; 0 for the element of a list.</param>
/// <param name="Type">Its type.</param>
/// <param name="Shape">Of a struct.</param>
/// <param name="Element">Of a list.</param>
internal sealed record ThriftField(int Id, ThriftType Type, ThriftShape? Shape = null, ThriftField? Element = null);

/// <summary>Type codes of the compact protocol; a boolean field has its value as its code, 1 or 2.</summary>
internal enum ThriftType
{
    /// <summary>Boolean true, and the code of a list of booleans.</summary>
    Bool = 1,

    /// <summary>Boolean false.</summary>
    False = 2,

    /// <summary>A byte.</summary>
    I8 = 3,

    /// <summary>16 bits.</summary>
    I16 = 4,

    /// <summary>32 bits.</summary>
    I32 = 5,

    /// <summary>64 bits.</summary>
    I64 = 6,

    /// <summary>A double.</summary>
    Double = 7,

    /// <summary>Bytes or text.</summary>
    Binary = 8,

    /// <summary>A list.</summary>
    List = 9,

    /// <summary>A set.</summary>
    Set = 10,

    /// <summary>A struct.</summary>
    Struct = 12,
}
