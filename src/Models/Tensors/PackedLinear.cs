using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>
/// The linear layer on the CPU by <see cref="PackedProduct"/>: weights as stored (bfloat16, float16, float32), sums in
/// float32. A row's bits are the same whatever the batch and the thread count, on the way forward and back. libtorch's
/// autograd does not see through it: a pass that wants gradients goes back layer by layer (<see cref="Backward"/>).
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

    /// <summary>Threads that work of this thread may use: <see cref="Threads"/>, or as many as libtorch.</summary>
    internal static int ThreadsHere => callerThreads > 0 ? callerThreads : torch.get_num_threads();

    /// <inheritdoc/>
    public long InFeatures => weights.InFeatures;

    /// <inheritdoc/>
    public long OutFeatures => weights.OutFeatures;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">x wants gradients, is not float32 or not on the CPU.</exception>
    public torch.Tensor Forward(torch.Tensor x)
    {
        if (torch.is_grad_enabled() && x.requires_grad)
        {
            throw new InvalidOperationException(
                "autograd does not see through a packed layer: its gradients go by Backward"
            );
        }

        fixed (float* shift = bias)
        {
            float* added = shift; // a fixed local cannot be captured
            return Product(x, InFeatures, OutFeatures, (from, rows, threads, to) =>
                PackedProduct.Run(from, rows, weights, added, threads, to)
            );
        }
    }

    /// <summary>The way back: slope W, what a slope in y is in x.</summary>
    /// <param name="slope">[..., <see cref="OutFeatures"/>].</param>
    /// <returns>[..., <see cref="InFeatures"/>], owned by the caller's dispose scope.</returns>
    /// <exception cref="InvalidOperationException">The slope is not float32 or not on the CPU.</exception>
    public torch.Tensor Backward(torch.Tensor slope) =>
        Product(slope, OutFeatures, InFeatures, (from, rows, threads, to) =>
            PackedProduct.RunBack(from, rows, weights, threads, to)
        );

    private delegate void ProductOfRows(float* from, int rows, int threads, float* to);

    private static torch.Tensor Product(torch.Tensor x, long features, long width, ProductOfRows product)
    {
        long[] shape = x.shape;
        if (
            x.dtype != torch.ScalarType.Float32
            || shape.Length == 0
            || shape[^1] != features
            || x.device_type != DeviceType.CPU
        )
        {
            throw new InvalidOperationException(
                $"a packed layer takes CPU float32 [..., {features}], not {x.dtype} [{string.Join(", ", shape)}]"
            );
        }

        int threads = ThreadsHere;
        using torch.Tensor? copy = x.is_contiguous() ? null : x.contiguous();
        long rows = 1;
        for (int i = 0; i < shape.Length - 1; i++)
        {
            rows *= shape[i];
        }

        shape[^1] = width;
        torch.Tensor y = torch.empty(shape, torch.ScalarType.Float32); // [..., width]
        product((float*)TorchNative.Pointer(copy ?? x), checked((int)rows), threads, (float*)TorchNative.Pointer(y));
        GC.KeepAlive(x);
        return y;
    }

    /// <inheritdoc/>
    public void Dispose() => weights.Dispose();
}
