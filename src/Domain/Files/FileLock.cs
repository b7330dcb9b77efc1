using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Pipelines.Files;

/// <summary>
/// flock(2) on a file, for as long as it is not disposed of; the system frees it when a process ends, however it ends.
/// It is sure among the processes of one host and no more than likely among hosts: where the file system knows no
/// locks, nothing is locked, and nothing may depend on it but how often something is done.
/// </summary>
public sealed class FileLock : IDisposable
{
    private const int Exclusive = 2, // LOCK_EX
        NoWaiting = 4; // LOCK_NB
    private const int ShortestWait = 10,
        LongestWait = 500; // ms

    /// <summary>
    /// A process that is paused holds its lock for as long; others go on without after so long, for nothing depends on
    /// it. On a host that is as long as it may take to read the weights of a large model over a network.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1),
        PatienceOnHost = TimeSpan.FromMinutes(15);

    private readonly IDisposable? file;

    private FileLock(IDisposable? file, bool hasWaited) => (this.file, HasWaited) = (file, hasWaited);

    /// <summary>Somebody else held it first.</summary>
    public bool HasWaited { get; }

    /// <summary>
    /// Waits until the file is this process's, or long enough. It is made where it is missing.
    /// </summary>
    /// <param name="path">Lies in a folder that is there.</param>
    public static FileLock Take(string path) => Take(path, Patience);

    internal static FileLock Take(string path, TimeSpan patience)
    {
        bool hasWaited = false;
        long start = Stopwatch.GetTimestamp();
        for (int wait = ShortestWait; ; wait = Math.Min(2 * wait, LongestWait))
        {
            if (TryTake(path, out IDisposable? held) || Stopwatch.GetElapsedTime(start) > patience)
            {
                return new FileLock(held, hasWaited);
            }

            hasWaited = true;
            Thread.Sleep(wait);
        }
    }

    /// <summary>
    /// A lock of this host: its file lies in the folder for temporary files, which other hosts do not see.
    /// </summary>
    /// <param name="about">What only one process shall do at a time.</param>
    public static FileLock OfHost(string about) =>
        Take(Path.Combine(Path.GetTempPath(), $"pipelines-{NameOf(about)}.lock"), PatienceOnHost);

    /// <inheritdoc/>
    public void Dispose() => file?.Dispose();

    private static string NameOf(string about) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(about)))[..32];

    private static bool TryTake(string path, out IDisposable? held)
    {
        held = null;
        if (!OperatingSystem.IsLinux())
        {
            try
            {
                held = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                return true;
            }
            catch (IOException)
            {
                return !File.Exists(path);
            }
        }

        int opened = Libc.Open(path, Libc.ReadWrite | Libc.Create | Libc.CloseOnExec, Libc.ForAll);
        if (opened < 0)
        {
            return true; // it cannot be made here: then without
        }

        var handle = new SafeFileHandle(opened, ownsHandle: true);
        if (Libc.Lock(handle, Exclusive | NoWaiting) == 0)
        {
            held = handle;
            return true;
        }

        bool isTaken = Marshal.GetLastPInvokeError() is Libc.WouldBlock or Libc.Interrupted;
        handle.Dispose();
        return !isTaken;
    }
}
