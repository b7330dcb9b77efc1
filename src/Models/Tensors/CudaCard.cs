using System.Runtime.InteropServices;
using System.Text;

namespace Pipelines.Models.Tensors;

/// <summary>
/// A card as its driver names it. Cards are counted as this process sees them: numbers and names in
/// <c>CUDA_VISIBLE_DEVICES</c> are never read.
/// </summary>
public static class CudaCard
{
    private const int LongestName = 256;

    /// <summary>The model of a card, for example <c>NVIDIA H200</c>; null where the driver does not say.</summary>
    /// <param name="number">From 0, as this process counts.</param>
    public static string? NameOf(int number)
    {
        try
        {
            byte[] name = new byte[LongestName];
            return
                cuInit(0) == 0
                && cuDeviceGet(out int device, number) == 0
                && cuDeviceGetName(name, name.Length, device) == 0
                ? Encoding.UTF8.GetString(name, 0, Array.IndexOf(name, (byte)0))
                : null;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return null; // no driver here
        }
    }

#pragma warning disable IDE1006, CA5392 // names of C
    [DllImport("libcuda.so.1")]
    private static extern int cuInit(uint flags);

    [DllImport("libcuda.so.1")]
    private static extern int cuDeviceGet(out int device, int ordinal);

    [DllImport("libcuda.so.1")]
    private static extern int cuDeviceGetName(byte[] name, int length, int device);
#pragma warning restore IDE1006, CA5392
}
