using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pipelines.Domain.Errors;
using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>
/// Loads libtorch before TorchSharp asks for it: that of an installed PyTorch where one is named (<see cref="Choose"/>,
/// or the environment variable LIBTORCH); else from beside a published program, else straight from the package folder,
/// so that no output folder holds 500 MB of it. A process has one libtorch. Prepares the C side first (OpenMP waits
/// passively, malloc keeps its pages). On other systems than Linux x64 and with the CUDA package all loading is
/// TorchSharp's own, from the program's folder; where it fails, or there is no libtorch for the system, the error is
/// the same.
/// </summary>
public static unsafe class TorchNative
{
    /// <summary>The environment variable that names an installed PyTorch where no spec does.</summary>
    public const string Variable = "LIBTORCH";

    private const string TorchSharpLibrary = "libLibTorchSharp.so";
    private static readonly string[] TorchLibraries = ["libc10.so", "libtorch_cpu.so", "libtorch.so"];
    private static readonly Lazy<Exception?> Loaded = new(TryLoad);
    private static readonly Lazy<InputException?> Proved = new(TryProve);
    private static (string Path, string Where)? chosen; // before anything is loaded
    private static InstalledTorch? installed; // what was loaded by choice

    /// <summary>
    /// Makes sure that libtorch is loaded: call it before the first TorchSharp type in code that may run before any
    /// other code of this assembly (tests, benchmarks).
    /// </summary>
    /// <exception cref="InputException">libtorch cannot be loaded here; or the one that was named is unfit.</exception>
    public static void Touch()
    {
        if ((Loaded.Value as InputException ?? (Loaded.Value is null ? Proved.Value : null)) is { } unfit)
        {
            throw new InputException(unfit.Where, unfit.What, unfit.Remedy, unfit);
        }

        if (Loaded.Value is { } failure)
        {
            throw new InputException(
                "libtorch",
                $"it cannot be loaded ({failure.Message}).",
                "There is one for Linux x64, Windows x64 and macOS arm64: run `dotnet restore` on this machine; for "
                    + "other users and machines `dotnet publish` puts libtorch's files beside the program.",
                failure
            );
        }
    }

    /// <summary>The version of an installed PyTorch whose libtorch was loaded; null = the program's own.</summary>
    public static string? InstalledVersion => installed?.Version;

    /// <summary>
    /// Names the PyTorch whose libtorch is loaded, before the first tensor. Nothing is loaded yet.
    /// </summary>
    /// <param name="path">Its torch folder, or that one's lib folder; null = LIBTORCH, else what came with the
    /// program.</param>
    /// <param name="where">The setting that names it, for messages.</param>
    /// <exception cref="InputException">It is unfit (see <see cref="InstalledTorch"/>); or another libtorch was loaded
    /// or named before.</exception>
    public static void Choose(string? path, string where)
    {
        if (path is null)
        {
            return;
        }

        RequireLinux(where);
        InstalledTorch found = InstalledTorch.Read(path, where);
        bool isOther = Loaded.IsValueCreated
            ? installed?.Folder != found.Folder
            : chosen is { } before && InstalledTorch.Read(before.Path, before.Where).Folder != found.Folder;
        if (isOther)
        {
            throw new InputException(
                where,
                $"{found.Folder} cannot be loaded: this process has or shall have another libtorch "
                    + $"({installed?.Folder ?? chosen?.Path ?? "the program's own"}).",
                "One process has one libtorch: name the same in all experiments, or run them apart."
            );
        }

        chosen = (path, where);
    }

    /// <summary>
    /// Address of the first element of a contiguous CPU tensor; good for as long as the tensor lives.
    /// </summary>
    /// <param name="tensor">Contiguous, on the CPU.</param>
    public static nint Pointer(torch.Tensor tensor) => THSTensor_data(tensor.Handle);

    /// <summary>A CPU tensor on memory that somebody else owns: nothing is copied, nothing is freed.</summary>
    /// <param name="data">First element, row-major; must outlive the tensor and every view of it. Writing to the tensor
    /// writes there (and ends the process where the memory is read-only).</param>
    /// <param name="type">Element type.</param>
    /// <param name="shape">Sizes.</param>
    public static torch.Tensor FromMemory(nint data, torch.ScalarType type, long[] shape) =>
        FromMemory(data, type, shape, &KeepMemory);

    /// <summary>A CPU tensor on memory that goes with it.</summary>
    /// <param name="data">First element, row-major.</param>
    /// <param name="type">Element type.</param>
    /// <param name="shape">Sizes.</param>
    /// <param name="free">Called with <paramref name="data"/> when the last view of the tensor is gone.</param>
    internal static torch.Tensor FromMemory(
        nint data,
        torch.ScalarType type,
        long[] shape,
        delegate* unmanaged[Cdecl]<nint, void> free
    )
    {
        Touch();
        fixed (long* sizes = shape)
        {
            nint handle = THSTensor_new(
                data,
                free,
                sizes,
                shape.Length,
                (sbyte)type,
                (sbyte)type,
                (int)DeviceType.CPU,
                -1,
                0
            );
            if (handle == 0)
            {
                torch.CheckForErrors();
            }

            return torch.Tensor.UnsafeCreateTensor(handle);
        }
    }

    /// <summary>
    /// Gives memory that was freed back to the system. malloc keeps its pages, and each thread may have them in an
    /// arena of its own: without this, what the workers of one stage have freed is lost to those of the next, and a run
    /// holds the sum of its stages' peaks instead of the largest.
    /// </summary>
    public static void ReturnFreedMemory()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            _ = malloc_trim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // a C library without it
        }
    }

    /// <summary>
    /// Runs when this assembly is loaded: sets what libtorch reads from the environment, and waits for TorchSharp.dll,
    /// whose arrival means that libtorch is needed.
    /// </summary>
#pragma warning disable CA2255 // the order of loading is this class's reason to exist
    [ModuleInitializer]
    internal static void Prepare()
#pragma warning restore CA2255
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            // Environment.SetEnvironmentVariable does not reach C. Idle OpenMP threads that spin take the cores from
            // our own: 288 -> 79 ms a mask and layer.
            _ = setenv("OMP_WAIT_POLICY", "passive", 0);
            // Large temporaries come and go with every operation; without these each of them costs its page faults
            // anew.
            _ = mallopt(MMapMax, 0);
            _ = mallopt(TrimThreshold, int.MaxValue);
            _ = mallopt(TopPad, 64 << 20);
            _ = mallopt(ArenaMax, 1);
        }
        catch (EntryPointNotFoundException)
        {
            // a C library without mallopt: slower, not wrong
        }

        AppDomain.CurrentDomain.AssemblyLoad += (_, loaded) =>
        {
            if (loaded.LoadedAssembly.GetName().Name == "TorchSharp")
            {
                _ = Loaded.Value;
            }
        };
        if (AppDomain.CurrentDomain.GetAssemblies().Any(a => a.GetName().Name == "TorchSharp"))
        {
            _ = Loaded.Value;
        }
    }

    private static Exception? TryLoad() => OperatingSystem.IsLinux() ? TryLoadOnLinux() : TryLoadElsewhere();

    /// <summary>
    /// TorchSharp's own loading, here and now: at its first tensor a failure would come as a stack trace.
    /// </summary>
    private static Exception? TryLoadElsewhere()
    {
        try
        {
            torch.InitializeDeviceType(DeviceType.CPU);
            return null;
        }
        catch (Exception e)
            when (e
                    is DllNotFoundException
                        or BadImageFormatException
                        or EntryPointNotFoundException
                        or NotSupportedException
                        or TypeInitializationException
            )
        {
            return e;
        }
    }

    private static Exception? TryLoadOnLinux()
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return new PlatformNotSupportedException($"TorchSharp has none for {RuntimeInformation.RuntimeIdentifier}");
        }

        try
        {
            string[] libraries;
            if (Chosen() is { } named)
            {
                installed = InstalledTorch.Read(named.Path, named.Where);
                // A second copy of libc10 ends the process as it is loaded
                if (Strayed(installed, named.Where) is { } strayed)
                {
                    return strayed;
                }

                libraries = [.. installed.Libraries];
            }
            else if (NativeFolder("LibTorchNative", TorchLibraries[1]) is { } folder)
            {
                libraries = [.. TorchLibraries.Select(name => Path.Combine(folder, name))];
            }
            else if (PackageFolder("LibTorchNative") is { } absent)
            {
                // TorchSharp would search other package folders, copy what it finds, and fail as a stack trace
                return new DirectoryNotFoundException($"{Path.Combine(absent, TorchLibraries[1])} is not there");
            }
            else
            {
                return null; // the CUDA package: TorchSharp finds it by itself
            }

            foreach (string library in libraries)
            {
                NativeLibrary.Load(library); // from here on ld.so finds it by its soname
            }

            if (NativeFolder("TorchSharpNative", TorchSharpLibrary) is { } sharpFolder)
            {
                string library = Path.Combine(sharpFolder, TorchSharpLibrary);
                if (!NativeLibrary.TryLoad(library, out _))
                {
                    NativeLibrary.Load(WeakenedLibrary.Of(library)); // libstdc++ here is older than GCC 13's
                }
            }

            return null;
        }
        catch (InputException e)
        {
            return e;
        }
        catch (DllNotFoundException e) when (Chosen() is { } named)
        {
            return new InputException(
                named.Where,
                $"a library of {named.Path} cannot be loaded ({e.Message}).",
                "Compare it with a fresh installation, and unset LD_LIBRARY_PATH."
            );
        }
        catch (Exception e)
            when (e
                    is DllNotFoundException
                        or BadImageFormatException
                        or IOException
                        or UnauthorizedAccessException
                        or InvalidDataException
            )
        {
            return e;
        }
    }

    /// <summary>
    /// Proves a libtorch that was named: the files that are in memory are its own, and it multiplies. Only what runs is
    /// known to fit.
    /// </summary>
    private static InputException? TryProve()
    {
        if (installed is not { } named)
        {
            return null;
        }

        string where = Chosen()!.Value.Where;
        if (Strayed(named, where) is { } strayed)
        {
            return strayed;
        }

        return ProductFailure(torch.CPU) is { } failure
            ? new InputException(
                where,
                $"PyTorch {named.Version} in {named.Folder} is loaded, but a small product fails ({failure}).",
                "Use the build of that version from pytorch.org."
            )
            : null;
    }

    /// <summary>Files of a libtorch that are in memory from another folder than its own; null = none.</summary>
    private static InputException? Strayed(InstalledTorch named, string where)
    {
        IReadOnlyList<string> strayed = LoadedLibraries.Strayed(named.Libraries, LoadedLibraries.Read());
        return strayed.Count == 0
            ? null
            : new InputException(
                where,
                $"PyTorch {named.Version} is wanted, but the process has {string.Join("; ", strayed)}.",
                "Unset LD_LIBRARY_PATH and LD_PRELOAD (module load and conda set them): they win over the libraries "
                    + "beside libtorch."
            );
    }

    /// <summary>
    /// Demands that a device really computes: libtorch calls a card available for which the build has no kernels, and
    /// says so hours later.
    /// </summary>
    /// <param name="device">A device that libtorch sees.</param>
    /// <param name="where">The setting that names it.</param>
    /// <exception cref="InputException">It does not.</exception>
    internal static void RequireWorking(torch.Device device, string where)
    {
        if (ProductFailure(device) is { } failure)
        {
            string[] folders =
            [
                .. LoadedLibraries
                    .Read()
                    .Where(path => IsOfCuda(Path.GetFileName(path)))
                    .Select(path => Path.GetDirectoryName(path)!)
                    .Distinct(StringComparer.Ordinal),
            ];
            throw new InputException(
                where,
                $"{device} is there, but a small product on it fails ({failure}); CUDA libraries are loaded from "
                    + $"{(folders.Length == 0 ? "no folder" : string.Join(", ", folders))}.",
                "The card may be newer or older than this libtorch's kernels, or LD_LIBRARY_PATH names another CUDA."
            );
        }
    }

    /// <summary>What goes wrong when a device multiplies two small matrices and gives the product back; null =
    /// nothing.</summary>
    private static string? ProductFailure(torch.Device device)
    {
        try
        {
            using var scope = torch.NewDisposeScope();
            torch.Tensor three = torch.ones([2, 3], device: device).mm(torch.ones([3, 2], device: device));
            double[] found = HostCopy.Doubles(three)[0];
            return Array.TrueForAll(found, x => x == 3) ? null : $"3 became {found[0]}";
        }
        catch (Exception e) when (e is ExternalException or TypeInitializationException or DllNotFoundException)
        {
            return e.Message.Split('\n')[0];
        }
    }

    private static bool IsOfCuda(string name) =>
        name.StartsWith("libcu", StringComparison.Ordinal)
        || name.StartsWith("libnv", StringComparison.Ordinal)
        || name.Contains("torch_cuda", StringComparison.Ordinal);

    private static (string Path, string Where)? Chosen() =>
        chosen ?? (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path ? (path, Variable) : null);

    private static void RequireLinux(string where)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            throw new InputException(
                where,
                "an installed PyTorch can be used on Linux x64 only.",
                "Leave it out: the program brings a libtorch."
            );
        }
    }

    /// <summary>
    /// The folder that holds a native file: the program's own, else the package folder recorded at build time, else
    /// null.
    /// </summary>
    private static string? NativeFolder(string metadata, string file)
    {
        string[] folders =
        [
            AppContext.BaseDirectory,
            Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native"),
            PackageFolder(metadata) ?? "",
        ];
        return folders.FirstOrDefault(f => f.Length > 0 && File.Exists(Path.Combine(f, file)));
    }

    /// <summary>Where the package lay when the program was built; null where it was built with another.</summary>
    private static string? PackageFolder(string metadata) =>
        typeof(TorchNative)
            .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(a => a.Key == metadata)
            ?.Value
            is { Length: > 0 } folder
            ? folder
            : null;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void KeepMemory(nint data) { }

    private const int TrimThreshold = -1;
    private const int TopPad = -2;
    private const int MMapMax = -4;
    private const int ArenaMax = -8;

#pragma warning disable IDE1006, CA5392 // names of C
    [DllImport("libc", BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int setenv(
        [MarshalAs(UnmanagedType.LPStr)] string name,
        [MarshalAs(UnmanagedType.LPStr)] string value,
        int overwrite
    );

    [DllImport("libc")]
    private static extern int malloc_trim(nuint pad);

    [DllImport("libc")]
    private static extern int mallopt(int parameter, int value);

    [DllImport("LibTorchSharp"), SuppressGCTransition]
    private static extern nint THSTensor_data(nint tensor);

    [DllImport("LibTorchSharp")]
    private static extern nint THSTensor_new(
        nint data,
        delegate* unmanaged[Cdecl]<nint, void> deleter,
        long* sizes,
        int dimensions,
        sbyte type,
        sbyte dtype,
        int deviceType,
        int deviceIndex,
        byte requiresGrad
    );
#pragma warning restore IDE1006, CA5392
}
