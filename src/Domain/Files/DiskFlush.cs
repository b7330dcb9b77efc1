using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Pipelines.Files;

/// <summary>
/// fsync(2), with its answer. The runtime's own (<c>RandomAccess.FlushToDisk</c>, <c>FileStream.Flush(true)</c>)
/// takes every error for success: what a full or broken disk, or the server of a network disk, refuses at that moment
/// would be published as if it were whole.
/// </summary>
public static class DiskFlush
{
    private const int ReadOnly = 0,
        Folder = 0x10000, // O_DIRECTORY
        CloseOnExec = 0x80000;

    // errno of Linux: files and folders that cannot be brought to a disk of their own
    private const int Invalid = 22,
        NotSupported = 95;

    /// <summary>Waits until what was written to a file is on the disk.</summary>
    /// <exception cref="IOException">It is not.</exception>
    public static void Of(FileStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        stream.Flush();
        SafeFileHandle file = stream.SafeFileHandle;
        if (!OperatingSystem.IsLinux())
        {
#pragma warning disable RS0030 // there is no other here
            RandomAccess.FlushToDisk(file);
#pragma warning restore RS0030
            return;
        }

        bool isHeld = false;
        try
        {
            file.DangerousAddRef(ref isHeld);
            Flush((int)file.DangerousGetHandle(), stream.Name);
        }
        finally
        {
            if (isHeld)
            {
                file.DangerousRelease();
            }
        }
    }

    /// <summary>Waits until the names in a folder are on the disk.</summary>
    /// <exception cref="IOException">They are not.</exception>
    public static void OfFolder(string folder)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        int opened = open(Encoding.UTF8.GetBytes(folder + '\0'), ReadOnly | Folder | CloseOnExec);
        if (opened < 0)
        {
            throw NetworkDisk.Error(folder);
        }

        try
        {
            Flush(opened, folder);
        }
        finally
        {
            _ = close(opened); // nothing was written through it
        }
    }

    private static void Flush(int file, string path)
    {
        const int Interrupted = 4; // EINTR
        while (fsync(file) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error is Invalid or NotSupported)
            {
                return;
            }

            if (error != Interrupted)
            {
                throw NetworkDisk.Error(path);
            }
        }
    }

#pragma warning disable IDE1006, CA5392 // names of C
    [DllImport("libc", SetLastError = true)]
    private static extern int fsync(int file);

    [DllImport("libc", SetLastError = true)]
    private static extern int open(byte[] path, int flags);

    [DllImport("libc")]
    private static extern int close(int file);
#pragma warning restore IDE1006, CA5392
}
