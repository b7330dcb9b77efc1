namespace Pipelines.Models.Vision;

/// <summary>Filter of a resize.</summary>
public enum ResizeFilter
{
    /// <summary>Triangle, support 1.</summary>
    Bilinear,

    /// <summary>Cubic with a = -0.5, support 2.</summary>
    Bicubic,

    /// <summary>Windowed sinc, support 3.</summary>
    Lanczos,
}

/// <summary>
/// <c>PIL.Image.resize</c> to the bit: antialiased separable filter, weights of 22 bits, the horizontal pass first and
/// rounded to bytes (Pillow up to 12, with which the published models were run; Pillow 13 sometimes runs the vertical
/// pass first). A pass that keeps the size is skipped.
/// </summary>
public static class PilResize
{
    private const int WeightBits = 22;

    /// <summary>Resizes a whole picture.</summary>
    public static Picture Resize(Picture picture, int width, int height, ResizeFilter filter = ResizeFilter.Bicubic) =>
        ResizeCrop(picture, width, height, 0, 0, width, height, filter);

    /// <summary>
    /// Part of a resized picture; only what it needs is computed, so that a long narrow picture costs no more than
    /// another.
    /// </summary>
    /// <param name="picture">The source.</param>
    /// <param name="width">Columns of the whole resized picture.</param>
    /// <param name="height">Rows of the whole resized picture.</param>
    /// <param name="left">First column kept.</param>
    /// <param name="top">First row kept.</param>
    /// <param name="keptWidth">Columns kept.</param>
    /// <param name="keptHeight">Rows kept.</param>
    /// <param name="filter">The filter.</param>
    public static Picture ResizeCrop(
        Picture picture,
        int width,
        int height,
        int left,
        int top,
        int keptWidth,
        int keptHeight,
        ResizeFilter filter
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        var rows = Taps.Of(picture.Height, height, top, keptHeight, filter);
        var rowRange = (First: rows.First, Count: rows.End - rows.First);
        var narrowed =
            width == picture.Width
                ? picture.Crop(left, rowRange.First, keptWidth, rowRange.Count)
                : Horizontal(
                    picture,
                    rowRange.First,
                    rowRange.Count,
                    Taps.Of(picture.Width, width, left, keptWidth, filter)
                );
        return height == picture.Height ? narrowed : Vertical(narrowed, rows);
    }

    /// <summary>out[y, x] = sum over t of weight[x, t] in[firstRow + y, start[x] + t].</summary>
    private static Picture Horizontal(Picture picture, int firstRow, int rowCount, Taps taps)
    {
        byte[] rgb = new byte[3L * taps.Count * rowCount];
        for (int y = 0; y < rowCount; y++)
        {
            var source = picture.Rgb.AsSpan(3 * (firstRow + y) * picture.Width, 3 * picture.Width);
            var target = rgb.AsSpan(3 * y * taps.Count, 3 * taps.Count);
            for (int x = 0; x < taps.Count; x++)
            {
                int red = 1 << (WeightBits - 1),
                    green = red,
                    blue = red,
                    at = 3 * taps.Start[x];
                foreach (int weight in taps.WeightsOf(x))
                {
                    red += source[at] * weight;
                    green += source[at + 1] * weight;
                    blue += source[at + 2] * weight;
                    at += 3;
                }

                target[3 * x] = Clamped(red);
                target[(3 * x) + 1] = Clamped(green);
                target[(3 * x) + 2] = Clamped(blue);
            }
        }

        return new Picture(taps.Count, rowCount, rgb);
    }

    /// <summary>
    /// out[y, x] = sum over t of weight[y, t] in[start[y] + t, x]; the source begins at row <see cref="Taps.First"/>.
    /// </summary>
    private static Picture Vertical(Picture picture, Taps taps)
    {
        int stride = 3 * picture.Width;
        byte[] rgb = new byte[(long)stride * taps.Count];
        int[] sums = new int[stride];
        for (int y = 0; y < taps.Count; y++)
        {
            Array.Fill(sums, 1 << (WeightBits - 1));
            int row = taps.Start[y] - taps.First;
            foreach (int weight in taps.WeightsOf(y))
            {
                var source = picture.Rgb.AsSpan(stride * row++, stride);
                for (int i = 0; i < sums.Length; i++)
                {
                    sums[i] += source[i] * weight;
                }
            }

            var target = rgb.AsSpan(stride * y, stride);
            for (int i = 0; i < target.Length; i++)
            {
                target[i] = Clamped(sums[i]);
            }
        }

        return new Picture(picture.Width, taps.Count, rgb);
    }

    private static byte Clamped(int sum) => (byte)Math.Clamp(sum >> WeightBits, 0, 255);

    /// <summary>For each output position kept, the input positions that it sums and their weights.</summary>
    private sealed class Taps
    {
        private readonly int[] _weights;
        private readonly int[] _length;
        private readonly int _stride;

        private Taps(int count, int stride)
        {
            Start = new int[count];
            _length = new int[count];
            _weights = new int[checked(count * stride)];
            _stride = stride;
        }

        /// <summary>Output positions.</summary>
        public int Count => Start.Length;

        /// <summary>First input position of each output position.</summary>
        public int[] Start { get; }

        /// <summary>First input position of all.</summary>
        public int First => Start[0];

        /// <summary>Behind the last input position of all.</summary>
        public int End => Start[^1] + _length[^1];

        public ReadOnlySpan<int> WeightsOf(int output) => _weights.AsSpan(output * _stride, _length[output]);

        /// <summary>Weights for outputs first … first + count - 1 of <paramref name="size"/>.</summary>
        public static Taps Of(int inputSize, int size, int first, int count, ResizeFilter filter)
        {
            if (size == inputSize)
            {
                return Identity(first, count);
            }

            double scale = (double)inputSize / size,
                filterScale = Math.Max(scale, 1),
                support = SupportOf(filter) * filterScale;
            var taps = new Taps(count, ((int)Math.Ceiling(support) * 2) + 1);
            Span<double> weights = new double[taps._stride];
            for (int i = 0; i < count; i++)
            {
                double center = (first + i + 0.5) * scale,
                    sum = 0;
                int start = Math.Max(0, (int)(center - support + 0.5));
                int length = Math.Min(inputSize, (int)(center + support + 0.5)) - start;
                for (int t = 0; t < length; t++)
                {
                    weights[t] = Weight(filter, (t + start - center + 0.5) * (1 / filterScale));
                    sum += weights[t];
                }

                taps.Start[i] = start;
                taps._length[i] = length;
                for (int t = 0; t < length; t++)
                {
                    double scaled = (sum != 0 ? weights[t] / sum : weights[t]) * (1 << WeightBits);
                    taps._weights[(i * taps._stride) + t] = (int)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
                }
            }

            return taps;
        }

        private static Taps Identity(int first, int count)
        {
            var taps = new Taps(count, 1);
            for (int i = 0; i < count; i++)
            {
                (taps.Start[i], taps._length[i], taps._weights[i]) = (first + i, 1, 1 << WeightBits);
            }

            return taps;
        }

        private static double SupportOf(ResizeFilter filter) =>
            filter switch
            {
                ResizeFilter.Bilinear => 1,
                ResizeFilter.Bicubic => 2,
                _ => 3,
            };

        private static double Weight(ResizeFilter filter, double x)
        {
            const double A = -0.5;
            double distance = Math.Abs(x);
            return filter switch
            {
                ResizeFilter.Bilinear => distance < 1 ? 1 - distance : 0,
                ResizeFilter.Bicubic when distance < 1 => (((A + 2) * distance) - (A + 3)) * distance * distance + 1,
                ResizeFilter.Bicubic => distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * A : 0,
                _ => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0,
            };
        }

        private static double Sinc(double x)
        {
            x *= Math.PI;
            return x == 0 ? 1 : Math.Sin(x) / x;
        }
    }
}
