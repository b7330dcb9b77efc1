namespace Pipelines.Stages.Storage;

/// <summary>
/// <c>runs/&lt;name&gt;/</c>: what a person opens. Filled beside its final place and swapped in, so that it always holds the results of one whole run.
/// </summary>
internal sealed class RunFolder
{
    private const string Marker = ".published";
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

    /// <summary>Whether the results of <paramref name="digest"/> are there already.</summary>
    public static bool IsPublished(string final, string digest)
    {
        string marker = System.IO.Path.Combine(final, Marker);
        return File.Exists(marker) && File.ReadAllText(marker) == digest;
    }

    /// <summary>Fills the run's folder with the results named by <paramref name="digest"/>.</summary>
    public static void Publish(string final, string digest, Action<RunFolder> fill)
    {
        Directory.CreateDirectory(final);
        string staging = System.IO.Path.Combine(final, $".staging-{Environment.ProcessId}-{Guid.NewGuid():N}");
        Directory.CreateDirectory(staging);
        try
        {
            fill(new RunFolder(final, staging));
            File.Delete(System.IO.Path.Combine(final, Marker));
            foreach (string name in Swapped)
            {
                string from = System.IO.Path.Combine(staging, name), to = System.IO.Path.Combine(final, name);
                if (Directory.Exists(to)) Directory.Delete(to, recursive: true);
                if (File.Exists(to)) File.Delete(to);
                if (Directory.Exists(from)) Directory.Move(from, to);
                else if (File.Exists(from)) File.Move(from, to);
            }

            File.WriteAllText(System.IO.Path.Combine(final, Marker), digest);
        }
        finally
        {
            Directory.Delete(staging, recursive: true);
        }
    }

    /// <summary>Removes what killed processes left in a run's folder.</summary>
    public static void RemoveLeftovers(string final)
    {
        if (!Directory.Exists(final)) return;
        foreach (string folder in Directory.EnumerateDirectories(final, ".staging-*")) Directory.Delete(folder, recursive: true);
    }
}
