using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>
/// The linear layer on the CPU by <see cref="PackedProduct"/>: weights as stored (bfloat16, float16, float32), sums in
/// float32. A row's bits are the same whatever the batch and the thread count. Forward only: gradients go through
/// <see cref="WidenedLinear"/> or <see cref="TorchLinear"/>.
/// </summary>
public sealed unsafe class PackedLinear : ILinear
{
    [ThreadStatic]
    private static int callerThreads;

    private readonly PackedWeights weights;
    private readonly float[]? bias; // [panels * columns], zero beyond out features

    /// <summary>Packs a copy of the weights.</summary>
    /// <param name="weight">[out, in] on the CPU; stays the caller's.</param>
    /// <param name="bias">[out] on the CPU, or null; stays the caller's.</param>
    public PackedLinear(torch.Tensor weight, torch.Tensor? bias)
        : this(weight, bias, PackedKernels.Best) { }

    /// <summary>Packs for a given kernel.</summary>
    internal PackedLinear(torch.Tensor weight, torch.Tensor? bias, PackedTile tile)
    {
        weights = new PackedWeights(weight, tile);
        if (bias is not null)
        {
            this.bias = new float[weights.Panels * weights.Columns];
            using torch.Tensor wide = bias.to(torch.ScalarType.Float32, copy: true);
            wide.data<float>().ToArray().CopyTo(this.bias, 0);
        }
    }

    /// <summary>
    /// Threads that <see cref="Forward"/> may use when called from the current thread; 0 (the start) = as many as
    /// libtorch. Workers that run side by side set 1.
    /// </summary>
    public static int Threads
    {
        get => callerThreads;
        set => callerThreads = value;
    }

    /// <inheritdoc/>
    public long InFeatures => weights.InFeatures;

    /// <inheritdoc/>
    public long OutFeatures => weights.OutFeatures;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">x wants gradients, is not float32 or not on the CPU.</exception>
    public torch.Tensor Forward(torch.Tensor x)
    {
        long[] shape = x.shape;
        if (
            x.dtype != torch.ScalarType.Float32
            || shape.Length == 0
            || shape[^1] != InFeatures
            || x.device_type != DeviceType.CPU
        )
        {
            throw new InvalidOperationException(
                $"a packed layer takes CPU float32 [..., {InFeatures}], not {x.dtype} [{string.Join(", ", shape)}]"
            );
        }

        if (torch.is_grad_enabled() && x.requires_grad)
        {
            throw new InvalidOperationException("a packed layer has no gradient: use LinearChoice.Torch");
        }

        int threads = callerThreads > 0 ? callerThreads : torch.get_num_threads();
        using torch.Tensor? copy = x.is_contiguous() ? null : x.contiguous();
        long rows = 1;
        for (int i = 0; i < shape.Length - 1; i++)
        {
            rows *= shape[i];
        }

        shape[^1] = OutFeatures;
        torch.Tensor y = torch.empty(shape, torch.ScalarType.Float32); // [..., out]
        fixed (float* shift = bias)
        {
            PackedProduct.Run(
                (float*)TorchNative.Pointer(copy ?? x),
                checked((int)rows),
                weights,
                shift,
                threads,
                (float*)TorchNative.Pointer(y)
            );
        }

        GC.KeepAlive(x);
        return y;
    }

    /// <summary>The weights in float32 [out, in], exactly as stored; a new tensor.</summary>
    public torch.Tensor Widened()
    {
        torch.Tensor wide = torch.empty([OutFeatures, InFeatures], torch.ScalarType.Float32);
        weights.Unpack((float*)TorchNative.Pointer(wide), callerThreads > 0 ? callerThreads : torch.get_num_threads());
        return wide;
    }

    /// <summary>The bias in float32 [out], a new tensor; null where there is none.</summary>
    public torch.Tensor? Bias => bias is null ? null : torch.tensor(bias[..(int)OutFeatures]);

    /// <inheritdoc/>
    public void Dispose() => weights.Dispose();
}
