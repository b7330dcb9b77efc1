namespace Pipelines.Models.Vision;

/// <summary>What a family's preprocessing makes of a picture: the numbers that enter the vision tower.</summary>
/// <param name="Values">Normalised values, row-major.</param>
/// <param name="Shape">[tiles, 3, height, width]; Qwen's families: [patches, 3 * 2 * p * p].</param>
public sealed record Pixels(float[] Values, int[] Shape);

/// <summary>From bytes to normalised values: one table of 256 floats a channel.</summary>
public sealed class PixelScale
{
    private readonly float[][] _values;

    private PixelScale(Func<int, double, double, float> value, IReadOnlyList<double> mean, IReadOnlyList<double> std) =>
        _values = [
            .. Enumerable
                .Range(0, 3)
                .Select(c => Enumerable.Range(0, 256).Select(u => value(u, mean[c], std[c])).ToArray()),
        ];

    /// <summary>
    /// As transformers computes: ((float)(u * factor) - (float)mean) / (float)std, the product in double.
    /// </summary>
    public static PixelScale Transformers(double factor, IReadOnlyList<double> mean, IReadOnlyList<double> std) =>
        new((u, m, s) => ((float)(u * factor) - (float)m) / (float)s, mean, std);

    /// <summary>As torchvision computes: (u / 255f - mean) / std in float.</summary>
    public static PixelScale Torchvision(IReadOnlyList<double> mean, IReadOnlyList<double> std) =>
        new((u, m, s) => ((u / 255f) - (float)m) / (float)s, mean, std);

    /// <summary>Normalised value of byte <paramref name="u"/> in a channel.</summary>
    public float this[int channel, byte u] => _values[channel][u];

    /// <summary>Tiles of one size to [tiles, 3, height, width].</summary>
    public Pixels Planes(IReadOnlyList<Picture> tiles)
    {
        int width = tiles[0].Width,
            height = tiles[0].Height,
            plane = width * height;
        float[] values = new float[3L * plane * tiles.Count];
        for (int tile = 0; tile < tiles.Count; tile++)
        {
            byte[] rgb = tiles[tile].Rgb;
            for (int channel = 0; channel < 3; channel++)
            {
                var target = values.AsSpan(((3 * tile) + channel) * plane, plane);
                float[] table = _values[channel];
                for (int i = 0; i < target.Length; i++)
                {
                    target[i] = table[rgb[(3 * i) + channel]];
                }
            }
        }

        return new Pixels(values, [tiles.Count, 3, height, width]);
    }
}
