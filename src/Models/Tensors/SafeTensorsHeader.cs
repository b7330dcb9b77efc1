using System.Buffers.Binary;
using System.Text.Json;
using Pipelines.Domain.Errors;
using Pipelines.Files;
using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>A tensor as a safetensors file holds it.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">Stored element type.</param>
/// <param name="Shape">Sizes; empty for a scalar.</param>
/// <param name="File">Path of the file.</param>
/// <param name="Offset">First byte, from the start of the file.</param>
/// <param name="Bytes">Length in bytes.</param>
public sealed record StoredTensor(
    string Name,
    torch.ScalarType Type,
    long[] Shape,
    string File,
    long Offset,
    long Bytes
);

/// <summary>The format's element types that torch has.</summary>
internal static class SafeTensorsTypes
{
    private static readonly (string Name, torch.ScalarType Type, int Size)[] Known =
    [
        ("F32", torch.ScalarType.Float32, 4),
        ("BF16", torch.ScalarType.BFloat16, 2),
        ("F16", torch.ScalarType.Float16, 2),
        ("F64", torch.ScalarType.Float64, 8),
        ("I64", torch.ScalarType.Int64, 8),
        ("I32", torch.ScalarType.Int32, 4),
        ("I16", torch.ScalarType.Int16, 2),
        ("I8", torch.ScalarType.Int8, 1),
        ("U8", torch.ScalarType.Byte, 1),
        ("BOOL", torch.ScalarType.Bool, 1),
    ];

    /// <summary>Type and size in bytes of a dtype as the header writes it.</summary>
    public static bool TryParse(string dtype, out torch.ScalarType type, out int size)
    {
        foreach ((string name, torch.ScalarType known, int bytes) in Known)
        {
            if (name == dtype)
            {
                (type, size) = (known, bytes);
                return true;
            }
        }

        (type, size) = (default, 0);
        return false;
    }

    /// <summary>The header's word for a type.</summary>
    public static string NameOf(torch.ScalarType type) => Known.First(k => k.Type == type).Name;

    /// <summary>Bytes an element.</summary>
    public static int SizeOf(torch.ScalarType type) => Known.First(k => k.Type == type).Size;
}

/// <summary>
/// Reads and checks the header of a safetensors file: u64 length, JSON {name: {dtype, shape, data_offsets}}, then the
/// tensors' bytes without gap or overlap.
/// </summary>
internal static class SafeTensorsHeader
{
    /// <summary>The format's own bound.</summary>
    private const long LongestHeader = 100_000_000;
    private const int LargestRank = 16;

    /// <summary>Parses and checks.</summary>
    /// <param name="path">For messages.</param>
    /// <param name="start">The file's first bytes: all of the header if the file is whole.</param>
    /// <param name="fileLength">Length of the file in bytes.</param>
    /// <param name="metadata">The <c>__metadata__</c> map.</param>
    /// <returns>Tensors by name.</returns>
    /// <exception cref="InputException">The file is not a whole safetensors file.</exception>
    public static Dictionary<string, StoredTensor> Parse(
        string path,
        ReadOnlySpan<byte> start,
        long fileLength,
        out Dictionary<string, string> metadata
    )
    {
        RecogniseOtherFiles(path, start, fileLength);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(start);
        if (length > LongestHeader)
        {
            throw new InputException(
                path,
                $"this is not a safetensors file: it begins with a header length of {length} bytes.",
                Again
            );
        }

        if (8 + (long)length > fileLength)
        {
            throw new InputException(
                path,
                $"the file is cut off: its header needs {8 + length} bytes, the file has {fileLength}.",
                Again
            );
        }

        Dictionary<string, StoredTensor> tensors;
        try
        {
            tensors = ParseJson(path, start.Slice(8, (int)length), 8 + (long)length, out metadata);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InputException(path, $"the safetensors header is damaged ({e.Message.TrimEnd('.')}).", Again, e);
        }

        CheckLayout(path, tensors, 8 + (long)length, fileLength);
        return tensors;
    }

    private const string Again = "Download the file again.";

    private static void RecogniseOtherFiles(string path, ReadOnlySpan<byte> start, long fileLength)
    {
        if (fileLength == 0)
        {
            throw new InputException(path, "the file is empty.", Again);
        }

        ReadOnlySpan<byte> text = start.TrimStart(" \t\r\n\uFEFF"u8);
        if (GitLfs.IsPointer(text))
        {
            throw new InputException(
                path,
                "this is a git-LFS pointer, not the weights.",
                "Run `git lfs pull` in the checkpoint's folder, or download the file itself."
            );
        }

        if (text.StartsWith("<"u8))
        {
            throw new InputException(
                path,
                "this is a web page, not the weights (an error page was saved in their place?).",
                Again
            );
        }

        if (start.StartsWith("PK\x03\x04"u8) || start.StartsWith("\x80\x02"u8))
        {
            throw new InputException(
                path,
                "this is a PyTorch pickle file under a safetensors name.",
                "Download the checkpoint's *.safetensors files, or convert it with "
                    + "`save_pretrained(safe_serialization=True)`."
            );
        }

        if (start.StartsWith("GGUF"u8))
        {
            throw new InputException(
                path,
                "this is a GGUF file under a safetensors name.",
                "Download the checkpoint's *.safetensors files."
            );
        }

        if (fileLength < 8)
        {
            throw new InputException(path, $"the file is cut off: it has {fileLength} bytes.", Again);
        }
    }

    private static Dictionary<string, StoredTensor> ParseJson(
        string path,
        ReadOnlySpan<byte> json,
        long dataStart,
        out Dictionary<string, string> metadata
    )
    {
        var tensors = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var reader = new Utf8JsonReader(json);
        Expect(ref reader, JsonTokenType.StartObject);
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            Expect(ref reader, JsonTokenType.StartObject);
            if (name == "__metadata__")
            {
                while (Next(ref reader) == JsonTokenType.PropertyName)
                {
                    string key = reader.GetString()!;
                    Expect(ref reader, JsonTokenType.String);
                    metadata[key] = reader.GetString()!;
                }
            }
            else if (!tensors.TryAdd(name, ParseTensor(path, name, ref reader, dataStart)))
            {
                throw new InputException(path, $"tensor '{name}' stands twice in the header.", Again);
            }
        }

        if (reader.Read())
        {
            throw new JsonException("text after the header's object");
        }

        return tensors;
    }

    private static StoredTensor ParseTensor(string path, string name, ref Utf8JsonReader reader, long dataStart)
    {
        string? dtype = null;
        List<long>? shape = null,
            offsets = null;
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            switch (reader.GetString())
            {
                case "dtype" when dtype is not null:
                case "shape" when shape is not null:
                case "data_offsets" when offsets is not null:
                    throw new InputException(path, $"tensor '{name}' has a field twice.", Again);
                case "dtype":
                    Expect(ref reader, JsonTokenType.String);
                    dtype = reader.GetString();
                    break;
                case "shape":
                    shape = ParseNumbers(ref reader, LargestRank);
                    break;
                case "data_offsets":
                    offsets = ParseNumbers(ref reader, 2);
                    break;
                case var other:
                    throw new InputException(path, $"tensor '{name}' has the unknown field '{other}'.", Again);
            }
        }

        if (dtype is null || shape is null || offsets is not [long begin, long end])
        {
            throw new InputException(path, $"tensor '{name}' lacks its dtype, shape or data_offsets.", Again);
        }

        if (!SafeTensorsTypes.TryParse(dtype, out torch.ScalarType type, out int size))
        {
            throw new InputException(
                path,
                $"tensor '{name}' is stored as '{dtype}', which cannot be computed with.",
                "Use the checkpoint as published in F32, F16 or BF16, not a quantised copy."
            );
        }

        Int128 bytes = size;
        foreach (long length in shape)
        {
            bytes = bytes > long.MaxValue ? bytes : bytes * length;
        }

        if (begin > end || bytes != end - begin)
        {
            throw new InputException(
                path,
                $"tensor '{name}' of shape [{string.Join(", ", shape)}] and type {dtype} cannot lie at bytes "
                    + $"{begin} to {end}.",
                Again
            );
        }

        return new StoredTensor(name, type, [.. shape], path, dataStart + begin, end - begin);
    }

    private static List<long> ParseNumbers(ref Utf8JsonReader reader, int most)
    {
        var numbers = new List<long>();
        Expect(ref reader, JsonTokenType.StartArray);
        while (Next(ref reader) == JsonTokenType.Number)
        {
            if (!reader.TryGetInt64(out long number) || number is < 0 or > long.MaxValue / 2 || numbers.Count == most)
            {
                throw new JsonException($"a number that cannot be a size at byte {8 + reader.TokenStartIndex}");
            }

            numbers.Add(number);
        }

        return reader.TokenType == JsonTokenType.EndArray
            ? numbers
            : throw new JsonException($"a {reader.TokenType} among sizes at byte {8 + reader.TokenStartIndex}");
    }

    private static void CheckLayout(
        string path,
        Dictionary<string, StoredTensor> tensors,
        long dataStart,
        long fileLength
    )
    {
        long at = dataStart;
        foreach (StoredTensor tensor in tensors.Values.OrderBy(t => t.Offset).ThenBy(t => t.Bytes))
        {
            if (tensor.Offset + tensor.Bytes > fileLength)
            {
                long needed = tensors.Values.Max(t => t.Offset + t.Bytes);
                throw new InputException(
                    path,
                    $"the file is cut off: tensor '{tensor.Name}' ends beyond it (the file has {fileLength} bytes, "
                        + $"its header speaks of {needed}).",
                    Again
                );
            }

            if (tensor.Offset != at)
            {
                throw new InputException(
                    path,
                    $"tensor '{tensor.Name}' "
                        + $"{(tensor.Offset < at ? "overlaps the one before it" : "leaves a hole before it")} "
                        + $"in the file.",
                    Again
                );
            }

            at += tensor.Bytes;
        }

        if (at != fileLength)
        {
            throw new InputException(path, $"{fileLength - at} bytes at the file's end belong to no tensor.", Again);
        }
    }

    private static JsonTokenType Next(ref Utf8JsonReader reader) =>
        reader.Read() ? reader.TokenType : throw new JsonException("the header ends too early");

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (Next(ref reader) != type)
        {
            throw new JsonException($"{reader.TokenType} where {type} belongs at byte {8 + reader.TokenStartIndex}");
        }
    }
}
