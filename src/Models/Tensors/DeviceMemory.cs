using System.Runtime.InteropServices;
using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>Memory of a device.</summary>
internal static unsafe class DeviceMemory
{
    /// <summary>
    /// Bytes that a CUDA device has free now, for everybody: what counts is not the card's size but what the context,
    /// the libraries' workspaces, other programs and this one's own weights leave of it. What libtorch's allocator
    /// keeps for later is not counted as free.
    /// </summary>
    /// <param name="device">The device.</param>
    /// <returns>null for other devices than CUDA's, and where the CUDA runtime cannot be asked (outside
    /// Linux).</returns>
    public static long? Free(torch.Device device)
    {
        if (device.type != DeviceType.CUDA || RuntimeLibrary() is not { } runtime)
        {
            return null;
        }

        var current = (delegate* unmanaged[Cdecl]<int*, int>)NativeLibrary.GetExport(runtime, "cudaGetDevice");
        var choose = (delegate* unmanaged[Cdecl]<int, int>)NativeLibrary.GetExport(runtime, "cudaSetDevice");
        var ask = (delegate* unmanaged[Cdecl]<nuint*, nuint*, int>)NativeLibrary.GetExport(runtime, "cudaMemGetInfo");
        int before = 0;
        nuint free = 0,
            total = 0;
        if (current(&before) != 0 || choose(Math.Max(0, device.index)) != 0)
        {
            return null;
        }

        int failure = ask(&free, &total);
        _ = choose(before);
        return failure == 0 ? (long)free : null;
    }

    /// <summary>
    /// The CUDA runtime that libtorch has loaded, whatever its file is called (libtorch's archives put a hash into the
    /// name): another copy would have a state of its own.
    /// </summary>
    private static nint? RuntimeLibrary()
    {
        foreach (string path in LoadedLibraries.Read())
        {
            if (
                Path.GetFileName(path).StartsWith("libcudart", StringComparison.Ordinal)
                && NativeLibrary.TryLoad(path, out nint library)
            )
            {
                return library;
            }
        }

        return null;
    }
}
