using System.IO.MemoryMappedFiles;
using Pipelines.Domain.Errors;
using Pipelines.Files;
using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>A safetensors file mapped into memory, read-only. Nothing is read before it is asked for.</summary>
internal sealed unsafe class SafeTensorsFile : IDisposable
{
    private const long AheadBytes = 256 << 20;

    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor view;
    private readonly byte* start;
    private readonly long length;
    private (long First, long Last) asked; // bytes that were asked to be read ahead

    private SafeTensorsFile(string path, MemoryMappedFile map, MemoryMappedViewAccessor view, long length)
    {
        (Path, this.length) = (path, length);
        this.map = map;
        this.view = view;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        start += view.PointerOffset;
        try
        {
            Tensors = SafeTensorsHeader.Parse(
                path,
                new ReadOnlySpan<byte>(start, (int)Math.Min(length, int.MaxValue)),
                length,
                out Dictionary<string, string> metadata
            );
            Metadata = metadata;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>What the file holds, by name.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>The header's free text.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Maps a file and checks its header.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InputException">No such file, not readable, or not a whole safetensors file.</exception>
    public static SafeTensorsFile Open(string path)
    {
        try
        {
            using var stream = RegularFile.Open(path, FileShare.Read | FileShare.Delete);
            long length = stream.Length;
            if (length == 0)
            {
                SafeTensorsHeader.Parse(path, [], 0, out _); // says so; an empty file cannot be mapped
            }

            MemoryMappedFile map = MemoryMappedFile.CreateFromFile(
                stream,
                null,
                0,
                MemoryMappedFileAccess.Read,
                HandleInheritability.None,
                leaveOpen: true
            );
            return new SafeTensorsFile(
                path,
                map,
                map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read),
                length
            );
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException(path, "there is no such file.", null, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(path, $"the file cannot be read ({e.Message.TrimEnd('.')}).", null, e);
        }
    }

    /// <summary>
    /// A tensor on the mapped memory: stored type, nothing copied, read-only; good until this file is disposed.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="InputException">The file has no such tensor.</exception>
    public torch.Tensor Mapped(string name)
    {
        StoredTensor stored = Find(name);
        return TorchNative.FromMemory((nint)(start + stored.Offset), stored.Type, stored.Shape);
    }

    /// <summary>A tensor's bytes as stored.</summary>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        StoredTensor stored = Find(name);
        return new ReadOnlySpan<byte>(start + stored.Offset, checked((int)stored.Bytes));
    }

    /// <summary>A part of a tensor's bytes as stored.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="from">First byte, from the tensor's own.</param>
    /// <param name="count">Bytes; the part lies inside the tensor.</param>
    public ReadOnlySpan<byte> Bytes(string name, long from, int count)
    {
        StoredTensor stored = Find(name);
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(from + count, stored.Bytes);
        return new ReadOnlySpan<byte>(start + stored.Offset + from, count);
    }

    /// <summary>A tensor's sizes.</summary>
    public long[] Shape(string name) => Find(name).Shape;

    /// <summary>A tensor's elements as float32, row-major.</summary>
    public float[] ReadFloat(string name) => Read<float>(name, torch.ScalarType.Float32);

    /// <summary>A tensor's elements as float64, row-major.</summary>
    public double[] ReadDouble(string name) => Read<double>(name, torch.ScalarType.Float64);

    /// <summary>A tensor's elements as int64, row-major.</summary>
    public long[] ReadInt64(string name) => Read<long>(name, torch.ScalarType.Int64);

    /// <summary>A uint8 tensor's elements, row-major.</summary>
    public byte[] ReadBytes(string name) => Read<byte>(name, torch.ScalarType.Byte);

    /// <summary>
    /// Has a tensor and what follows it read from the disk while others are at work: a file's tensors are mostly asked
    /// for in its order. Not too far, or a job with little memory would lose pages again before they are used.
    /// </summary>
    /// <param name="name">Its name.</param>
    public void ReadAhead(string name)
    {
        StoredTensor stored = Find(name);
        long from = stored.Offset,
            wanted = from + stored.Bytes,
            end = Math.Min(length, wanted + AheadBytes);
        lock (map)
        {
            bool follows = from >= asked.First && from <= asked.Last;
            if (follows && wanted <= asked.Last && end - asked.Last < AheadBytes / 2)
            {
                return; // enough is on its way
            }

            (asked, from) = ((follows ? asked.First : from, end), follows ? asked.Last : from);
        }

        if (end > from)
        {
            NativePages.ReadAhead(start + from, (nuint)(end - from));
        }
    }

    /// <summary>
    /// Tells the system that a tensor's pages are not needed in this process for now (its values were copied); reading
    /// them again brings them back.
    /// </summary>
    /// <param name="name">Its name.</param>
    public void Release(string name)
    {
        StoredTensor stored = Find(name);
        NativePages.Release(start + stored.Offset, (nuint)stored.Bytes);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        map.Dispose();
    }

    private T[] Read<T>(string name, torch.ScalarType type)
        where T : unmanaged
    {
        using torch.Tensor mapped = Mapped(name);
        using torch.Tensor converted = mapped.to(type);
        return new ReadOnlySpan<T>((void*)TorchNative.Pointer(converted), checked((int)converted.numel())).ToArray();
    }

    private StoredTensor Find(string name) =>
        Tensors.TryGetValue(name, out StoredTensor? stored)
            ? stored
            : throw new InputException(Path, $"the file has no tensor '{name}'.");
}
