using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>A stored unit and what it is called.</summary>
/// <param name="Kind">Stage kind.</param>
/// <param name="Key">Its key.</param>
/// <param name="Name">What it covers, as its manifest says.</param>
internal readonly record struct NamedUnit(string Kind, KeyBytes Key, string Name);

/// <summary>
/// What stored units are called, as a process notes it at the end of a file of its own. A note is a frame: length,
/// units, and the beginning of the SHA-256 of these. A process that is killed leaves half a frame, which is as good as
/// none; what stands before it counts.
/// </summary>
internal sealed class UnitJournal : IDisposable
{
    private const int SumLength = 8,
        LongestFile = 1 << 30;

    private readonly FileStream stream;

    private UnitJournal(FileStream stream) => this.stream = stream;

    /// <summary>Opens the journal of this process, at its end.</summary>
    /// <param name="path">Nobody else's.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static UnitJournal Open(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return new UnitJournal(RegularFile.Append(path));
    }

    /// <summary>Notes units. One call to the system: others read a whole frame, or see that it is none yet.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Add(IReadOnlyCollection<NamedUnit> units)
    {
        stream.Write(Frame(units));
        stream.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();

    /// <summary>A frame.</summary>
    internal static byte[] Frame(IReadOnlyCollection<NamedUnit> units)
    {
        using var frame = new MemoryStream();
        Span<byte> number = stackalloc byte[sizeof(int)],
            key = stackalloc byte[KeyBytes.Length];
        frame.Write(number); // the length, once it is known
        foreach (NamedUnit unit in units)
        {
            AddText(frame, unit.Kind);
            unit.Key.Write(key);
            frame.Write(key);
            AddText(frame, unit.Name);
        }

        int length = (int)frame.Length - sizeof(int);
        BinaryPrimitives.WriteInt32LittleEndian(frame.GetBuffer(), length);
        frame.Write(SHA256.HashData(frame.GetBuffer().AsSpan(sizeof(int), length)).AsSpan(0, SumLength));
        return frame.ToArray();
    }

    /// <summary>The units of a file; none of a file that is gone.</summary>
    public static IReadOnlyList<NamedUnit> Read(string path)
    {
        try
        {
            return new FileInfo(path) is { Exists: true, Length: < LongestFile }
                ? Read(RegularFile.ReadAllBytes(path).AsMemory())
                : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // somebody has merged it into another
        }
    }

    /// <summary>The units of the frames up to the first that is not whole.</summary>
    internal static IReadOnlyList<NamedUnit> Read(ReadOnlyMemory<byte> bytes)
    {
        var units = new List<NamedUnit>();
        Span<byte> sum = stackalloc byte[SHA256.HashSizeInBytes];
        while (bytes.Length >= sizeof(int) + SumLength)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(bytes.Span);
            if (length < 0 || length > bytes.Length - sizeof(int) - SumLength)
            {
                break;
            }

            ReadOnlyMemory<byte> content = bytes.Slice(sizeof(int), length);
            SHA256.HashData(content.Span, sum);
            bool isWhole = sum[..SumLength].SequenceEqual(bytes.Span.Slice(sizeof(int) + length, SumLength));
            if (!isWhole || !AddAll(units, content.Span))
            {
                break;
            }

            bytes = bytes[(sizeof(int) + length + SumLength)..];
        }

        return units;
    }

    private static void AddText(Stream frame, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        frame.Write(length);
        frame.Write(bytes);
    }

    /// <summary>Adds the units of a frame; false where it holds anything else.</summary>
    private static bool AddAll(List<NamedUnit> units, ReadOnlySpan<byte> content)
    {
        while (!content.IsEmpty)
        {
            if (TakeText(ref content) is not { } kind || content.Length < KeyBytes.Length)
            {
                return false;
            }

            var key = KeyBytes.Read(content);
            content = content[KeyBytes.Length..];
            if (TakeText(ref content) is not { } name)
            {
                return false;
            }

            units.Add(new NamedUnit(kind, key, name));
        }

        return true;
    }

    private static string? TakeText(ref ReadOnlySpan<byte> content)
    {
        if (content.Length < sizeof(int))
        {
            return null;
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(content);
        if (length < 0 || length > content.Length - sizeof(int))
        {
            return null;
        }

        string text = Encoding.UTF8.GetString(content.Slice(sizeof(int), length));
        content = content[(sizeof(int) + length)..];
        return text;
    }
}
