using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.Llava;

/// <summary>LLaVA-1.5's preprocessing: CLIPImageProcessor of transformers (slow, PIL).</summary>
internal sealed class ClipProcessor
{
    private readonly PreprocessorConfig _config;
    private readonly ImageFit _fit;
    private readonly PixelScale _scale;

    /// <summary>The processor of a folder.</summary>
    /// <param name="config">Its settings.</param>
    /// <param name="fit">What happens to a picture that is not square.</param>
    /// <exception cref="InputException">A setting that is not supported.</exception>
    public ClipProcessor(PreprocessorConfig config, ImageFit fit = ImageFit.Crop)
    {
        LlavaSettings.Keys.Demand(config);
        (_config, _fit, _scale) = (config, fit, config.Scale());
        (ShortSide, Side) = (LlavaSettings.ShortSide(config), LlavaSettings.Side(config));
        if (!LlavaSettings.EndsSquare(config))
        {
            throw new InputException(
                config.Source,
                "has 'do_center_crop: false', which leaves pictures of a size of their own.",
                "Use the file of the published model."
            );
        }
    }

    /// <summary>Side of the square that enters the vision tower.</summary>
    public int Side { get; }

    /// <summary>Length of the short side after resizing, before the crop.</summary>
    public int ShortSide { get; }

    /// <summary>Pixel values [1, 3, side, side] of a picture.</summary>
    public Pixels Process(Picture picture) => _scale.Planes([Fitted(picture)]);

    /// <summary>The bytes [side, side, 3] before normalisation.</summary>
    public Picture Fitted(Picture picture)
    {
        var whole = _fit == ImageFit.Pad ? PaddedToSquare(picture) : picture;
        var size = Geometry(whole.Width, whole.Height);
        if (size.Left >= 0 && size.Top >= 0)
        {
            return PilResize.ResizeCrop(
                whole,
                size.Width,
                size.Height,
                size.Left,
                size.Top,
                Side,
                Side,
                _config.Filter
            );
        }

        // A crop larger than the resized picture is padded with zeros (no published model has one).
        var resized = PilResize.Resize(whole, size.Width, size.Height, _config.Filter);
        var padded = resized.Padded(
            Math.Max(0, -size.Left),
            Math.Max(0, -size.Top),
            Math.Max(Side, size.Width),
            Math.Max(Side, size.Height),
            default
        );
        return padded.Crop(Math.Max(0, size.Left), Math.Max(0, size.Top), Side, Side);
    }

    /// <summary>Size after the resize and where the crop lies in it.</summary>
    public ClipGeometry Geometry(int width, int height)
    {
        // transformers: the long side is int(short * long / short side), truncated; {height, width} does not keep
        // proportions
        var (resizedWidth, resizedHeight) =
            _config.Squashes ? (ShortSide, ShortSide)
            : width <= height ? (ShortSide, (int)((long)ShortSide * height / width))
            : ((int)((long)ShortSide * width / height), ShortSide);
        return new ClipGeometry(resizedWidth, resizedHeight, Offset(resizedWidth), Offset(resizedHeight));
    }

    /// <summary>
    /// The part of a picture of some size that enters the vision tower; beyond the picture where it is padded.
    /// </summary>
    public PictureRegion Seen(int width, int height)
    {
        int side = Math.Max(width, height);
        var (wholeWidth, wholeHeight) = _fit == ImageFit.Pad ? (side, side) : (width, height);
        ClipGeometry size = Geometry(wholeWidth, wholeHeight);
        double X(int pixel) => (((double)pixel * wholeWidth / size.Width) - ((wholeWidth - width) / 2)) / width;
        double Y(int pixel) => (((double)pixel * wholeHeight / size.Height) - ((wholeHeight - height) / 2)) / height;
        return new PictureRegion(X(size.Left), Y(size.Top), X(size.Left + Side), Y(size.Top + Side));
    }

    private int Offset(int resized) => (int)Math.Floor((resized - Side) / 2.0);

    private Picture PaddedToSquare(Picture picture)
    {
        int side = Math.Max(picture.Width, picture.Height);
        var mean = _config.ImageMean ?? PreprocessorConfig.ClipMean;
        return picture.Padded(
            (side - picture.Width) / 2,
            (side - picture.Height) / 2,
            side,
            side,
            (Byte(mean[0]), Byte(mean[1]), Byte(mean[2]))
        );

        static byte Byte(double value) => (byte)(value * 255);
    }
}

/// <summary>Geometry of <see cref="ClipProcessor"/>.</summary>
/// <param name="Width">Columns after the resize.</param>
/// <param name="Height">Rows after the resize.</param>
/// <param name="Left">First column of the crop.</param>
/// <param name="Top">First row of the crop.</param>
internal readonly record struct ClipGeometry(int Width, int Height, int Left, int Top);
