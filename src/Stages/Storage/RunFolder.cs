using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>
/// <c>runs/&lt;name&gt;/</c>: what a person opens. Filled beside its final place and swapped in at the end; a process
/// that is killed while it swaps leaves no <see cref="PublishedFiles"/>, and the next run
/// fills it again.
/// </summary>
public sealed class RunFolder
{
    /// <summary>Name of the file with every resolved setting.</summary>
    public const string SettingsFile = "experiment.yaml";

    private const string LockFile = ".lock",
        StagingPrefix = ".staging-";
    private const string OldMarker = ".published"; // of versions before SHA256SUMS
    private static readonly string[] Swapped = ["tables", "figures", "report.html", RunRecord.FileName];
    private readonly string staging;

    private RunFolder(string final, string staging)
    {
        Final = final;
        this.staging = staging;
    }

    /// <summary>Where the results lie in the end.</summary>
    public string Final { get; }

    /// <summary>Path under which a result is written while publishing; its folder exists.</summary>
    /// <param name="relative">Relative to the run's folder, for example <c>tables/fits.parquet</c>.</param>
    public string Path(string relative)
    {
        string path = System.IO.Path.Combine(staging, relative);
        NetworkDisk.MakeFolder(System.IO.Path.GetDirectoryName(path)!);
        return path;
    }

    /// <summary>
    /// Puts a stored file under a name of the run, as a link (relative, so that the whole artifacts folder can be
    /// moved).
    /// </summary>
    public void Link(string relative, string target)
    {
        string finalPath = System.IO.Path.Combine(Final, relative);
        string toTarget = System.IO.Path.GetRelativePath(System.IO.Path.GetDirectoryName(finalPath)!, target);
        try
        {
            File.CreateSymbolicLink(Path(relative), toTarget);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            File.Copy(target, Path(relative)); // a file system without links
        }
    }

    /// <summary>Copies a stored file under a name of the run: for files that people pass on.</summary>
    public void Copy(string relative, string source) => File.Copy(source, Path(relative));

    /// <summary>
    /// Writes the settings of a run that begins; the lock is held. Results of other settings are removed first.
    /// </summary>
    public static void WriteSettings(string final, string settings)
    {
        string path = System.IO.Path.Combine(final, SettingsFile);
        if (NetworkDisk.IsThere(path) && RegularFile.ReadAllText(path) == settings)
        {
            return;
        }

        RemoveAll(final, ResultsOf(final));
        AtomicFile.Write(path, settings);
    }

    /// <summary>The results count as unfinished from here on: the next run writes them again.</summary>
    public static void Forget(string final)
    {
        if (NetworkDisk.IsThere(final))
        {
            NetworkDisk.Delete(System.IO.Path.Combine(final, PublishedFiles.FileName));
        }
    }

    /// <summary>
    /// Fills the run's folder with the results named by <paramref name="digest"/>, unless they are there: every file
    /// that was published with that digest, as it was written. One process at a time does so.
    /// </summary>
    /// <param name="claim">The run.</param>
    /// <param name="digest">Names the results.</param>
    /// <param name="units">What units.txt holds.</param>
    /// <param name="leases">Whose unfinished folders there are.</param>
    /// <param name="fill">Writes the results.</param>
    /// <param name="alone">Waits until this process alone, of all hosts, publishes the run; null = it does.</param>
    /// <returns>Whether anything was written.</returns>
    /// <exception cref="InputException">Another process has taken the name over: this one gave no sign for
    /// long.</exception>
    public static bool Publish(
        RunClaim claim,
        string digest,
        UnitsMark units,
        Leases leases,
        Action<RunFolder> fill,
        Func<IDisposable>? alone = null
    )
    {
        string final = claim.Folder;
        if (IsPublished(final, digest))
        {
            return false;
        }

        using IDisposable? turn = alone?.Invoke();
        using FileLock held = LockOf(final);
        if (IsPublished(final, digest))
        {
            return false; // while we waited
        }

        if (RegularFile.ReadAllText(System.IO.Path.Combine(final, SettingsFile)) != claim.Settings)
        {
            throw new InputException(
                final,
                "another process has begun a run of this name with other settings: the results of this one are "
                    + "not written.",
                "Run it again under another name: --set name=NAME."
            );
        }

        Fill(claim, leases, fill, staging => Swap(final, staging, digest, units));
        return true;
    }

    /// <summary>
    /// Puts what a run that stopped has found in place of the results of an earlier one, so that these never pass for
    /// its own. The folder counts as unfinished. Nothing is done where there is nothing to put.
    /// </summary>
    /// <param name="claim">The run.</param>
    /// <param name="evenPublished">Also where whole results of the same settings lie there: what they were made from
    /// has changed.</param>
    /// <param name="leases">Whose unfinished folders there are.</param>
    /// <param name="fill">Writes the files.</param>
    public static void Leave(RunClaim claim, bool evenPublished, Leases leases, Action<RunFolder> fill)
    {
        string final = claim.Folder;
        using FileLock held = LockOf(final);
        bool isOurs = RegularFile.ReadAllText(System.IO.Path.Combine(final, SettingsFile)) == claim.Settings;
        if (!isOurs || (!evenPublished && PublishedFiles.Read(final) is not null))
        {
            return;
        }

        Fill(claim, leases, fill, staging =>
        {
            if (Directory.EnumerateFileSystemEntries(staging).Any())
            {
                Swap(final, staging, null, null);
            }
        });
    }

    /// <summary>Fills a folder beside the final place and swaps it in; the lock is held.</summary>
    private static void Fill(RunClaim claim, Leases leases, Action<RunFolder> fill, Action<string> swap)
    {
        string final = claim.Folder;
        foreach (string left in Directory.EnumerateDirectories(final, StagingPrefix + "*"))
        {
            // The lock is ours; but a disk that is shared may know no locks.
            string id = System.IO.Path.GetFileName(left)[StagingPrefix.Length..].Split('-')[0];
            if (leases.Of(id, left).State == WorkerState.Ended)
            {
                NetworkDisk.DeleteFolder(left);
            }
        }

        string staging = System.IO.Path.Combine(final, $"{StagingPrefix}{claim.Lease.Id}-{Guid.NewGuid():N}");
        NetworkDisk.MakeFolder(staging);
        try
        {
            fill(new RunFolder(final, staging));
            swap(staging);
        }
        finally
        {
            NetworkDisk.DeleteFolder(staging);
        }
    }

    /// <summary>Puts what was written in place of what is there; without a digest it counts as unfinished.</summary>
    private static void Swap(string final, string staging, string? digest, UnitsMark? units)
    {
        string[] files =
        [
            .. Directory
                .EnumerateFiles(staging, "*", SearchOption.AllDirectories)
                .Select(f => System.IO.Path.GetRelativePath(staging, f))
                .Order(StringComparer.Ordinal),
        ];
        string[] tops = [.. files.Select(Top).Distinct(StringComparer.Ordinal)];
        // From here to the end the folder is nobody's: the next run fills it again
        RemoveAll(final, ResultsOf(final).Concat(tops));
        foreach (string name in tops)
        {
            string from = System.IO.Path.Combine(staging, name),
                to = System.IO.Path.Combine(final, name);
            if (Directory.Exists(from))
            {
                NetworkDisk.MoveFolder(from, to);
            }
            else
            {
                NetworkDisk.MoveFile(from, to);
            }
        }

        if (digest is not null)
        {
            PublishedFiles.Write(final, digest, [.. files, SettingsFile], units!);
        }
    }

    /// <summary>
    /// Files and folders of the run's folder that hold results, of this version of the program or of an earlier one.
    /// </summary>
    private static IEnumerable<string> ResultsOf(string final)
    {
        string old = System.IO.Path.Combine(final, OldMarker);
        IEnumerable<string> before =
            PublishedFiles.Read(final) is { } published ? published.Tops
            : File.Exists(old) ? RegularFile.ReadAllLines(old).Skip(1).Select(Top)
            : [];
        return [.. before.Concat(Swapped).Where(name => name != SettingsFile)];
    }

    /// <summary>Removes results, but first what says that they are whole.</summary>
    private static void RemoveAll(string final, IEnumerable<string> names)
    {
        Forget(final);
        NetworkDisk.Delete(System.IO.Path.Combine(final, OldMarker));
        foreach (string name in names.Distinct(StringComparer.Ordinal))
        {
            string path = System.IO.Path.Combine(final, name);
            if (Directory.Exists(path))
            {
                NetworkDisk.DeleteFolder(path);
            }
            else
            {
                NetworkDisk.Delete(path);
            }
        }
    }

    private static bool IsPublished(string final, string digest) =>
        PublishedFiles.Read(final) is { } published && published.Results == digest && published.IsWhole();

    private static string Top(string relative) => relative.Split(System.IO.Path.DirectorySeparatorChar)[0];

    /// <summary>
    /// Waits until no other process of this host works on the folder; of another host, where its disk knows locks.
    /// </summary>
    /// <param name="final">The run's folder.</param>
    internal static FileLock LockOf(string final) => FileLock.Take(System.IO.Path.Combine(final, LockFile));
}
