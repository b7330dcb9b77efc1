using System.Runtime.CompilerServices;
using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>
/// A weight matrix [out, in] laid out for <see cref="PackedKernels"/>: panels of <see cref="PackedKernels.Columns"/>
/// output features, in each of them input feature after input feature, 64-byte aligned. Missing features of the last
/// panel are zero. The values are the stored ones, exactly.
/// </summary>
internal sealed unsafe class PackedWeights : IDisposable
{
    private const int BlockDepth = 32; // input features at a time: whole cache lines on both sides
    private byte* data;
    private nuint bytes;

    /// <summary>Packs a copy.</summary>
    /// <param name="weight">[out, in] on the CPU: bfloat16, float16 or float32; other types are packed as float32.
    /// Stays the caller's.</param>
    /// <param name="tile">Kernel to pack for.</param>
    public PackedWeights(torch.Tensor weight, PackedTile tile)
    {
        using torch.Tensor? converted = Contiguous(weight);
        torch.Tensor source = converted ?? weight;
        (OutFeatures, InFeatures, Tile) = (checked((int)weight.shape[0]), checked((int)weight.shape[1]), tile);
        Columns = PackedKernels.Columns(tile);
        Format = source.dtype switch
        {
            torch.ScalarType.BFloat16 => PackedFormat.BFloat16,
            torch.ScalarType.Float16 => PackedFormat.Float16,
            _ => PackedFormat.Float32,
        };
        Size = Format == PackedFormat.Float32 ? 4 : 2;
        Allocate();
        if (!Pack(TorchNative.Pointer(source)))
        {
            Free();
            (Format, Size) = (PackedFormat.Float32, 4);
            Allocate();
            using torch.Tensor wide = source.to(torch.ScalarType.Float32);
            Pack(TorchNative.Pointer(wide));
        }

        GC.KeepAlive(source);
    }

    /// <summary>Frees the memory where nobody disposed.</summary>
    ~PackedWeights() => Free();

    /// <summary>Rows of the matrix.</summary>
    public int OutFeatures { get; }

    /// <summary>Columns of the matrix.</summary>
    public int InFeatures { get; }

    /// <summary>Kernel it is packed for.</summary>
    public PackedTile Tile { get; }

    /// <summary>How a weight is stored.</summary>
    public PackedFormat Format { get; }

    /// <summary>Output features a panel.</summary>
    public int Columns { get; }

    /// <summary>Number of panels.</summary>
    public int Panels => (OutFeatures + Columns - 1) / Columns;

    /// <summary>Bytes a weight.</summary>
    public int Size { get; }

    private nint PanelBytes => (nint)InFeatures * Columns * Size;

    /// <summary>First byte of an input feature's row in a panel.</summary>
    public byte* At(int panel, int inFeature)
    {
        ObjectDisposedException.ThrowIf(data == null, this);
        return data + panel * PanelBytes + (nint)inFeature * Columns * Size;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Allocate()
    {
        bytes = (nuint)Panels * (nuint)PanelBytes;
        data = NativePages.Allocate(bytes);
    }

    private void Free()
    {
        NativePages.Free(data, bytes);
        data = null;
    }

    /// <summary>What must be converted or copied before packing; null where the tensor itself will do.</summary>
    private static torch.Tensor? Contiguous(torch.Tensor weight) =>
        weight.dtype switch
        {
            torch.ScalarType.BFloat16 or torch.ScalarType.Float16 or torch.ScalarType.Float32 => weight.is_contiguous()
                ? null
                : weight.contiguous(),
            _ => weight.to(torch.ScalarType.Float32).contiguous(),
        };

    /// <summary>Lays out all panels.</summary>
    /// <param name="source">[out, in], of the format's own type.</param>
    /// <returns>false where a float16 has no code: nothing is of use then.</returns>
    private bool Pack(nint source) =>
        Parallel
            .For(
                0,
                Panels,
                (panel, state) =>
                {
                    if (!PackPanel((byte*)source, panel))
                    {
                        state.Stop();
                    }
                }
            )
            .IsCompleted;

    private bool PackPanel(byte* source, int panel)
    {
        int rows = Math.Min(Columns, OutFeatures - panel * Columns);
        byte* from = source + panel * PanelBytes;
        nint count = (nint)rows * InFeatures;
        NativePages.Populate(from, (nuint)(count * Size));
        switch (Format)
        {
            case PackedFormat.Float32:
                PackPanel((float*)source, panel);
                return true;
            case PackedFormat.BFloat16:
                PackPanel((ushort*)source, panel, encode: false);
                return true;
            default:
                // Panel by panel: what was looked at is still in the second-level cache when it is packed
                if (!Float16Weights.HaveCodes(new ReadOnlySpan<ushort>(from, checked((int)count))))
                {
                    return false;
                }

                PackPanel((ushort*)source, panel, encode: true);
                return true;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackPanel(float* source, int panel)
    {
        float* target = (float*)At(panel, 0);
        for (int first = 0; first < InFeatures; first += BlockDepth)
        {
            int last = Math.Min(InFeatures, first + BlockDepth);
            for (int j = 0; j < Columns; j++)
            {
                int row = panel * Columns + j;
                float* from = source + (nint)row * InFeatures;
                for (int i = first; i < last; i++)
                {
                    target[(nint)i * Columns + j] = row < OutFeatures ? from[i] : 0;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackPanel(ushort* source, int panel, bool encode)
    {
        uint* target = (uint*)At(panel, 0);
        int half = Columns / 2;
        ushort* zeros = stackalloc ushort[BlockDepth];
        new Span<ushort>(zeros, BlockDepth).Clear();
        bool isWhole = (panel + 1) * Columns <= OutFeatures;
        int packed = isWhole
            ? PanelPacking.Pack(Tile, source + (nint)panel * Columns * InFeatures, InFeatures, encode, target)
            : 0;
        for (int first = packed; first < InFeatures; first += BlockDepth)
        {
            int count = Math.Min(InFeatures - first, BlockDepth);
            for (int j = 0; j < half; j++)
            {
                // features j and j + half share a word
                int low = panel * Columns + j,
                    high = low + half;
                ushort* lows = low < OutFeatures ? source + (nint)low * InFeatures + first : zeros;
                ushort* highs = high < OutFeatures ? source + (nint)high * InFeatures + first : zeros;
                uint* words = target + (nint)first * half + j;
                for (int i = 0; i < count; i++, words += half)
                {
                    *words = encode
                        ? Float16Weights.Encode(lows[i]) | (uint)Float16Weights.Encode(highs[i]) << 16
                        : lows[i] | (uint)highs[i] << 16;
                }
            }
        }
    }
}

/// <summary>How packed weights are stored.</summary>
internal enum PackedFormat
{
    /// <summary><see cref="Float32Weights"/>.</summary>
    Float32,

    /// <summary><see cref="BFloat16Weights"/>.</summary>
    BFloat16,

    /// <summary><see cref="Float16Weights"/>.</summary>
    Float16,
}
