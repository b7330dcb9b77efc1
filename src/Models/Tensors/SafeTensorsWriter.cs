using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>A tensor to write.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Sizes.</param>
/// <param name="Write">Writes its bytes, little-endian and row-major, when its turn comes: a large file need not be in
/// memory.</param>
internal sealed record TensorToWrite(string Name, torch.ScalarType Type, long[] Shape, Action<Stream> Write)
{
    /// <summary>float32 values.</summary>
    public static TensorToWrite Of(string name, float[] values, params long[] shape) =>
        Of<float>(name, torch.ScalarType.Float32, values, shape);

    /// <summary>float64 values.</summary>
    public static TensorToWrite Of(string name, double[] values, params long[] shape) =>
        Of<double>(name, torch.ScalarType.Float64, values, shape);

    /// <summary>uint8 values.</summary>
    public static TensorToWrite Of(string name, byte[] values, params long[] shape) =>
        Of<byte>(name, torch.ScalarType.Byte, values, shape);

    /// <summary>A tensor as it is: any type of the format, any device.</summary>
    public static TensorToWrite Of(string name, torch.Tensor tensor) =>
        new(
            name,
            tensor.dtype,
            tensor.shape,
            stream =>
            {
                using torch.Tensor there = tensor.detach();
                using torch.Tensor here = there.cpu();
                using torch.Tensor rows = here.contiguous();
                WriteBytes(rows, stream);
            }
        );

    /// <summary>Bytes that <see cref="Write"/> must write.</summary>
    public long Length => Shape.Aggregate((long)SafeTensorsTypes.SizeOf(Type), (n, s) => checked(n * s));

    private static unsafe void WriteBytes(torch.Tensor tensor, Stream stream)
    {
        const int chunk = 1 << 26;
        byte* start = (byte*)TorchNative.Pointer(tensor);
        long length = tensor.numel() * SafeTensorsTypes.SizeOf(tensor.dtype);
        for (long at = 0; at < length; at += chunk)
        {
            stream.Write(new ReadOnlySpan<byte>(start + at, (int)Math.Min(chunk, length - at)));
        }
    }

    private static TensorToWrite Of<T>(string name, torch.ScalarType type, T[] values, long[] shape)
        where T : unmanaged
    {
        var tensor = new TensorToWrite(name, type, shape, stream => stream.Write(MemoryMarshal.AsBytes<T>(values)));
        return tensor.Length == (long)values.Length * SafeTensorsTypes.SizeOf(type)
            ? tensor
            : throw new ArgumentException(
                $"{values.Length} values for the shape [{string.Join(", ", shape)}]",
                nameof(values)
            );
    }
}

/// <summary>Writes safetensors files: the same tensors give the same bytes.</summary>
internal static class SafeTensorsWriter
{
    /// <summary>Writes a whole file.</summary>
    /// <param name="stream">Where to; written from its position on.</param>
    /// <param name="tensors">In the order of the file.</param>
    /// <param name="metadata">Free text, written in the order of its keys.</param>
    public static void Write(
        Stream stream,
        IReadOnlyList<TensorToWrite> tensors,
        IReadOnlyDictionary<string, string>? metadata = null
    )
    {
        byte[] header = Header(tensors, metadata);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (TensorToWrite tensor in tensors)
        {
            var counted = new CountingStream(stream);
            tensor.Write(counted);
            if (counted.Written != tensor.Length)
            {
                throw new InvalidOperationException(
                    $"tensor '{tensor.Name}' wrote {counted.Written} of its {tensor.Length} bytes"
                );
            }
        }
    }

    /// <summary>Writes a whole file at a path, replacing what is there.</summary>
    public static void Write(
        string path,
        IReadOnlyList<TensorToWrite> tensors,
        IReadOnlyDictionary<string, string>? metadata = null
    )
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        Write(stream, tensors, metadata);
    }

    private static byte[] Header(IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach ((string key, string value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            long offset = 0;
            foreach (TensorToWrite tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", SafeTensorsTypes.NameOf(tensor.Type));
                WriteNumbers(json, "shape", tensor.Shape);
                WriteNumbers(json, "data_offsets", [offset, offset + tensor.Length]);
                json.WriteEndObject();
                offset += tensor.Length;
            }

            json.WriteEndObject();
        }

        while (buffer.Length % 8 != 0)
        {
            buffer.WriteByte((byte)' '); // the tensors begin at a multiple of 8
        }

        return buffer.ToArray();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IEnumerable<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (long number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }

    /// <summary>Passes bytes on and counts them.</summary>
    private sealed class CountingStream(Stream target) : Stream
    {
        public long Written { get; private set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => Written;

        public override long Position
        {
            get => Written;
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            target.Write(buffer);
            Written += buffer.Length;
        }

        public override void Flush() => target.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
