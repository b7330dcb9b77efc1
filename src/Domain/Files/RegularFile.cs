using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Pipelines.Files;

/// <summary>
/// Opens files that may be there, and only regular ones: to open a named pipe waits for somebody at its other end, who
/// may never come, and a device such as <c>/dev/zero</c> never ends. Every file that the program reads or adds to is
/// opened here. What a path leads to is asked before it is opened, because the opening is what hangs, or it is opened
/// so that it does not (<see cref="ReadBeginning"/>); links are followed.
/// </summary>
public static class RegularFile
{
    /// <summary>
    /// What a path leads to ("a named pipe"), where that is neither a regular file nor a folder. null where it is one,
    /// or where nothing can be told: opening it then says what is wrong.
    /// </summary>
    /// <param name="path">The path.</param>
    public static string? Other(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        Marshal.SetLastPInvokeError(0);
        return OperatingSystem.IsLinux() ? Libc.StatusOf(path)?.Other : null;
    }

    /// <summary>
    /// Whether a path is a symbolic link, wherever it leads. One question to the system: a table of a run may have
    /// 100,000 links.
    /// </summary>
    /// <param name="path">The path.</param>
    public static bool IsLink(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return OperatingSystem.IsLinux()
            ? Libc.StatusOf(path, ofLink: true) is { IsLink: true }
            : new FileInfo(path).LinkTarget is not null;
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
        Reading(path, p =>
            File.OpenHandle(p, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.SequentialScan)
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
        if (!OperatingSystem.IsLinux())
        {
            return new FileStream(Required(path), FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        }

        const int Flags = Libc.WriteOnly | Libc.Create | Libc.AtEnd | Libc.CloseOnExec;
        int opened = Libc.Open(Required(path), Flags, Libc.ForAll);
        return opened >= 0
            ? new FileStream(new SafeFileHandle(opened, ownsHandle: true), FileAccess.Write)
            : throw Libc.Error(path);
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

    /// <summary>
    /// The first bytes of a small file, in as few questions to the system as there can be: opened so that a named pipe
    /// does not hold it up, which then reads as empty.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="most">Bytes at most.</param>
    /// <exception cref="IOException">It cannot be opened, or is a folder.</exception>
    public static byte[] ReadBeginning(string path, int most)
    {
        if (!OperatingSystem.IsLinux())
        {
            using FileStream stream = Open(path, FileShare.ReadWrite | FileShare.Delete);
            byte[] some = new byte[most];
            return some[..stream.ReadAtLeast(some, most, throwOnEndOfStream: false)];
        }

        return Reading(
            path,
            p =>
            {
                int opened = Libc.Open(p, Libc.ReadOnly | Libc.NotWaiting | Libc.CloseOnExec);
                if (opened < 0)
                {
                    throw Libc.Error(p);
                }

                using var handle = new SafeFileHandle(opened, ownsHandle: true);
                byte[] bytes = new byte[most];
                int read = Libc.Read(handle, bytes);
                return read >= 0 ? bytes[..read] : throw Libc.Error(p);
            },
            isAsked: false
        );
    }

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
    private static T Reading<T>(string path, Func<string, T> read, bool isAsked = true) =>
        NetworkDisk.Persist(() => read(isAsked ? Required(path) : path), e => e.HResult == Libc.StaleHandle);

    private static string Required(string path)
    {
        if (Other(path) is { } other)
        {
            throw new IOException($"it is {other}, not a regular file");
        }

        // The runtime's sentence holds the path, and reasons that tables hold shall be those of every machine
        return OperatingSystem.IsLinux() && Marshal.GetLastPInvokeError() == Libc.LinksInACircle
            ? throw new IOException("links lead from it in a circle")
            : path;
    }
}
