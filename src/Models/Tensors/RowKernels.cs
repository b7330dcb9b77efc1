using System.Runtime.Intrinsics;
using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>
/// What stands between the packed layers of a decoder, row by row on the CPU in float32. libtorch computes the last
/// elements of a tensor by other code than the rest, so that a row's bits depend on where it lies in the batch; here
/// they depend on the row alone. Written with 512-bit vectors, which the runtime splits where the processor has shorter
/// ones; products and sums are fused where it can.
/// </summary>
internal static unsafe class RowKernels
{
    /// <summary>Floats of a vector.</summary>
    public const int Width = 16;

    private const long WorthAThread = 1 << 20; // elements

    /// <summary>sqrt(2 / pi), the factor of x inside the tanh of <see cref="GeGlu"/>.</summary>
    internal const double TanhLinear = 0.79788456080286535588;

    /// <summary>sqrt(2 / pi) * 0.044715, that of x^3.</summary>
    internal const double TanhCubic = 0.044715 * TanhLinear;

    /// <summary>y = x / sqrt(mean(x^2) + eps) * weight, row by row.</summary>
    /// <param name="x">[..., columns] float32 on the CPU.</param>
    /// <param name="weight">[columns].</param>
    /// <param name="epsilon">Added to the mean square.</param>
    /// <returns>[..., columns].</returns>
    public static torch.Tensor RmsNorm(torch.Tensor x, torch.Tensor weight, double epsilon)
    {
        using torch.Tensor rows = x.contiguous();
        torch.Tensor y = torch.empty(x.shape, torch.ScalarType.Float32);
        float* from = (float*)TorchNative.Pointer(rows),
            scale = (float*)TorchNative.Pointer(weight),
            to = (float*)TorchNative.Pointer(y);
        int columns = (int)x.shape[^1];
        EachRow(x.numel(), columns, row =>
            NormRow(from + (row * columns), scale, columns, epsilon, to + (row * columns))
        );
        GC.KeepAlive(weight);
        return y;
    }

    /// <summary>SwiGLU's middle: silu(gate) * up.</summary>
    /// <param name="gate">[rows, columns] float32 on the CPU.</param>
    /// <param name="up">[rows, columns].</param>
    /// <returns>[rows, columns].</returns>
    public static torch.Tensor SwiGlu(torch.Tensor gate, torch.Tensor up) => Gated<SiluGate>(gate, up);

    /// <summary>GeGLU's middle with gelu_pytorch_tanh: gelu(gate) * up.</summary>
    /// <inheritdoc cref="SwiGlu"/>
    public static torch.Tensor GeGlu(torch.Tensor gate, torch.Tensor up) => Gated<GeluTanhGate>(gate, up);

    /// <summary>The middle of a gated MLP: act(gate) * up.</summary>
    private static torch.Tensor Gated<TGate>(torch.Tensor gate, torch.Tensor up)
        where TGate : struct, IGate
    {
        using torch.Tensor gates = gate.contiguous();
        using torch.Tensor ups = up.contiguous();
        torch.Tensor y = torch.empty(gate.shape, torch.ScalarType.Float32);
        float* a = (float*)TorchNative.Pointer(gates),
            b = (float*)TorchNative.Pointer(ups),
            to = (float*)TorchNative.Pointer(y);
        int columns = (int)gate.shape[^1];
        EachRow(gate.numel(), columns, i =>
            GatedRow<TGate>(a + (i * columns), b + (i * columns), columns, to + (i * columns))
        );
        return y;
    }

    /// <summary>log softmax of one element a row: its value minus the log of the row's sum of exponentials.</summary>
    /// <param name="x">[rows, columns] float32 on the CPU, contiguous.</param>
    /// <param name="elements">Which element, a row.</param>
    /// <returns>One a row; not a number where any of the row's is not finite.</returns>
    public static double[] LogSoftmax(torch.Tensor x, int[] elements)
    {
        float* from = (float*)TorchNative.Pointer(x);
        int columns = (int)x.shape[^1];
        double[] logs = new double[elements.Length];
        EachRow(x.numel(), columns, row =>
        {
            float* values = from + (row * columns);
            logs[row] = values[elements[row]] - LogSumExp(values, columns);
        });
        GC.KeepAlive(x);
        return logs;
    }

    /// <summary>
    /// exp of numbers not above 0, to 2 units in the last place; below -87.3 (the smallest normal result) it gives 0.
    /// Cephes' expf.
    /// </summary>
    public static Vector512<float> Exp(Vector512<float> x)
    {
        var lowest = Vector512.Create(-87.3f);
        Vector512<float> bounded = Vector512.MaxNative(x, lowest);
        Vector512<float> n = Vector512.Floor(
            Vector512.MultiplyAddEstimate(bounded, Vector512.Create(1.44269504088896341f), Vector512.Create(0.5f))
        ); // x = n ln 2 + r
        Vector512<float> r = Vector512.MultiplyAddEstimate(n, Vector512.Create(-0.693359375f), bounded);
        r = Vector512.MultiplyAddEstimate(n, Vector512.Create(2.12194440e-4f), r);
        var p = Vector512.Create(1.9875691500e-4f);
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(1.3981999507e-3f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(5.0000001201e-1f));
        p = Vector512.MultiplyAddEstimate(p, r * r, r + Vector512<float>.One);
        Vector512<float> power = Vector512
            .ShiftLeft(Vector512.ConvertToInt32Native(n) + Vector512.Create(127), 23)
            .AsSingle(); // 2^n
        return Vector512.ConditionalSelect(Vector512.LessThan(x, lowest), default, p * power);
    }

    private static void NormRow(float* x, float* weight, int columns, double epsilon, float* y)
    {
        Vector512<float> squares = default;
        int j = 0;
        for (; j <= columns - Width; j += Width)
        {
            Vector512<float> v = Vector512.Load(x + j);
            squares = Vector512.MultiplyAddEstimate(v, v, squares);
        }

        double sum = Vector512.Sum(squares);
        for (; j < columns; j++)
        {
            sum += x[j] * x[j];
        }

        float factor = (float)(1 / Math.Sqrt((sum / columns) + epsilon));
        for (j = 0; j <= columns - Width; j += Width)
        {
            (Vector512.Load(x + j) * factor * Vector512.Load(weight + j)).Store(y + j);
        }

        for (; j < columns; j++)
        {
            y[j] = x[j] * factor * weight[j];
        }
    }

    private static void GatedRow<TGate>(float* gate, float* up, int columns, float* y)
        where TGate : struct, IGate
    {
        int j = 0;
        for (; j <= columns - Width; j += Width)
        {
            (TGate.Of(Vector512.Load(gate + j)) * Vector512.Load(up + j)).Store(y + j);
        }

        if (j < columns)
        {
            float* rest = stackalloc float[2 * Width]; // the same arithmetic, so that all columns are rounded alike
            new Span<float>(rest, 2 * Width).Clear();
            new ReadOnlySpan<float>(gate + j, columns - j).CopyTo(new Span<float>(rest, Width));
            new ReadOnlySpan<float>(up + j, columns - j).CopyTo(new Span<float>(rest + Width, Width));
            (TGate.Of(Vector512.Load(rest)) * Vector512.Load(rest + Width)).Store(rest);
            new ReadOnlySpan<float>(rest, columns - j).CopyTo(new Span<float>(y + j, columns - j));
        }
    }

    /// <summary>x / (1 + exp(-x)), without overflow on either side.</summary>
    private static Vector512<float> Silu(Vector512<float> x) => TimesSigmoid(x, x);

    /// <summary>x / (1 + exp(-2 u)) with u = sqrt(2 / pi) (x + 0.044715 x^3): x (1 + tanh u) / 2.</summary>
    private static Vector512<float> GeluTanh(Vector512<float> x)
    {
        Vector512<float> factor = Vector512.MultiplyAddEstimate(
            x * x,
            Vector512.Create((float)(2 * TanhCubic)),
            Vector512.Create((float)(2 * TanhLinear))
        );
        return TimesSigmoid(x, x * factor);
    }

    /// <summary>x * sigmoid(z), z of the sign of x, without overflow on either side.</summary>
    private static Vector512<float> TimesSigmoid(Vector512<float> x, Vector512<float> z)
    {
        Vector512<float> e = Exp(-Vector512.Abs(z));
        Vector512<float> numerator = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(x, default), x, x * e);
        return numerator / (Vector512<float>.One + e);
    }

    /// <summary>
    /// log sum_j exp(x_j): exponentials of the distance to the largest in float32, summed in float64, so that the sum's
    /// error does not grow with the vocabulary.
    /// </summary>
    public static double LogSumExp(float* x, int columns)
    {
        int whole = columns - (columns % Width);
        float* rest = stackalloc float[Width]; // minus infinity adds nothing
        new Span<float>(rest, Width).Fill(float.NegativeInfinity);
        new ReadOnlySpan<float>(x + whole, columns - whole).CopyTo(new Span<float>(rest, Width));
        Vector512<float> largest = Vector512.Load(rest);
        Vector512<float> odd = default; // x - x: 0, or not a number where x is not finite
        for (int j = 0; j < whole; j += Width)
        {
            Vector512<float> v = Vector512.Load(x + j);
            largest = Vector512.MaxNative(largest, v);
            odd += v - v;
        }

        float most = float.NegativeInfinity,
            odds = Vector512.Sum(odd);
        for (int i = 0; i < Width; i++)
        {
            most = Math.Max(most, largest[i]);
        }

        for (int j = whole; j < columns; j++)
        {
            odds += x[j] - x[j];
        }

        var shift = Vector512.Create(most);
        Vector512<double> sum = default;
        for (int j = 0; j < whole; j += Width)
        {
            sum = Added(sum, Exp(Vector512.Load(x + j) - shift));
        }

        sum = Added(sum, Exp(Vector512.Load(rest) - shift));
        return most + Math.Log(Vector512.Sum(sum)) + odds;

        static Vector512<double> Added(Vector512<double> sum, Vector512<float> values)
        {
            (Vector512<double> low, Vector512<double> high) = Vector512.Widen(values);
            return sum + (low + high);
        }
    }

    /// <summary>Calls for each row, on so many threads as the elements are worth.</summary>
    public static void EachRow(long elements, int columns, Action<long> row)
    {
        long rows = columns == 0 ? 0 : elements / columns;
        int threads = (int)Math.Clamp(elements / WorthAThread, 1, PackedLinear.ThreadsHere);
        if (threads == 1)
        {
            for (long r = 0; r < rows; r++)
            {
                row(r);
            }
        }
        else
        {
            Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, part =>
            {
                for (long r = rows * part / threads; r < rows * (part + 1) / threads; r++)
                {
                    row(r);
                }
            });
        }
    }

    /// <summary>The activation of a gate: a type, so that the row's loop is compiled for each.</summary>
    private interface IGate
    {
        static abstract Vector512<float> Of(Vector512<float> x);
    }

    private readonly struct SiluGate : IGate
    {
        public static Vector512<float> Of(Vector512<float> x) => Silu(x);
    }

    private readonly struct GeluTanhGate : IGate
    {
        public static Vector512<float> Of(Vector512<float> x) => GeluTanh(x);
    }
}
