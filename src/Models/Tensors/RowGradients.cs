using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>
/// The way back through what <see cref="RowKernels"/> computes, row by row on the CPU in float32: a row's bits depend
/// on the row alone.
/// </summary>
internal static unsafe class RowGradients
{
    private const int Width = RowKernels.Width;

    /// <summary>
    /// Of y = x r w with r = 1 / sqrt(mean(x^2) + eps): dx = r w dy - x r^3 sum(x w dy) / columns. Sums are double.
    /// </summary>
    /// <param name="x">[rows, columns] float32, what was normed.</param>
    /// <param name="weight">[columns].</param>
    /// <param name="epsilon">Added to the mean square.</param>
    /// <param name="slope">[rows, columns], dy.</param>
    /// <returns>[rows, columns], dx.</returns>
    public static torch.Tensor RmsNorm(torch.Tensor x, torch.Tensor weight, double epsilon, torch.Tensor slope)
    {
        using torch.Tensor rows = x.contiguous();
        using torch.Tensor slopes = slope.contiguous();
        torch.Tensor gradient = torch.empty(x.shape, torch.ScalarType.Float32);
        float* from = (float*)TorchNative.Pointer(rows),
            scale = (float*)TorchNative.Pointer(weight),
            down = (float*)TorchNative.Pointer(slopes),
            to = (float*)TorchNative.Pointer(gradient);
        int columns = (int)x.shape[^1];
        RowKernels.EachRow(x.numel(), columns, row =>
        {
            long start = row * columns;
            NormRow(from + start, scale, columns, epsilon, down + start, to + start);
        });
        GC.KeepAlive(weight);
        return gradient;
    }

    /// <summary>Of y = act(gate) * up.</summary>
    /// <param name="gate">[rows, columns] float32.</param>
    /// <param name="up">[rows, columns].</param>
    /// <param name="slope">[rows, columns], dy.</param>
    /// <param name="activation">act.</param>
    /// <returns>[rows, columns] each.</returns>
    public static (torch.Tensor Gate, torch.Tensor Up) Gated(
        torch.Tensor gate,
        torch.Tensor up,
        torch.Tensor slope,
        GateActivation activation
    ) => activation == GateActivation.Silu ? Gated<Silu>(gate, up, slope) : Gated<GeluTanh>(gate, up, slope);

    /// <summary>Of the log softmax of one element a row: one at the element, less every element's softmax.</summary>
    /// <param name="x">[rows, columns] float32, contiguous; replaced by the slopes.</param>
    /// <param name="elements">Which element, a row.</param>
    public static void LogSoftmax(torch.Tensor x, int[] elements)
    {
        float* values = (float*)TorchNative.Pointer(x);
        int columns = (int)x.shape[^1];
        RowKernels.EachRow(x.numel(), columns, row =>
        {
            float* start = values + (row * columns);
            float sum = (float)RowKernels.LogSumExp(start, columns);
            var all = new Span<float>(start, columns);
            TensorPrimitives.Subtract(all, sum, all);
            TensorPrimitives.Exp(all, all);
            TensorPrimitives.Negate(all, all);
            all[elements[row]] += 1;
        });
        GC.KeepAlive(x);
    }

    private static (torch.Tensor Gate, torch.Tensor Up) Gated<TGate>(
        torch.Tensor gate,
        torch.Tensor up,
        torch.Tensor slope
    )
        where TGate : struct, IGate
    {
        using torch.Tensor gates = gate.contiguous();
        using torch.Tensor ups = up.contiguous();
        using torch.Tensor slopes = slope.contiguous();
        torch.Tensor ofGate = torch.empty(gate.shape, torch.ScalarType.Float32),
            ofUp = torch.empty(gate.shape, torch.ScalarType.Float32);
        float* x = (float*)TorchNative.Pointer(gates),
            u = (float*)TorchNative.Pointer(ups),
            down = (float*)TorchNative.Pointer(slopes),
            toGate = (float*)TorchNative.Pointer(ofGate),
            toUp = (float*)TorchNative.Pointer(ofUp);
        int columns = (int)gate.shape[^1];
        RowKernels.EachRow(gate.numel(), columns, row =>
        {
            long start = row * columns;
            GatedRow<TGate>(x + start, u + start, down + start, columns, toGate + start, toUp + start);
        });
        return (ofGate, ofUp);
    }

    private static void NormRow(float* x, float* weight, int columns, double epsilon, float* slope, float* gradient)
    {
        Vector512<float> squares = default,
            products = default;
        int j = 0;
        for (; j <= columns - Width; j += Width)
        {
            Vector512<float> v = Vector512.Load(x + j),
                pulled = Vector512.Load(weight + j) * Vector512.Load(slope + j);
            squares = Vector512.MultiplyAddEstimate(v, v, squares);
            products = Vector512.MultiplyAddEstimate(v, pulled, products);
        }

        double square = Vector512.Sum(squares),
            product = Vector512.Sum(products);
        for (; j < columns; j++)
        {
            square += x[j] * x[j];
            product += x[j] * (weight[j] * slope[j]);
        }

        double inverse = 1 / Math.Sqrt((square / columns) + epsilon);
        float factor = (float)inverse,
            pull = (float)(-inverse * inverse * inverse * product / columns);
        for (j = 0; j <= columns - Width; j += Width)
        {
            Vector512<float> straight = Vector512.Load(weight + j) * Vector512.Load(slope + j) * factor;
            (straight + (Vector512.Load(x + j) * pull)).Store(gradient + j);
        }

        for (; j < columns; j++)
        {
            gradient[j] = (weight[j] * slope[j] * factor) + (x[j] * pull);
        }
    }

    private static void GatedRow<TGate>(float* gate, float* up, float* slope, int columns, float* ofGate, float* ofUp)
        where TGate : struct, IGate
    {
        int j = 0;
        for (; j <= columns - Width; j += Width)
        {
            GatedVector<TGate>(gate + j, up + j, slope + j, ofGate + j, ofUp + j);
        }

        if (j < columns)
        {
            // The same arithmetic, so that all columns are rounded alike
            float* rest = stackalloc float[5 * Width];
            new Span<float>(rest, 5 * Width).Clear();
            int bytes = (columns - j) * sizeof(float);
            Buffer.MemoryCopy(gate + j, rest, bytes, bytes);
            Buffer.MemoryCopy(up + j, rest + Width, bytes, bytes);
            Buffer.MemoryCopy(slope + j, rest + (2 * Width), bytes, bytes);
            GatedVector<TGate>(rest, rest + Width, rest + (2 * Width), rest + (3 * Width), rest + (4 * Width));
            Buffer.MemoryCopy(rest + (3 * Width), ofGate + j, bytes, bytes);
            Buffer.MemoryCopy(rest + (4 * Width), ofUp + j, bytes, bytes);
        }
    }

    /// <summary>act(x) = x s(z) with the logistic s: act' = s + x s (1 - s) z'.</summary>
    private static void GatedVector<TGate>(float* gate, float* up, float* slope, float* ofGate, float* ofUp)
        where TGate : struct, IGate
    {
        Vector512<float> x = Vector512.Load(gate),
            dy = Vector512.Load(slope);
        (Vector512<float> z, Vector512<float> steepness) = TGate.Inner(x);
        Vector512<float> e = RowKernels.Exp(-Vector512.Abs(z));
        Vector512<float> smaller = e / (Vector512<float>.One + e); // s(-|z|)
        Vector512<float> larger = Vector512<float>.One / (Vector512<float>.One + e);
        Vector512<float> open = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(z, default), larger, smaller);
        Vector512<float> derivative = Vector512.MultiplyAddEstimate(x * steepness, smaller * larger, open);
        (dy * Vector512.Load(up) * derivative).Store(ofGate);
        (dy * (x * open)).Store(ofUp);
    }

    /// <summary>What stands inside the logistic function of an activation.</summary>
    private interface IGate
    {
        /// <summary>z and dz/dx.</summary>
        static abstract (Vector512<float> Value, Vector512<float> Slope) Inner(Vector512<float> x);
    }

    /// <summary>z = x.</summary>
    private readonly struct Silu : IGate
    {
        public static (Vector512<float> Value, Vector512<float> Slope) Inner(Vector512<float> x) =>
            (x, Vector512<float>.One);
    }

    /// <summary>z = 2 sqrt(2 / pi) (x + 0.044715 x^3).</summary>
    private readonly struct GeluTanh : IGate
    {
        public static (Vector512<float> Value, Vector512<float> Slope) Inner(Vector512<float> x)
        {
            Vector512<float> square = x * x,
                linear = Vector512.Create((float)(2 * RowKernels.TanhLinear)),
                cubic = Vector512.Create((float)(2 * RowKernels.TanhCubic));
            return (
                x * Vector512.MultiplyAddEstimate(square, cubic, linear),
                Vector512.MultiplyAddEstimate(square, cubic * 3, linear)
            );
        }
    }
}
