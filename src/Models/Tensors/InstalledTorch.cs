using System.Text.RegularExpressions;
using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Models.Tensors;

/// <summary>
/// The libtorch of an installed PyTorch (pip, conda), or an unpacked archive of it: checked by its files alone, before
/// any of them is loaded, as a library of another version or with other C++ strings fails with a misleading message or
/// later, with wrong results. What pip keeps in packages of its own (<c>site-packages/nvidia</c>) belongs to it.
/// </summary>
/// <param name="Folder">The folder that holds libtorch_cpu.so.</param>
/// <param name="Version">As PyTorch writes it, 2.10.0+cu128.</param>
/// <param name="Libraries">Full paths, each behind all that it needs.</param>
internal sealed record InstalledTorch(string Folder, string Version, IReadOnlyList<string> Libraries)
{
    /// <summary>
    /// Versions whose C++ interface TorchSharp's library was built against; a later one has other functions.
    /// </summary>
    public const string Wanted = "2.10.";

    private const string Core = "libc10.so",
        Cpu = "libtorch_cpu.so",
        Cuda = "libtorch_cuda.so",
        All = "libtorch.so";

    /// <summary>Of the system, or of the card's driver, and never beside libtorch.</summary>
    private static readonly HashSet<string> OfSystem = new(StringComparer.Ordinal)
    {
        "ld-linux-x86-64.so.2",
        "libc.so.6",
        "libcuda.so.1",
        "libdl.so.2",
        "libgcc_s.so.1",
        "libgomp.so.1",
        "libm.so.6",
        "libnvidia-ml.so.1",
        "libpthread.so.0",
        "librt.so.1",
        "libstdc++.so.6",
        "libutil.so.1",
    };

    /// <summary>Built for CUDA.</summary>
    public bool HasCuda => Libraries.Any(path => Path.GetFileName(path) == Cuda);

    /// <summary>Finds and checks it.</summary>
    /// <param name="path">The torch folder (of site-packages, or unpacked), or its lib folder.</param>
    /// <param name="where">Who named it, for messages: <c>model.libtorch</c>.</param>
    /// <exception cref="InputException">Something is missing, or unfit for this program.</exception>
    public static InstalledTorch Read(string path, string where)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        string lib = File.Exists(Path.Combine(full, Cpu)) ? full : Path.Combine(full, "lib");
        string torch = Path.GetDirectoryName(lib)!;
        if (!File.Exists(Path.Combine(lib, Cpu)))
        {
            throw new InputException(
                where,
                $"there is no {Cpu} in {full} nor in its lib folder.",
                "Name the folder of an installed PyTorch: python -c \"import torch; print(torch.__path__[0])\"."
            );
        }

        string version = VersionOf(torch, where);
        if (!version.StartsWith(Wanted, StringComparison.Ordinal))
        {
            throw new InputException(
                where,
                $"{torch} is PyTorch {version}; this program's TorchSharp is made for {Wanted}x and no other.",
                $"Install that one: pip install 'torch=={Wanted}*'."
            );
        }

        if (version.Contains("rocm", StringComparison.Ordinal))
        {
            throw new InputException(
                where,
                $"{torch} is built for AMD cards ({version}), which TorchSharp does not know.",
                "Use a build for CUDA or for CPUs."
            );
        }

        RequireAbi(Path.Combine(lib, Core), where);
        string[] folders = [lib, Path.Combine(Path.GetDirectoryName(torch)!, "torch.libs"), .. Nvidia(torch)];
        string[] roots = version.Contains("+cu", StringComparison.Ordinal) || File.Exists(Path.Combine(lib, Cuda))
            ? [Core, Cpu, Cuda, All]
            : [Core, Cpu, All];
        var search = new Search(folders, where);
        foreach (string root in roots)
        {
            search.Add(root, $"PyTorch {version}");
        }

        return new InstalledTorch(lib, version, search.Found);
    }

    /// <summary>
    /// version.py of a Python package; build-version of an archive. Both name the build behind a plus sign.
    /// </summary>
    private static string VersionOf(string torch, string where)
    {
        string python = Path.Combine(torch, "version.py"),
            archive = Path.Combine(torch, "build-version");
        if (File.Exists(archive))
        {
            return Text(archive, where).Trim();
        }

        if (!File.Exists(python))
        {
            throw new InputException(
                where,
                $"neither {python} nor {archive} is there to tell the version.",
                "Name the folder of an installed PyTorch, whole as pip or conda made it."
            );
        }

        string text = Text(python, where);
        string version = Assigned("__version__").Match(text) is { Success: true } found
            ? found.Groups[1].Value
            : throw new InputException(where, $"{python} says no __version__.", "Install PyTorch again.");
        string Build(string name) => Assigned(name).Match(text) is { Success: true } m ? m.Groups[1].Value : "";
        return version.Contains('+', StringComparison.Ordinal) ? version
            : Build("hip").Length > 0 ? $"{version}+rocm{Build("hip")}"
            : Build("cuda").Length > 0 ? $"{version}+cu{Build("cuda").Replace(".", "", StringComparison.Ordinal)}"
            : version;
    }

    private static string Text(string path, string where) => Readable(path, where, () => RegularFile.ReadAllText(path));

    private static T Readable<T>(string path, string where, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new InputException(where, $"{path} cannot be read ({e.Message}).", "Install PyTorch again.", e);
        }
    }

    /// <summary>Demands x86-64, and strings of C++11, in which the two libraries speak to each other.</summary>
    private static void RequireAbi(string core, string where)
    {
        if (Readable(core, where, () => ElfFile.Read(core)).Machine != ElfFile.X64)
        {
            throw new InputException(
                where,
                $"{core} is for another processor than x86-64.",
                "Use the wheel for x86_64."
            );
        }

        // Its error class takes a message: the mangled name tells which kind of string
        byte[] bytes = Readable(core, where, () => RegularFile.ReadAllBytes(core));
        if (bytes.AsSpan().IndexOf("_ZN3c105ErrorC1ENSt7__cxx1112basic_string"u8) < 0)
        {
            throw new InputException(
                where,
                $"{core} is built with C++ strings from before C++11 (or is no libc10).",
                "Use PyTorch's own wheels, which have the C++11 ABI since 2.6."
            );
        }
    }

    private static IEnumerable<string> Nvidia(string torch)
    {
        string folder = Path.Combine(Path.GetDirectoryName(torch)!, "nvidia");
        return Directory.Exists(folder)
            ? Directory
                .EnumerateDirectories(folder)
                .Select(package => Path.Combine(package, "lib"))
                .Where(Directory.Exists)
                .Order(StringComparer.Ordinal)
            : [];
    }

    private static Regex Assigned(string name) =>
        new($@"^{name}\s*(?::[^=\n]*)?=\s*['""]([^'""]*)['""]", RegexOptions.Multiline | RegexOptions.CultureInvariant);

    /// <summary>Collects libraries, each behind those that it needs.</summary>
    private sealed class Search(string[] folders, string where)
    {
        private readonly HashSet<string> seen = new(StringComparer.Ordinal);

        public List<string> Found { get; } = [];

        public void Add(string name, string neededBy)
        {
            if (OfSystem.Contains(name) || !seen.Add(name))
            {
                return;
            }

            string path =
                folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
                ?? throw new InputException(
                    where,
                    $"{name}, which {neededBy} needs, is in none of {string.Join(", ", folders)}.",
                    "pip keeps CUDA's libraries in packages beside torch (nvidia-*): install PyTorch again with all "
                        + "that it depends on."
                );
            foreach (string needed in Readable(path, where, () => ElfFile.Read(path)).Needed)
            {
                Add(needed, path);
            }

            Found.Add(path);
            AddParts(path);
        }

        /// <summary>
        /// cuDNN opens its parts by bare name when first used, and would find those of another cuDNN in
        /// LD_LIBRARY_PATH.
        /// </summary>
        private void AddParts(string path)
        {
            if (!Path.GetFileName(path).StartsWith("libcudnn.so", StringComparison.Ordinal))
            {
                return;
            }

            foreach (
                string part in Directory
                    .EnumerateFiles(Path.GetDirectoryName(path)!, "libcudnn_*.so*")
                    .Order(StringComparer.Ordinal)
            )
            {
                Add(Path.GetFileName(part), path);
            }
        }
    }
}
