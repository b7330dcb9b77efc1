namespace Pipelines.Stages.Storage;

/// <summary>
/// <c>runs/&lt;name&gt;/</c>: what a person opens. Filled beside its final place and swapped in at the end; a process that is killed while it swaps leaves no marker, and the next run fills it again.
/// </summary>
internal sealed class RunFolder
{
    /// <summary>Name of the file with every resolved setting.</summary>
    public const string SettingsFile = "experiment.yaml";

    private const string Marker = ".published", LockFile = ".lock", StagingPrefix = ".staging-";
    private static readonly string[] Swapped = ["tables", "figures", "report.html"];
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
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        return path;
    }

    /// <summary>Puts a stored file under a name of the run, as a link (relative, so that the whole artifacts folder can be moved).</summary>
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

    /// <summary>Writes the settings of a run that begins. Results of other settings count as unfinished from here on, until the run's own are published.</summary>
    public static void WriteSettings(string final, string settings)
    {
        string path = System.IO.Path.Combine(final, SettingsFile), temporary = $"{path}.{Environment.ProcessId}"; // another process may write the same file at the same time
        if (!File.Exists(path) || File.ReadAllText(path) != settings) File.Delete(System.IO.Path.Combine(final, Marker));
        File.WriteAllText(temporary, settings);
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>The results in a run's folder are not those of the settings beside them: the run that changed them has not come to its end. False for a copy without the program's own files.</summary>
    public static bool IsUnfinished(string final) => File.Exists(System.IO.Path.Combine(final, LockFile)) && !File.Exists(System.IO.Path.Combine(final, Marker));

    /// <summary>
    /// Fills the run's folder with the results named by <paramref name="digest"/>, unless they are there: every file that was published with that digest. One process at a time does so.
    /// </summary>
    /// <returns>Whether anything was written.</returns>
    public static bool Publish(string final, string digest, Action<RunFolder> fill)
    {
        if (IsPublished(final, digest)) return false;
        Directory.CreateDirectory(final);
        using FileStream held = Lock(System.IO.Path.Combine(final, LockFile));
        if (IsPublished(final, digest)) return false; // while we waited
        Fill(final, digest, fill);
        return true;
    }

    /// <summary>
    /// Puts what a run that stopped has found in place of the results of an earlier one, so that these never pass for its own. The folder counts as unfinished. Nothing is done where there is nothing to put.
    /// </summary>
    /// <param name="final">The run's folder.</param>
    /// <param name="evenPublished">Also where whole results of the same settings lie there: what they were made from has changed.</param>
    /// <param name="fill">Writes the files.</param>
    public static void Leave(string final, bool evenPublished, Action<RunFolder> fill)
    {
        Directory.CreateDirectory(final);
        using FileStream held = Lock(System.IO.Path.Combine(final, LockFile));
        if (evenPublished || !File.Exists(System.IO.Path.Combine(final, Marker))) Fill(final, null, fill);
    }

    /// <summary>Fills a folder beside the final place and swaps it in; the lock is held.</summary>
    private static void Fill(string final, string? digest, Action<RunFolder> fill)
    {
        foreach (string left in Directory.EnumerateDirectories(final, StagingPrefix + "*")) Directory.Delete(left, recursive: true); // of killed processes: the lock is ours
        string staging = System.IO.Path.Combine(final, $"{StagingPrefix}{Guid.NewGuid():N}");
        Directory.CreateDirectory(staging);
        try
        {
            fill(new RunFolder(final, staging));
            if (digest is not null || Directory.EnumerateFileSystemEntries(staging).Any()) Swap(final, staging, digest);
        }
        finally
        {
            Directory.Delete(staging, recursive: true);
        }
    }

    private static void Swap(string final, string staging, string? digest)
    {
        string marker = System.IO.Path.Combine(final, Marker);
        string[] files = [.. Directory.EnumerateFiles(staging, "*", SearchOption.AllDirectories).Select(f => System.IO.Path.GetRelativePath(staging, f)).Order(StringComparer.Ordinal)];
        string[] before = File.Exists(marker) ? [.. File.ReadAllLines(marker).Skip(1).Select(Top)] : Swapped;
        File.Delete(marker); // from here to the end the folder is nobody's: the next run fills it again
        foreach (string name in before.Concat(files.Select(Top)).Distinct(StringComparer.Ordinal))
        {
            string from = System.IO.Path.Combine(staging, name), to = System.IO.Path.Combine(final, name);
            if (Directory.Exists(to)) Directory.Delete(to, recursive: true);
            else File.Delete(to);
            if (Directory.Exists(from)) Directory.Move(from, to);
            else if (File.Exists(from)) File.Move(from, to);
        }

        if (digest is not null) File.WriteAllLines(marker, [digest, .. files]);
    }

    private static bool IsPublished(string final, string digest)
    {
        string marker = System.IO.Path.Combine(final, Marker);
        if (!File.Exists(marker)) return false;
        string[] lines;
        try
        {
            lines = File.ReadAllLines(marker);
        }
        catch (IOException)
        {
            return false; // another process is publishing
        }

        return lines.Length > 0 && lines[0] == digest && lines.Skip(1).All(f => File.Exists(System.IO.Path.Combine(final, f)));
    }

    private static string Top(string relative) => relative.Split(System.IO.Path.DirectorySeparatorChar)[0];

    /// <summary>Waits for the file to be ours; the system frees it when a process ends, however it ends.</summary>
    private static FileStream Lock(string path)
    {
        for (int wait = 10; ; wait = Math.Min(2 * wait, 500))
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path))
            {
                Thread.Sleep(wait);
            }
        }
    }
}
