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

    /// <summary>
    /// Does what may be done twice, and again where it ends in an error of the disk: up to three times.
    /// </summary>
    /// <param name="work">It.</param>
    /// <param name="isPassing">Whether an error may pass; null = any may.</param>
    /// <exception cref="IOException">It ended so each time.</exception>
    public static T Persist<T>(Func<T> work, Func<IOException, bool>? isPassing = null)
    {
        ArgumentNullException.ThrowIfNull(work);
        for (int tried = 1; ; tried++)
        {
            try
            {
                return work();
            }
            catch (IOException e) when (tried < Tries && isPassing?.Invoke(e) != false)
            {
                Thread.Sleep(PatienceMilliseconds);
            }
        }
    }

    /// <inheritdoc cref="Persist{T}(Func{T}, Func{IOException, bool})"/>
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
        OperatingSystem.IsLinux() ? StatusOf(path, Libc.NoAccess) is not null : Path.Exists(path);

    /// <summary>Bytes of a regular file; null where there surely is none of that name.</summary>
    /// <exception cref="IOException">The disk does not tell, or nobody may look here.</exception>
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

    /// <summary>Removes a folder and what is in it, if it is there.</summary>
    public static void DeleteFolder(string path) =>
        Persist(() =>
        {
            try
            {
                Directory.Delete(path, recursive: true);
            }
            catch (DirectoryNotFoundException)
            {
                // Or it was removed, and the reply was lost
            }
        });

    /// <summary>Gives a file another name, in place of what has it.</summary>
    public static void MoveFile(string from, string to) =>
        Persist(() => Move(from, to, () => File.Move(from, to, overwrite: true)));

    /// <summary>Gives a folder another name, which nothing may have but an empty folder.</summary>
    public static void MoveFolder(string from, string to) =>
        Persist(() => Move(from, to, () => Directory.Move(from, to)));

    /// <summary>What a path leads to; null where there is nothing.</summary>
    /// <param name="path">The path.</param>
    /// <param name="alsoNothing">Another error that counts as nothing.</param>
    private static FileStatus? StatusOf(string path, int alsoNothing = Libc.NoEntry)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Persist<FileStatus?>(() =>
        {
            if (Libc.StatusOf(path, withSize: true) is { } found)
            {
                return found;
            }

            int error = Marshal.GetLastPInvokeError();
            bool isNothing =
                error is Libc.NoEntry or Libc.NoFolder or Libc.NameTooLong or Libc.LinksInACircle
                || error == alsoNothing;
            return isNothing ? null : throw Libc.Error(path);
        });
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
