using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.Gemma3;

/// <summary>
/// Gemma 3's preprocessing (Gemma3ImageProcessor of transformers, slow, PIL): every picture is squashed to a square.
/// </summary>
internal sealed class Gemma3Processor
{
    private readonly PixelScale scale;
    private readonly ResizeFilter filter;

    /// <summary>The processor of a folder.</summary>
    /// <param name="config">Its settings.</param>
    /// <exception cref="Pipelines.Domain.Errors.InputException">A setting that is not supported.</exception>
    public Gemma3Processor(PreprocessorConfig config)
    {
        Gemma3Settings.Keys.Demand(config);
        (Side, filter, scale) = (
            Gemma3Settings.Side(config),
            Gemma3Settings.Filter(config),
            Gemma3Settings.Scale(config)
        );
    }

    /// <summary>Side of the square.</summary>
    public int Side { get; }

    /// <summary>Pixel values [1, 3, side, side].</summary>
    public Pixels Process(Picture picture) => scale.Planes([Squashed(picture)]);

    /// <summary>The bytes [side, side, 3] before normalisation.</summary>
    public Picture Squashed(Picture picture) => PilResize.Resize(picture, Side, Side, filter);
}
