using Microsoft.Win32.SafeHandles;
using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>
/// <c>.workers/ID</c> of a store: the one file by which others see that this worker lives, however many claims it has.
/// Its counter is raised from time to time; what the counter is does not matter, only that it changes.
/// </summary>
internal sealed class Heartbeat : IDisposable
{
    /// <summary>Name of the folder in the store.</summary>
    public const string FolderName = ".workers";

    /// <summary>Often enough for eight changes within the shortest patience that the command line allows.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    private readonly string folder,
        path;
    private readonly WorkerSign sign;
    private readonly Timer timer;
    private readonly Lock raising = new();
    private long counter;
    private bool ended;

    /// <summary>Begins to beat.</summary>
    /// <param name="root">The store's folder.</param>
    /// <param name="worker">Names the worker.</param>
    /// <param name="sign">Who it is.</param>
    /// <param name="interval">Time between two changes of the counter.</param>
    public Heartbeat(string root, string worker, WorkerSign sign, TimeSpan interval)
    {
        folder = Path.Combine(root, FolderName);
        path = PathOf(root, worker);
        this.sign = sign;
        Directory.CreateDirectory(folder);
        Write();
        timer = new Timer(_ => Raise(), null, interval, interval);
    }

    /// <summary>File of a worker's heartbeat.</summary>
    public static string PathOf(string root, string worker) => Path.Combine(root, FolderName, worker);

    /// <summary>Names of the workers that have left a file, alive or not.</summary>
    public static IReadOnlyList<string> All(string root)
    {
        string folder = Path.Combine(root, FolderName);
        return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f))] : [];
    }

    /// <summary>Raises the counter; where that fails it is tried again the next time.</summary>
    public void Raise()
    {
        lock (raising)
        {
            try
            {
                if (ended || !Directory.Exists(Path.GetDirectoryName(folder)))
                {
                    return;
                }

                Directory.CreateDirectory(folder); // somebody may have tidied up
                Write();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A full disk, or a server that is gone for a while: so would others see us
            }
        }
    }

    /// <summary>
    /// The worker has ended. Others take claims whose worker has left no file for those of one that they cannot see
    /// yet: where some are left the file stays, and says so.
    /// </summary>
    public void End(bool areClaimsLeft)
    {
        timer.Dispose();
        lock (raising)
        {
            ended = true;
            try
            {
                if (areClaimsLeft)
                {
                    Write();
                }
                else
                {
                    File.Delete(path);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It is left, and does not change any more
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => timer.Dispose();

    /// <summary>In its place: to rename another over it would leave readers with stale handles.</summary>
    private void Write()
    {
        using SafeFileHandle file = RegularFile.OverBeginning(path);
        RandomAccess.Write(file, (sign with { HasEnded = ended }).ToBytes(++counter), 0);
    }
}
