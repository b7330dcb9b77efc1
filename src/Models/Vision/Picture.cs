using System.Security.Cryptography;

namespace Pipelines.Models.Vision;

/// <summary>A decoded picture.</summary>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
/// <param name="Rgb">uint8 [height, width, 3], row-major.</param>
public sealed record Picture(int Width, int Height, byte[] Rgb)
{
    /// <summary>
    /// uint8 [height, width], 255 where the picture covers what is behind it; null = everywhere. Most families drop it,
    /// as <c>convert('RGB')</c> does; see <see cref="OnWhite"/>.
    /// </summary>
    public byte[]? Alpha { get; init; }

    /// <summary>
    /// The picture on white where it is transparent: <c>Image.alpha_composite</c> of Pillow, to the bit.
    /// </summary>
    public Picture OnWhite()
    {
        if (Alpha is null)
        {
            return this;
        }

        byte[] rgb = new byte[Rgb.Length];
        for (int i = 0; i < Rgb.Length; i++)
        {
            const uint white = 255,
                half = 0x80 << 7; // Pillow keeps 7 more bits
            uint alpha = Alpha[i / 3] * 128u,
                sum = (Rgb[i] * alpha) + (white * ((255 * 128u) - alpha)) + half;
            rgb[i] = (byte)((((sum >> 8) + sum) >> 8) >> 7);
        }

        return new Picture(Width, Height, rgb);
    }

    /// <summary>The picture turned upright.</summary>
    /// <param name="orientation">How it is stored.</param>
    public Picture Turned(Orientation orientation)
    {
        if (orientation == Orientation.AsStored)
        {
            return this;
        }

        var (width, height) = orientation >= Orientation.Transposed ? (Height, Width) : (Width, Height);
        byte[] rgb = new byte[Rgb.Length];
        byte[]? alpha = Alpha is null ? null : new byte[Alpha.Length];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                var (fromX, fromY) = orientation switch
                {
                    Orientation.Mirrored => (Width - 1 - x, y),
                    Orientation.HalfTurn => (Width - 1 - x, Height - 1 - y),
                    Orientation.Flipped => (x, Height - 1 - y),
                    Orientation.Transposed => (y, x),
                    Orientation.QuarterTurn => (y, Height - 1 - x),
                    Orientation.Transversed => (Width - 1 - y, Height - 1 - x),
                    Orientation.ThreeQuarterTurn => (Width - 1 - y, x),
                    _ => (x, y),
                };
                Rgb.AsSpan(3 * ((fromY * Width) + fromX), 3).CopyTo(rgb.AsSpan(3 * ((y * width) + x)));
                if (alpha is not null)
                {
                    alpha[(y * width) + x] = Alpha![(fromY * Width) + fromX];
                }
            }
        }

        return new Picture(width, height, rgb) { Alpha = alpha };
    }

    /// <summary>SHA-256 of size and pixels, hexadecimal: what two files of one picture share.</summary>
    public string Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(BitConverter.GetBytes(Width));
        hash.AppendData(BitConverter.GetBytes(Height));
        hash.AppendData(Rgb);
        hash.AppendData(Alpha ?? []);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>A part of the picture, without <see cref="Alpha"/>.</summary>
    public Picture Crop(int left, int top, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(left);
        ArgumentOutOfRangeException.ThrowIfNegative(top);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, Width - left);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(height, Height - top);
        byte[] rgb = new byte[3 * width * height];
        for (int y = 0; y < height; y++)
        {
            Rgb.AsSpan(3 * (((top + y) * Width) + left), 3 * width).CopyTo(rgb.AsSpan(3 * y * width));
        }

        return new Picture(width, height, rgb);
    }

    /// <summary>The picture on a larger ground of one colour, without <see cref="Alpha"/>.</summary>
    /// <param name="left">Columns in front of it.</param>
    /// <param name="top">Rows above it.</param>
    /// <param name="width">Columns of the result.</param>
    /// <param name="height">Rows of the result.</param>
    /// <param name="ground">Red, green, blue.</param>
    public Picture Padded(int left, int top, int width, int height, (byte Red, byte Green, byte Blue) ground)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, left + Width);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, top + Height);
        byte[] rgb = new byte[3L * width * height];
        if (ground != default)
        {
            for (int i = 0; i < rgb.Length; i += 3)
            {
                (rgb[i], rgb[i + 1], rgb[i + 2]) = ground;
            }
        }

        for (int y = 0; y < Height; y++)
        {
            Rgb.AsSpan(3 * y * Width, 3 * Width).CopyTo(rgb.AsSpan(3 * (((top + y) * width) + left)));
        }

        return new Picture(width, height, rgb);
    }
}
