using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Pipelines.Files;

/// <summary>
/// Names on a disk that several machines share. A server answers once in a while that a handle is stale, or not at all;
/// the next look is right. The runtime takes every such answer to a question for "it is not there": what depends on
/// that being so asks here.
/// </summary>
public static class NetworkDisk
{
    /// <summary>ESTALE of Linux; an <see cref="IOException"/> has it as its HResult.</summary>
    internal const int StaleHandle = 116;

    private const int Tries = 3,
        PatienceMilliseconds = 200; // long enough for a server's answer; a refusal that lasts is told soon enough

    private const int Here = -100; // AT_FDCWD
    private const uint TypeAndSize = 0x201; // STATX_TYPE | STATX_SIZE
    private const int BufferBytes = 256,
        ModeOffset = 28, // of stx_mode in struct statx, the same on every processor
        SizeOffset = 40, // of stx_size
        FormatMask = 0xF000,
        Regular = 0x8000; // S_IFREG

    // errno of Linux
    private const int NoEntry = 2,
        NoAccess = 13,
        NoFolder = 20,
        NameTooLong = 36,
        LinksInACircle = 40;

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

        return
            StatusOf(path) is { } found
            && (BinaryPrimitives.ReadUInt16LittleEndian(found.AsSpan(ModeOffset)) & FormatMask) == Regular
            ? BinaryPrimitives.ReadInt64LittleEndian(found.AsSpan(SizeOffset))
            : null;
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

    internal static IOException Error(string path)
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException($"{Marshal.GetPInvokeErrorMessage(error)} : '{path}'", error);
    }

    /// <summary>struct statx of a path; null where there is nothing, or nothing that may be seen.</summary>
    private static byte[]? StatusOf(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        byte[] name = Encoding.UTF8.GetBytes(path + '\0'),
            found = new byte[BufferBytes];
        return Persist(() =>
            statx(Here, name, 0, TypeAndSize, found) == 0 ? found
            : Marshal.GetLastPInvokeError() is NoEntry or NoAccess or NoFolder or NameTooLong or LinksInACircle ? null
            : throw Error(path)
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

#pragma warning disable IDE1006, CA5392 // a name of C
    [DllImport("libc", SetLastError = true)]
    private static extern int statx(int directory, byte[] path, int flags, uint mask, byte[] found);
#pragma warning restore IDE1006, CA5392
}
