using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Pipelines.Files;

/// <summary>
/// Calls of Linux's C library that the runtime lacks, or answers of which it keeps to itself. Each says by its result
/// that it failed, and <see cref="Marshal.GetLastPInvokeError"/> why (but of close(2), which nobody asks).
/// </summary>
internal static class Libc
{
    /// <summary>How a file is opened.</summary>
    public const int ReadOnly = 0, // O_RDONLY
        WriteOnly = 1, // O_WRONLY
        ReadWrite = 2, // O_RDWR
        Create = 0x40, // O_CREAT
        AtEnd = 0x400, // O_APPEND
        NotWaiting = 0x800, // O_NONBLOCK
        Folder = 0x10000, // O_DIRECTORY
        CloseOnExec = 0x80000; // O_CLOEXEC

    /// <summary>rw-rw-rw-, less the process's umask.</summary>
    public const int ForAll = 0x1B6;

    // errno
    public const int NotPermitted = 1, // EPERM
        NoEntry = 2, // ENOENT
        Interrupted = 4, // EINTR
        WouldBlock = 11, // EWOULDBLOCK
        NoAccess = 13, // EACCES
        OtherDevice = 18, // EXDEV
        NoFolder = 20, // ENOTDIR
        Invalid = 22, // EINVAL
        NoSpace = 28, // ENOSPC
        ReadOnlyDisk = 30, // EROFS
        TooManyLinks = 31, // EMLINK
        NameTooLong = 36, // ENAMETOOLONG
        NoSuchCall = 38, // ENOSYS
        LinksInACircle = 40, // ELOOP
        NotSupported = 95, // ENOTSUP, EOPNOTSUPP
        StaleHandle = 116, // ESTALE
        OverQuota = 122; // EDQUOT

    private const int Here = -100, // AT_FDCWD
        NotFollowed = 0x100; // AT_SYMLINK_NOFOLLOW
    private const uint Type = 1, // STATX_TYPE
        Size = 0x200; // STATX_SIZE, for which a server may have to ask others
    private const int StatusBytes = 256,
        ModeOffset = 28, // of stx_mode in struct statx, the same on every processor
        SizeOffset = 40; // of stx_size

    /// <summary>What a path leads to; null where that cannot be told.</summary>
    /// <param name="path">The path.</param>
    /// <param name="ofLink">A link is told of itself, not what it leads to.</param>
    /// <param name="withSize">Its size is wanted, too.</param>
    public static FileStatus? StatusOf(string path, bool ofLink = false, bool withSize = false)
    {
        byte[] found = new byte[StatusBytes];
        uint wanted = withSize ? Type | Size : Type;
        return statx(Here, Text(path), ofLink ? NotFollowed : 0, wanted, found) == 0
            ? new FileStatus(
                BinaryPrimitives.ReadUInt16LittleEndian(found.AsSpan(ModeOffset)) & FileStatus.FormatMask,
                BinaryPrimitives.ReadInt64LittleEndian(found.AsSpan(SizeOffset))
            )
            : null;
    }

    /// <summary>open(2); below 0 where it failed.</summary>
    public static int Open(string path, int flags, int mode = 0) => open(Text(path), flags, mode);

    /// <summary>close(2).</summary>
    public static int Close(int file) => close(file);

    /// <summary>read(2), once: a small file comes whole.</summary>
    public static int Read(SafeFileHandle file, byte[] into) => (int)read(file, into, into.Length);

    /// <summary>fsync(2).</summary>
    public static int Flush(int file) => fsync(file);

    /// <summary>link(2).</summary>
    public static int Link(string existing, string name) => link(Text(existing), Text(name));

    /// <summary>flock(2).</summary>
    public static int Lock(SafeFileHandle file, int operation) => flock(file, operation);

    /// <summary>The last error as an exception, in the system's words.</summary>
    public static IOException Error(string path)
    {
        int error = Marshal.GetLastPInvokeError();
        string text = $"{Marshal.GetPInvokeErrorMessage(error)} : '{path}'";
        return error is NoEntry or NoFolder ? new FileNotFoundException(text, path) : new IOException(text, error);
    }

    private static byte[] Text(string path) => Encoding.UTF8.GetBytes(path + '\0');

#pragma warning disable IDE1006, CA5392 // names of C
    [DllImport("libc", SetLastError = true)]
    private static extern int statx(int directory, byte[] path, int flags, uint mask, byte[] found);

    [DllImport("libc", SetLastError = true)]
    private static extern int open(byte[] path, int flags, int mode);

    [DllImport("libc")]
    private static extern int close(int file);

    [DllImport("libc", SetLastError = true)]
    private static extern nint read(SafeFileHandle file, byte[] into, nint count);

    [DllImport("libc", SetLastError = true)]
    private static extern int fsync(int file);

    [DllImport("libc", SetLastError = true)]
    private static extern int link(byte[] existing, byte[] name);

    [DllImport("libc", SetLastError = true)]
    private static extern int flock(SafeFileHandle file, int operation);
#pragma warning restore IDE1006, CA5392
}

/// <summary>What statx(2) says of a path.</summary>
/// <param name="Format">Of which sort it is, one of the S_IF words.</param>
/// <param name="Bytes">Its size, if it was asked for.</param>
internal readonly record struct FileStatus(int Format, long Bytes)
{
    public const int FormatMask = 0xF000; // S_IFMT

    private const int Pipe = 0x1000,
        CharacterDevice = 0x2000,
        BlockDevice = 0x6000,
        Regular = 0x8000,
        SymbolicLink = 0xA000,
        Socket = 0xC000;

    /// <summary>It is a file with bytes of its own.</summary>
    public bool IsRegular => Format == Regular;

    /// <summary>It is a symbolic link.</summary>
    public bool IsLink => Format == SymbolicLink;

    /// <summary>Its name, where it is neither a regular file nor a folder nor a link.</summary>
    public string? Other =>
        Format switch
        {
            Pipe => "a named pipe",
            CharacterDevice => "a character device",
            BlockDevice => "a block device",
            Socket => "a socket",
            _ => null,
        };
}
