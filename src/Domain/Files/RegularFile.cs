using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Pipelines.Files;

/// <summary>
/// Opens files that may be there, and only regular ones: to open a named pipe waits for somebody at its other end, who
/// may never come, and a device such as <c>/dev/zero</c> never ends. Every file that the program reads or adds to is
/// opened here. What a path leads to is asked before it is opened, because the opening is what hangs; links are
/// followed.
/// </summary>
public static class RegularFile
{
    private const int Here = -100, // AT_FDCWD
        NotFollowed = 0x100; // AT_SYMLINK_NOFOLLOW
    private const uint TypeOnly = 1; // STATX_TYPE
    private const int WriteOnly = 1, // O_WRONLY
        Create = 0x40, // O_CREAT
        AtEnd = 0x400, // O_APPEND
        CloseOnExec = 0x80000, // O_CLOEXEC
        ForAll = 0x1B6; // rw-rw-rw-, less the process's umask
    private const int BufferBytes = 256,
        ModeOffset = 28, // of stx_mode in struct statx, the same on every processor
        FormatMask = 0xF000,
        Link = 0xA000, // S_IFLNK
        TooManyLinks = 40; // ELOOP

    /// <summary>
    /// What a path leads to ("a named pipe"), where that is neither a regular file nor a folder. null where it is one,
    /// or where nothing can be told: opening it then says what is wrong.
    /// </summary>
    /// <param name="path">The path.</param>
    public static string? Other(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        byte[] found = new byte[BufferBytes];
        Marshal.SetLastPInvokeError(0);
        if (!OperatingSystem.IsLinux() || statx(Here, Encoding.UTF8.GetBytes(path + '\0'), 0, TypeOnly, found) != 0)
        {
            return null;
        }

        return (BinaryPrimitives.ReadUInt16LittleEndian(found.AsSpan(ModeOffset)) & FormatMask) switch
        {
            0x1000 => "a named pipe",
            0x2000 => "a character device",
            0x6000 => "a block device",
            0xC000 => "a socket",
            _ => null,
        };
    }

    /// <summary>
    /// Whether a path is a symbolic link, wherever it leads. One question to the system: a table of a run may have
    /// 100,000 links.
    /// </summary>
    /// <param name="path">The path.</param>
    public static bool IsLink(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!OperatingSystem.IsLinux())
        {
            return new FileInfo(path).LinkTarget is not null;
        }

        byte[] found = new byte[BufferBytes],
            name = new byte[Encoding.UTF8.GetMaxByteCount(path.Length) + 1]; // ends with 0
        Encoding.UTF8.GetBytes(path, name);
        return statx(Here, name, NotFollowed, TypeOnly, found) == 0
            && (BinaryPrimitives.ReadUInt16LittleEndian(found.AsSpan(ModeOffset)) & FormatMask) == Link;
    }

    /// <summary>Opens a file as a stream.</summary>
    /// <param name="path">The file.</param>
    /// <param name="share">What others may do meanwhile.</param>
    /// <param name="buffer">Bytes of the stream's buffer; 1 = none.</param>
    /// <param name="options">How it will be read.</param>
    /// <exception cref="IOException">It cannot be opened, or is no regular file.</exception>
    public static FileStream Open(
        string path,
        FileShare share = FileShare.Read,
        int buffer = 4096,
        FileOptions options = FileOptions.None
    ) => Reading(path, p => new FileStream(p, FileMode.Open, FileAccess.Read, share, buffer, options));

    /// <summary>Opens a file that will be read from its beginning to its end.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">As of <see cref="Open"/>.</exception>
    public static SafeFileHandle OpenHandle(string path) =>
        Reading(
            path,
            p => File.OpenHandle(p, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.SequentialScan)
        );

    /// <summary>
    /// Opens a file to write behind its end, while others may write, too; makes it where it is not. What is written at
    /// once stands together: on Linux the system looks for the end at each write, where the runtime's own way to append
    /// looks once, when it opens, and writes over what others have added since.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">As of <see cref="Open"/>.</exception>
    public static FileStream Append(string path)
    {
        int opened = OperatingSystem.IsLinux()
            ? open(Encoding.UTF8.GetBytes(Required(path) + '\0'), WriteOnly | Create | AtEnd | CloseOnExec, ForAll)
            : -1;
        return opened >= 0
            ? new FileStream(new SafeFileHandle(opened, ownsHandle: true), FileAccess.Write)
            : new FileStream(Required(path), FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
    }

    /// <summary>
    /// Opens a file to write over its beginning, while others read it; makes it where it is not.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">As of <see cref="Open"/>.</exception>
    public static SafeFileHandle OverBeginning(string path) =>
        File.OpenHandle(Required(path), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);

    /// <summary>All bytes of a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">As of <see cref="Open"/>.</exception>
    public static byte[] ReadAllBytes(string path) => Reading(path, File.ReadAllBytes);

    /// <summary>The text of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="encoding">How its bytes are read; UTF-8 where it is not named.</param>
    /// <exception cref="IOException">As of <see cref="Open"/>.</exception>
    public static string ReadAllText(string path, Encoding? encoding = null) =>
        Reading(path, p => File.ReadAllText(p, encoding ?? Encoding.UTF8));

    /// <summary>The lines of a file in UTF-8.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">As of <see cref="Open"/>.</exception>
    public static string[] ReadAllLines(string path) => Reading(path, File.ReadAllLines);

    /// <summary>Reads anew what a server has put another file in place of since it was opened.</summary>
    private static T Reading<T>(string path, Func<string, T> read)
    {
        const int Tries = 3;
        for (int tried = 1; ; tried++)
        {
            try
            {
                return read(Required(path));
            }
            catch (IOException e) when (e.HResult == NetworkDisk.StaleHandle && tried < Tries)
            {
                // What it has now is opened
            }
        }
    }

    private static string Required(string path)
    {
        if (Other(path) is { } other)
        {
            throw new IOException($"it is {other}, not a regular file");
        }

        // The runtime's sentence holds the path, and reasons that tables hold shall be those of every machine
        return OperatingSystem.IsLinux() && Marshal.GetLastPInvokeError() == TooManyLinks
            ? throw new IOException("links lead from it in a circle")
            : path;
    }

#pragma warning disable IDE1006, CA5392 // a name of C
    [DllImport("libc", SetLastError = true)]
    private static extern int statx(int directory, byte[] path, int flags, uint mask, byte[] found);

    [DllImport("libc", SetLastError = true)]
    private static extern int open(byte[] path, int flags, int mode);
#pragma warning restore IDE1006, CA5392
}
