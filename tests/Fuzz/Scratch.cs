namespace Pipelines.Fuzz;

/// <summary>
/// Folders for the files that readers are given; in memory where the system has /dev/shm, removed when the process
/// ends.
/// </summary>
internal static class Scratch
{
    private static readonly string Root = Make();

    /// <summary>An empty folder of this process.</summary>
    public static string Folder(string name)
    {
        string folder = Path.Combine(Root, name);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        return Directory.CreateDirectory(folder).FullName;
    }

    /// <summary>The repository's folder: the bundled model, pictures and specs are seeds.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>A path below the bundled model and pictures.</summary>
    public static string Quickstart(params string[] parts) =>
        Path.Combine([Repository, "experiments", "quickstart", .. parts]);

    private static string Make()
    {
        const string memory = "/dev/shm";
        string parent = Directory.Exists(memory) ? memory : Path.GetTempPath();
        string root = Directory
            .CreateDirectory(Path.Combine(parent, $"pipelines-fuzz-{Environment.ProcessId}"))
            .FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(root, recursive: true);
        return root;
    }

    private static string FindRepository()
    {
        for (var d = new DirectoryInfo(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            if (File.Exists(Path.Combine(d.FullName, "Pipelines.sln")))
            {
                return d.FullName;
            }
        }

        throw new InvalidOperationException("The harness does not run inside the repository.");
    }
}
