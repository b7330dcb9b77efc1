using System.Runtime.InteropServices;

namespace Pipelines.Files;

/// <summary>What came of giving a file a second name. Only a look at the name tells whose it is.</summary>
public enum LinkOutcome
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
public static class HardLink
{
    /// <summary>Gives <paramref name="existing"/> the name <paramref name="name"/>, too.</summary>
    /// <returns>Whether links are known here; not whether it is there.</returns>
    /// <exception cref="IOException">It surely could not be done: the disk is full, or not to be written.</exception>
    public static LinkOutcome Make(string existing, string name)
    {
        if (!OperatingSystem.IsLinux())
        {
            return LinkOutcome.Unsupported;
        }

        if (Libc.Link(existing, name) == 0)
        {
            return LinkOutcome.Answered;
        }

        return Marshal.GetLastPInvokeError() switch
        {
            // EPERM is what the kernel says of file systems without links
            Libc.NotPermitted or Libc.OtherDevice or Libc.TooManyLinks or Libc.NoSuchCall or Libc.NotSupported =>
                LinkOutcome.Unsupported,
            Libc.NoSpace or Libc.OverQuota or Libc.ReadOnlyDisk or Libc.NoAccess or Libc.NoEntry => throw Libc.Error(
                name
            ),
            _ => LinkOutcome.Answered,
        };
    }
}
