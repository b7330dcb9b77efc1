using System.Buffers.Binary;
using System.IO.Enumeration;
using System.Security.Cryptography;
using System.Text;
using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>What lies in the folder of a stage kind: one listing of it, however many units it holds.</summary>
/// <param name="Keys">Keys of the artifacts.</param>
/// <param name="Unfinished">Names of folders in which somebody computes, or has left off.</param>
internal sealed record KindListing(HashSet<KeyBytes> Keys, IReadOnlyList<string> Unfinished)
{
    /// <summary>How names of folders begin that are not whole.</summary>
    public const string TemporaryPrefix = ".tmp-";

    private const string Extension = ".listing";

    /// <summary>Raised when the bytes of the file change.</summary>
    private const int Version = 1;

    private const int StampLength = 2 * sizeof(long),
        HeadLength = sizeof(int) + StampLength + (2 * sizeof(int)),
        LongestFile = 1 << 30;

    /// <summary>Lists a folder now; one that is not there holds nothing.</summary>
    public static KindListing Of(string folder)
    {
        var keys = new HashSet<KeyBytes>();
        var unfinished = new List<string>();
        try
        {
            foreach ((KeyBytes? key, string? other) in NamesIn(folder))
            {
                if (key is { } known)
                {
                    keys.Add(known);
                }
                else if (other is not null)
                {
                    unfinished.Add(other);
                }
            }
        }
        catch (DirectoryNotFoundException)
        {
            // Nobody has computed any, or somebody deletes the store
        }

        return new KindListing(keys, unfinished);
    }

    /// <summary>Names only: to ask of each entry what it is would be a question to the system for each.</summary>
    private static FileSystemEnumerable<(KeyBytes? Key, string? Unfinished)> NamesIn(string folder) =>
        new(
            folder,
            (ref FileSystemEntry entry) =>
            {
                ReadOnlySpan<char> name = entry.FileName;
                return entry.IsDirectory && KeyBytes.Of(name) is { } key ? (key, null)
                    : name.StartsWith(TemporaryPrefix, StringComparison.Ordinal) ? (null, name.ToString())
                    : default((KeyBytes?, string?));
            },
            new EnumerationOptions { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false }
        );

    /// <summary>
    /// The listing that was kept of a folder, if it still is what lies there: its stamp is the folder's. Null where
    /// none was kept, where it is damaged, or where the folder has changed since.
    /// </summary>
    /// <param name="index">Where listings are kept.</param>
    /// <param name="kind">Stage kind.</param>
    /// <param name="now">The folder's stamp.</param>
    public static KindListing? Kept(string index, string kind, FolderStamp now)
    {
        try
        {
            var file = new FileInfo(PathOf(index, kind));
            return
                file is { Exists: true, Length: < LongestFile }
                && Read(RegularFile.ReadAllBytes(file.FullName)) is var (stamp, listing)
                && stamp == now
                ? listing
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // another process replaces it, or its file system has lost it
        }
    }

    /// <summary>Keeps the listing of a folder that has not changed since, and had not for a while.</summary>
    /// <inheritdoc cref="Kept"/>
    public void Keep(string index, string kind, FolderStamp now) =>
        AtomicFile.Write(PathOf(index, kind), ToBytes(now), flush: false);

    /// <summary>The file's bytes: version, stamp, counts, keys, names, and the SHA-256 of all this.</summary>
    internal byte[] ToBytes(FolderStamp stamp)
    {
        byte[][] names = [.. Unfinished.Select(Encoding.UTF8.GetBytes)];
        int length = HeadLength + (KeyBytes.Length * Keys.Count) + names.Sum(n => sizeof(ushort) + n.Length);
        byte[] bytes = new byte[length + SHA256.HashSizeInBytes];
        Span<byte> at = bytes;
        BinaryPrimitives.WriteInt32LittleEndian(at, Version);
        BinaryPrimitives.WriteInt64LittleEndian(at[4..], stamp.Modified);
        BinaryPrimitives.WriteInt64LittleEndian(at[12..], stamp.Changed);
        BinaryPrimitives.WriteInt32LittleEndian(at[20..], Keys.Count);
        BinaryPrimitives.WriteInt32LittleEndian(at[24..], names.Length);
        at = at[HeadLength..];
        foreach (KeyBytes key in Keys)
        {
            key.Write(at);
            at = at[KeyBytes.Length..];
        }

        foreach (byte[] name in names)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(at, (ushort)name.Length);
            name.CopyTo(at[sizeof(ushort)..]);
            at = at[(sizeof(ushort) + name.Length)..];
        }

        SHA256.HashData(bytes.AsSpan(0, length), at);
        return bytes;
    }

    /// <summary>Reads the file's bytes; null where they are damaged or another version's.</summary>
    internal static (FolderStamp Stamp, KindListing Listing)? Read(ReadOnlySpan<byte> bytes)
    {
        int length = bytes.Length - SHA256.HashSizeInBytes;
        if (length < HeadLength || BinaryPrimitives.ReadInt32LittleEndian(bytes) != Version)
        {
            return null;
        }

        Span<byte> sum = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes[..length], sum);
        if (!sum.SequenceEqual(bytes[length..]))
        {
            return null;
        }

        var stamp = new FolderStamp(
            BinaryPrimitives.ReadInt64LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[12..])
        );
        int count = BinaryPrimitives.ReadInt32LittleEndian(bytes[20..]),
            named = BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]);
        ReadOnlySpan<byte> rest = bytes[HeadLength..length];
        // A sum is right by chance or on purpose, too: counts never decide what is allocated
        if (count < 0 || named < 0 || count > rest.Length / KeyBytes.Length)
        {
            return null;
        }

        var keys = new HashSet<KeyBytes>(count);
        for (int i = 0; i < count; i++)
        {
            keys.Add(KeyBytes.Read(rest));
            rest = rest[KeyBytes.Length..];
        }

        var unfinished = new List<string>();
        for (int i = 0; i < named; i++)
        {
            if (
                rest.Length < sizeof(ushort)
                || (BinaryPrimitives.ReadUInt16LittleEndian(rest) is var size && rest.Length < sizeof(ushort) + size)
            )
            {
                return null;
            }

            unfinished.Add(Encoding.UTF8.GetString(rest.Slice(sizeof(ushort), size)));
            rest = rest[(sizeof(ushort) + size)..];
        }

        return rest.IsEmpty ? (stamp, new KindListing(keys, unfinished)) : null;
    }

    private static string PathOf(string index, string kind) => Path.Combine(index, kind + Extension);
}
