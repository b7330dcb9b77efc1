using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pipelines.Domain.Errors;
using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>
/// Loads libtorch before TorchSharp asks for it: from beside a published program, else straight from the package
/// folder, so that no output folder holds 500 MB of it. Prepares the C side first (OpenMP waits passively, malloc keeps
/// its pages). On other systems than Linux x64 and with the CUDA package all loading is TorchSharp's own, from the
/// program's folder; where it fails, or there is no libtorch for the system, the error is the same.
/// </summary>
public static unsafe class TorchNative
{
    private const string TorchSharpLibrary = "libLibTorchSharp.so";
    private static readonly string[] TorchLibraries = ["libc10.so", "libtorch_cpu.so", "libtorch.so"];
    private static readonly Lazy<Exception?> Loaded = new(TryLoad);

    /// <summary>
    /// Makes sure that libtorch is loaded: call it before the first TorchSharp type in code that may run before any
    /// other code of this assembly (tests, benchmarks).
    /// </summary>
    /// <exception cref="InputException">libtorch cannot be loaded here.</exception>
    public static void Touch()
    {
        if (Loaded.Value is { } failure)
        {
            throw new InputException(
                "libtorch",
                $"it cannot be loaded ({failure.Message}).",
                "There is one for Linux x64, Windows x64 and macOS arm64: run `dotnet restore` on this machine, or put "
                    + "libtorch's files beside the program.",
                failure
            );
        }
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

        if (NativeFolder("LibTorchNative", TorchLibraries[1]) is not { } torchFolder)
        {
            return null; // the CUDA package, or no package folder: TorchSharp searches by itself
        }

        try
        {
            foreach (string library in TorchLibraries)
            {
                NativeLibrary.Load(Path.Combine(torchFolder, library)); // from here on ld.so finds it by its soname
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
    /// The folder that holds a native file: the program's own, else the package folder recorded at build time, else
    /// null.
    /// </summary>
    private static string? NativeFolder(string metadata, string file)
    {
        string? package = typeof(TorchNative)
            .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(a => a.Key == metadata)
            ?.Value;
        string[] folders =
        [
            AppContext.BaseDirectory,
            Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native"),
            package ?? "",
        ];
        return folders.FirstOrDefault(f => f.Length > 0 && File.Exists(Path.Combine(f, file)));
    }

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
