namespace Pipelines.Host.Running.Slurm;

/// <summary>A folder as processes that are started in it are told: without links.</summary>
internal static class RealFolder
{
    /// <summary>Links that may lead to each other: more are a circle.</summary>
    private const int Deepest = 40;

    /// <summary>The folder without links; what of it is not there yet, as it is written.</summary>
    /// <param name="folder">Absolute.</param>
    public static string Of(string folder) => Of(folder, Deepest);

    private static string Of(string folder, int deepest)
    {
        if (Path.GetDirectoryName(folder) is not { } parent)
        {
            return folder;
        }

        string here = Path.Combine(Of(parent, deepest), Path.GetFileName(folder));
        return deepest > 0 && new DirectoryInfo(here).LinkTarget is { } target
            ? Of(Path.GetFullPath(target, Path.GetDirectoryName(here)!), deepest - 1)
            : here;
    }
}
