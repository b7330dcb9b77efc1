using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;

namespace Pipelines.Stages.Storage;

/// <summary>
/// What the system says about a file: tells without reading it whether it still is the file that it was. Length and
/// time of change alone do not: archives, <c>rsync -a</c> and <c>touch -r</c> give other
/// bytes both of the old ones, but nobody sets the time of the last change of a file's entry (ctime).
/// </summary>
/// <param name="Bytes">Length.</param>
/// <param name="Modified">Last change of the bytes, in nanoseconds since 1970 (0.1 microseconds where the system is not
/// Linux).</param>
/// <param name="Changed">Last change of bytes, name or rights, likewise; 0 where the system is not Linux.</param>
/// <param name="Inode">Number of the file on its file system; 0 where the system is not Linux.</param>
/// <param name="Device">Number of the file system; 0 where it is none of this machine's own disks, because such numbers
/// change whenever it is mounted.</param>
internal sealed record FileIdentity(long Bytes, long Modified, long Changed, ulong Inode, ulong Device)
{
    private const int Here = -100; // AT_FDCWD

    // AT_STATX_FORCE_SYNC: what the server says, not what this machine remembers of it
    private const int ForceSync = 0x2000;
    private const uint Basic = 0x7ff; // STATX_BASIC_STATS
    private const int BufferBytes = 256;
    private const int FormatMask = 0xF000,
        Folder = 0x4000; // S_IFMT, S_IFDIR

    private static readonly ConcurrentDictionary<ulong, bool> OwnDisks = new();

    /// <summary>
    /// The identity of the file that <paramref name="path"/> leads to, links followed; null where there is none.
    /// </summary>
    public static FileIdentity? Of(string path) =>
        OperatingSystem.IsLinux() && FromSystem(path) is { } identity ? identity : FromRuntime(path);

    /// <summary>
    /// When entries of a folder last changed, as <see cref="Modified"/> and <see cref="Changed"/> of a file; null where
    /// there is no such folder, or where the system is not Linux.
    /// </summary>
    public static (long Modified, long Changed)? TimesOfFolder(string path)
    {
        Span<byte> fields = stackalloc byte[BufferBytes];
        return OperatingSystem.IsLinux() && Ask(path, fields) && IsFolder(fields)
            ? (Time(fields[112..]), Time(fields[96..]))
            : null;
    }

    /// <summary>Whether a path, which need not be there, lies on one of this machine's own disks.</summary>
    public static bool IsOnOwnDisk(string path)
    {
        string? folder = Path.GetFullPath(path);
        while (folder is not null && !Directory.Exists(folder))
        {
            folder = Path.GetDirectoryName(folder);
        }

        try
        {
            return folder is not null
                && new DriveInfo(folder).DriveType is DriveType.Fixed or DriveType.Ram or DriveType.Removable;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }

    private static FileIdentity? FromSystem(string path)
    {
        Span<byte> fields = stackalloc byte[BufferBytes];
        if (!Ask(path, fields) || IsFolder(fields))
        {
            return null;
        }

        ulong device =
            ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(fields[136..]) << 32)
            | BinaryPrimitives.ReadUInt32LittleEndian(fields[140..]);
        return new FileIdentity(
            BinaryPrimitives.ReadInt64LittleEndian(fields[40..]),
            Time(fields[112..]),
            Time(fields[96..]),
            BinaryPrimitives.ReadUInt64LittleEndian(fields[32..]),
            OwnDisks.GetOrAdd(device, _ => IsOwnDisk(path)) ? device : 0
        );
    }

    /// <summary>Fills in struct statx of linux/stat.h, which is the same on every processor.</summary>
    private static unsafe bool Ask(string path, Span<byte> fields)
    {
        fixed (
            byte* name = Encoding.UTF8.GetBytes(path + '\0'),
                found = fields
        )
        {
            return statx(Here, name, ForceSync, Basic, found) == 0;
        }
    }

    private static bool IsFolder(ReadOnlySpan<byte> fields) =>
        (BinaryPrimitives.ReadUInt16LittleEndian(fields[28..]) & FormatMask) == Folder;

    private static long Time(ReadOnlySpan<byte> fields) =>
        (BinaryPrimitives.ReadInt64LittleEndian(fields) * 1_000_000_000)
        + BinaryPrimitives.ReadUInt32LittleEndian(fields[8..]);

    private static bool IsOwnDisk(string path)
    {
        try
        {
            return new DriveInfo(path).DriveType == DriveType.Fixed;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }

    private static FileIdentity? FromRuntime(string path)
    {
        try
        {
            var info = new FileInfo(path);
            if (info.LinkTarget is not null)
            {
                info = info.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? info;
            }

            return info.Exists
                ? new FileIdentity(info.Length, (info.LastWriteTimeUtc - DateTime.UnixEpoch).Ticks * 100, 0, 0, 0)
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // links in a circle, or a folder that may not be entered: it leads to no file
        }
    }

#pragma warning disable IDE1006, CA5392 // a name of C
    [DllImport("libc")]
    private static extern unsafe int statx(int directory, byte* path, int flags, uint mask, byte* found);
#pragma warning restore IDE1006, CA5392
}
