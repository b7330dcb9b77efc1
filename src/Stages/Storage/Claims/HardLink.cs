using System.Runtime.InteropServices;
using System.Text;

namespace Pipelines.Stages.Storage;

/// <summary>What came of giving a file a second name. Only a look at the name tells whose it is.</summary>
internal enum LinkOutcome
{
    /// <summary>The name is there now, or was: the reply to a first try may have been lost.</summary>
    Answered,

    /// <summary>The file system knows no hard links, or no more of this file.</summary>
    Unsupported,
}

/// <summary>
/// link(2): gives a file a second name, unless that name is taken. The one exclusive step that every network file
/// system has done right since NFSv2: exclusive creation leaves one's own empty file behind where a reply is lost.
/// </summary>
internal static class HardLink
{
    // errno of Linux
    private const int NotPermitted = 1, // EPERM: what the kernel says of file systems without links
        OtherDevice = 18, // EXDEV
        TooMany = 31, // EMLINK
        NoSuchCall = 38, // ENOSYS
        NotSupported = 95; // ENOTSUP, EOPNOTSUPP

    /// <summary>Gives <paramref name="existing"/> the name <paramref name="name"/>, too.</summary>
    /// <returns>Whether links are known here; not whether it is there.</returns>
    public static LinkOutcome Make(string existing, string name)
    {
        if (!OperatingSystem.IsLinux())
        {
            return LinkOutcome.Unsupported;
        }

        bool isMade = link(Encoding.UTF8.GetBytes(existing + '\0'), Encoding.UTF8.GetBytes(name + '\0')) == 0;
        return
            !isMade
            && Marshal.GetLastPInvokeError() is NotPermitted or OtherDevice or TooMany or NoSuchCall or NotSupported
            ? LinkOutcome.Unsupported
            : LinkOutcome.Answered;
    }

#pragma warning disable IDE1006, CA5392 // a name of C
    [DllImport("libc", SetLastError = true)]
    private static extern int link(byte[] existing, byte[] name);
#pragma warning restore IDE1006, CA5392
}
