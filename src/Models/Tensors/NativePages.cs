using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>
/// Memory of its own from the system, for what is large and stays: weights, keys and values. malloc's heap would grow
/// around it, and what is freed between two such blocks would never go back; and the runtime's heap may hold three
/// quarters of a cgroup's limit at most. In huge pages where the system has them: a 7B model's weights are 3.4 million
/// small ones, whose faults alone take seconds.
/// </summary>
internal static unsafe class NativePages
{
    private const nuint Alignment = 64; // a cache line
    private const nuint WorthPages = 1 << 20; // bytes; below, the heap wastes less
    private const int ReadWrite = 3; // PROT_READ | PROT_WRITE
    private const int PrivateAnonymous = 0x22; // MAP_PRIVATE | MAP_ANONYMOUS
    private const int WillNeed = 3; // MADV_WILLNEED
    private const int DoNotNeed = 4; // MADV_DONTNEED: for a shared file mapping nothing is lost
    private const int HugePages = 14; // MADV_HUGEPAGE
    private const int PopulateRead = 22; // MADV_POPULATE_READ, Linux 5.14

    /// <summary>Asks for memory: at least 64-byte aligned, its values undefined.</summary>
    /// <param name="bytes">At least 1.</param>
    /// <exception cref="InsufficientMemoryException">There is none.</exception>
    public static byte* Allocate(nuint bytes)
    {
        if (!HasPages(bytes))
        {
            return (byte*)NativeMemory.AlignedAlloc(bytes, Alignment);
        }

        nint start = mmap(0, bytes, ReadWrite, PrivateAnonymous, -1, 0);
        if (start == -1)
        {
            throw new InsufficientMemoryException(
                $"The system has no {bytes / 1e6:0} MB more for weights, keys or values."
            );
        }

        _ = madvise(start, bytes, HugePages);
        return (byte*)start;
    }

    /// <summary>Gives memory back to the system, at once.</summary>
    /// <param name="start">What <see cref="Allocate"/> gave; null is nothing.</param>
    /// <param name="bytes">As asked for.</param>
    public static void Free(byte* start, nuint bytes)
    {
        if (!HasPages(bytes))
        {
            NativeMemory.AlignedFree(start);
        }
        else if (start != null)
        {
            _ = munmap((nint)start, bytes);
        }
    }

    /// <summary>
    /// A tensor on the CPU with memory of its own, all zeros: for what stays while temporaries come and go. On the heap
    /// each such tensor would break up the room that the next temporary needs: a large model's keys and values, of 600
    /// MB, made it grow by two gigabytes. The memory goes back to the system with the last view of the tensor.
    /// </summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="type">Element type.</param>
    public static torch.Tensor Zeros(long[] shape, torch.ScalarType type)
    {
        nuint bytes = (nuint)(shape.Aggregate(1L, (n, s) => n * s) * SafeTensorsTypes.SizeOf(type)) + Alignment;
        byte* start = Allocate(bytes);
        if (!HasPages(bytes))
        {
            NativeMemory.Clear(start, bytes);
        }

        *(nuint*)start = bytes; // for who frees it, who is told the place of the numbers alone
        return TorchNative.FromMemory((nint)(start + Alignment), type, shape, &FreeNumbers);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void FreeNumbers(nint numbers)
    {
        byte* start = (byte*)numbers - Alignment;
        Free(start, *(nuint*)start);
    }

    /// <summary>
    /// Has the pages of a mapped file read from the disk, while the caller goes on. They are then in the system's
    /// cache, not yet in the process.
    /// </summary>
    public static void ReadAhead(byte* start, nuint bytes) => Advise(start, bytes, WillNeed, whole: false);

    /// <summary>
    /// Brings pages into the process in one go instead of fault by fault; systems that cannot, fault.
    /// </summary>
    public static void Populate(byte* start, nuint bytes) => Advise(start, bytes, PopulateRead, whole: false);

    /// <summary>
    /// Takes the pages of a mapped file out of the process; reading them again brings them back. Whole pages only:
    /// neighbours keep theirs.
    /// </summary>
    public static void Release(byte* start, nuint bytes) => Advise(start, bytes, DoNotNeed, whole: true);

    private static bool HasPages(nuint bytes) => OperatingSystem.IsLinux() && bytes >= WorthPages;

    private static void Advise(byte* start, nuint bytes, int advice, bool whole)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        nuint page = (nuint)Environment.SystemPageSize,
            from = (nuint)start,
            end = from + bytes;
        (from, end) = whole ? ((from + page - 1) / page * page, end / page * page) : (from / page * page, end);
        if (end > from)
        {
            _ = madvise((nint)from, end - from, advice);
        }
    }

#pragma warning disable IDE1006, CA5392 // names of C
    [DllImport("libc", SetLastError = true)]
    private static extern nint mmap(nint address, nuint length, int protection, int flags, int file, nint offset);

    [DllImport("libc")]
    private static extern int munmap(nint address, nuint length);

    [DllImport("libc")]
    private static extern int madvise(nint address, nuint length, int advice);
#pragma warning restore IDE1006, CA5392
}
