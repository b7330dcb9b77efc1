using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Pipelines.Files;

/// <summary>
/// fsync(2), with its answer. The runtime's own (<c>RandomAccess.FlushToDisk</c>, <c>FileStream.Flush(true)</c>)
/// takes every error for success: what a full or broken disk, or the server of a network disk, refuses at that moment
/// would be published as if it were whole.
/// </summary>
public static class DiskFlush
{
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

        int opened = Libc.Open(folder, Libc.ReadOnly | Libc.Folder | Libc.CloseOnExec);
        if (opened < 0)
        {
            throw Libc.Error(folder);
        }

        try
        {
            Flush(opened, folder);
        }
        finally
        {
            _ = Libc.Close(opened); // nothing was written through it
        }
    }

    private static void Flush(int file, string path)
    {
        while (Libc.Flush(file) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error is Libc.Invalid or Libc.NotSupported) // of its kind: it has no disk of its own
            {
                return;
            }

            if (error != Libc.Interrupted)
            {
                throw Libc.Error(path);
            }
        }
    }
}
