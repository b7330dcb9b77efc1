using System.Reflection;
using Pipelines.Models.Tensors;
using Xunit;

namespace Pipelines.Tests;

/// <summary>
/// A PyTorch as pip lays it out, made of links to the libraries of the libtorch package that tests run with.
/// </summary>
internal static class PipTorch
{
    /// <summary>What version.py of a build without a graphics card says behind the version.</summary>
    private const string WithoutCard = "cuda: Optional[str] = None\nhip: Optional[str] = None";

    private static readonly string[] Libraries =
    [
        "libc10.so",
        "libtorch_cpu.so",
        "libtorch.so",
        "libgomp-98b21ff3.so.1",
    ];

    /// <summary>Folder of the package's libraries; empty where there is none for this machine.</summary>
    public static string Package { get; } =
        typeof(TorchNative)
            .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(a => a.Key == "LibTorchNative")
            ?.Value
        ?? "";

    /// <summary>Why tests of it cannot run here; null where they can.</summary>
    public static string? Missing =>
        OperatingSystem.IsLinux() && Directory.Exists(Package) ? null : "no libtorch package for Linux x64 here";

    /// <summary>Lays one out, in place of one that is there.</summary>
    /// <param name="folder">Stands for a Python environment.</param>
    /// <param name="version">What version.py says; empty = none.</param>
    /// <param name="more">Further lines of version.py.</param>
    /// <returns>The folder torch.</returns>
    public static string Install(string folder, string version, string more = WithoutCard)
    {
        string torch = Path.Combine(folder, "site-packages", "torch");
        if (Directory.Exists(torch))
        {
            Directory.Delete(torch, recursive: true);
        }

        string lib = Directory.CreateDirectory(Path.Combine(torch, "lib")).FullName;
        foreach (string name in Libraries)
        {
            Link(Path.Combine(lib, name), name);
        }

        string assigned = version.Length > 0 ? $"__version__ = '{version}'\n" : "";
        File.WriteAllText(Path.Combine(torch, "version.py"), $"from typing import Optional\n\n{assigned}{more}\n");
        return torch;
    }

    /// <summary>A link to a library of the package.</summary>
    public static void Link(string path, string library) =>
        File.CreateSymbolicLink(path, Path.Combine(Package, library));
}

/// <summary>A fact where there is a package with libtorch for Linux.</summary>
internal sealed class PipTorchFactAttribute : FactAttribute
{
    public PipTorchFactAttribute() => Skip = PipTorch.Missing;
}

/// <summary>A theory where there is one.</summary>
internal sealed class PipTorchTheoryAttribute : TheoryAttribute
{
    public PipTorchTheoryAttribute() => Skip = PipTorch.Missing;
}
