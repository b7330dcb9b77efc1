using System.Runtime.InteropServices;

namespace Pipelines.Files;

/// <summary>
/// Names on a disk that several machines share. A server answers once in a while that a handle is stale, or not at all;
/// the next look is right. The runtime takes every such answer to a question for "it is not there": what depends on
/// that being so asks here.
/// </summary>
public static class NetworkDisk
{
    private const int Tries = 3,
        PatienceMilliseconds = 200; // long enough for a server's answer; a refusal that lasts is told soon enough

    /// <summary>Does what may be done twice, and once more where it ends in an error of the disk.</summary>
    /// <exception cref="IOException">It ended so each time.</exception>
    public static T Persist<T>(Func<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        for (int tried = 1; ; tried++)
        {
            try
            {
                return work();
            }
            catch (IOException) when (tried < Tries)
            {
                Thread.Sleep(PatienceMilliseconds);
            }
        }
    }

    /// <inheritdoc cref="Persist{T}(Func{T})"/>
    public static void Persist(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        _ = Persist(() =>
        {
            work();
            return true;
        });
    }

    /// <summary>Whether there is a file or folder of a name; links are followed.</summary>
    /// <exception cref="IOException">The disk does not tell.</exception>
    public static bool IsThere(string path) =>
        OperatingSystem.IsLinux() ? StatusOf(path) is not null : Path.Exists(path);

    /// <summary>Bytes of a regular file; null where there is none of that name.</summary>
    /// <exception cref="IOException">The disk does not tell.</exception>
    public static long? LengthOf(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return new FileInfo(path) is { Exists: true } file ? file.Length : null;
        }

        return StatusOf(path) is { IsRegular: true } found ? found.Bytes : null;
    }

    /// <summary>Makes a folder, and those above it, unless it is there.</summary>
    public static void MakeFolder(string path) => Persist(() => _ = Directory.CreateDirectory(path));

    /// <summary>Removes a file, if it is there.</summary>
    public static void Delete(string path) => Persist(() => File.Delete(path));

    /// <summary>Gives a file another name, in place of what has it.</summary>
    public static void MoveFile(string from, string to) =>
        Persist(() => Move(from, to, () => File.Move(from, to, overwrite: true)));

    /// <summary>Gives a folder another name, which nothing may have but an empty folder.</summary>
    public static void MoveFolder(string from, string to) =>
        Persist(() => Move(from, to, () => Directory.Move(from, to)));

    /// <summary>What a path leads to; null where there is nothing, or nothing that may be seen.</summary>
    private static FileStatus? StatusOf(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Persist<FileStatus?>(() =>
            Libc.StatusOf(path) is { } found ? found
            : Marshal.GetLastPInvokeError()
                is Libc.NoEntry
                    or Libc.NoAccess
                    or Libc.NoFolder
                    or Libc.NameTooLong
                    or Libc.LinksInACircle
                ? null
            : throw Libc.Error(path)
        );
    }

    private static void Move(string from, string to, Action move)
    {
        try
        {
            move();
        }
        catch (IOException) when (!IsThere(from) && IsThere(to))
        {
            // It was done, and the reply was lost
        }
    }
}
