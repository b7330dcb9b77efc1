using Pipelines.Domain.Errors;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// The Qwen families' preprocessing (Qwen2VLImageProcessor of transformers, slow, PIL): sides to multiples of patch *
/// merge within an area, then patches in merge order, the still picture doubled in time.
/// </summary>
internal sealed class QwenProcessor
{
    private const int LargestRatio = 200;

    private readonly string _family;
    private readonly PixelScale _scale;
    private readonly ResizeFilter _filter;
    private readonly int _patch,
        _frames,
        _merge;
    private readonly long _minPixels,
        _maxPixels;

    /// <summary>The processor of a folder.</summary>
    /// <param name="config">Its settings.</param>
    /// <param name="keys">Those that the family obeys.</param>
    /// <exception cref="InputException">Settings that fit no picture.</exception>
    public QwenProcessor(PreprocessorConfig config, ImageProcessorKeys keys)
    {
        keys.Demand(config);
        _family = keys.Family;
        (_scale, _filter) = (config.Scale(), config.Filter);
        (_patch, _frames, _merge) = QwenSettings.Patch(config);
        (_minPixels, _maxPixels) = (QwenSettings.SmallestArea(config), QwenSettings.LargestArea(config));
        if (
            _patch is < 1 or > 1024
            || _frames is < 1 or > 16
            || _merge is < 1 or > 16
            || _minPixels < 1
            || _maxPixels < _minPixels
            || _maxPixels > PictureDecoder.MaxPixels
        )
        {
            throw new InputException(
                config.Source,
                "has a patch_size, temporal_patch_size, merge_size, min_pixels or max_pixels that is out of range.",
                "Download it again."
            );
        }
    }

    /// <summary>Pixel values [patches, 3 * frames * patch * patch], columns as (channel, time, row, column).</summary>
    /// <exception cref="InputException">The picture is more than 200 times as long as it is wide.</exception>
    public Pixels Process(Picture picture) => Patches(Resized(picture), Geometry(picture.Width, picture.Height));

    /// <summary>The picture that is cut into patches.</summary>
    public Picture Resized(Picture picture)
    {
        QwenGeometry size = Geometry(picture.Width, picture.Height);
        return PilResize.Resize(picture, size.Width, size.Height, _filter);
    }

    /// <summary>The size that a picture is brought to ("smart resize").</summary>
    /// <exception cref="InputException">The picture is more than 200 times as long as it is wide.</exception>
    public QwenGeometry Geometry(int width, int height)
    {
        int factor = _patch * _merge;
        if (Math.Max(width, height) > (long)LargestRatio * Math.Min(width, height))
        {
            throw new InputException(
                "picture",
                Invariant.Text(
                    $"is {width} x {height}: {_family} takes no picture more than {LargestRatio} times as long as wide."
                ),
                "Leave it out."
            );
        }

        // Side below the factor: transformers 4.49 refuses the picture, 5 enlarges it, and so do we.
        double newWidth = Math.Round((double)width / factor) * factor,
            newHeight = Math.Round((double)height / factor) * factor;
        if (newWidth * newHeight > _maxPixels)
        {
            double shrink = Math.Sqrt((double)width * height / _maxPixels);
            newWidth = Math.Max(factor, Math.Floor(width / shrink / factor) * factor);
            newHeight = Math.Max(factor, Math.Floor(height / shrink / factor) * factor);
        }
        else if (newWidth * newHeight < _minPixels)
        {
            double grow = Math.Sqrt(_minPixels / ((double)width * height));
            newWidth = Math.Ceiling(width * grow / factor) * factor;
            newHeight = Math.Ceiling(height * grow / factor) * factor;
        }

        return new QwenGeometry((int)newWidth, (int)newHeight, (int)newWidth / _patch, (int)newHeight / _patch, _merge);
    }

    /// <summary>Patches in the order (merged row, merged column, row inside, column inside).</summary>
    private Pixels Patches(Picture picture, QwenGeometry size)
    {
        int area = _patch * _patch,
            rowLength = 3 * _frames * area;
        float[] values = new float[(long)size.GridRows * size.GridColumns * rowLength];
        int at = 0;
        foreach (var (row, column) in size.MergeOrder())
        {
            var target = values.AsSpan(at, rowLength);
            for (int channel = 0; channel < 3; channel++)
            {
                var frame = target.Slice(channel * _frames * area, area);
                for (int i = 0; i < area; i++)
                {
                    int y = (row * _patch) + (i / _patch),
                        x = (column * _patch) + (i % _patch);
                    frame[i] = _scale[channel, picture.Rgb[(3 * ((y * picture.Width) + x)) + channel]];
                }

                for (int time = 1; time < _frames; time++)
                {
                    frame.CopyTo(target[(((channel * _frames) + time) * area)..]);
                }
            }

            at += rowLength;
        }

        return new Pixels(values, [size.GridRows * size.GridColumns, rowLength]);
    }
}

/// <summary>Geometry of <see cref="QwenProcessor"/>.</summary>
/// <param name="Width">Columns after the resize.</param>
/// <param name="Height">Rows after the resize.</param>
/// <param name="GridColumns">Patches side by side.</param>
/// <param name="GridRows">Patches one below the other.</param>
/// <param name="Merge">Patches joined to one token, each way.</param>
internal readonly record struct QwenGeometry(int Width, int Height, int GridColumns, int GridRows, int Merge)
{
    /// <summary>P.</summary>
    public int ImageTokens => GridRows / Merge * (GridColumns / Merge);

    /// <summary>
    /// Row and column of each patch, in the order in which the vision tower sees them: merge blocks row by row, inside
    /// a block row by row.
    /// </summary>
    public IEnumerable<(int Row, int Column)> MergeOrder()
    {
        for (int row = 0; row < GridRows; row += Merge)
        {
            for (int column = 0; column < GridColumns; column += Merge)
            {
                for (int inside = 0; inside < Merge * Merge; inside++)
                {
                    yield return (row + (inside / Merge), column + (inside % Merge));
                }
            }
        }
    }
}
