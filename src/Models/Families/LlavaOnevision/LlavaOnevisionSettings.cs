using Pipelines.Domain.Errors;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.LlavaOnevision;

/// <summary>
/// What LLaVA-OneVision obeys of its image processor's file, with LlavaOnevisionImageProcessor's defaults for what it
/// omits.
/// </summary>
internal static class LlavaOnevisionSettings
{
    /// <summary>The family's name.</summary>
    public const string Family = "LLaVA-OneVision";

    /// <summary>size of the class, and what its pinpoints are multiples of.</summary>
    private const int ClassSide = 384;

    /// <summary>
    /// image_grid_pinpoints (height, width) of the classes, config.json's and the image processor's: 1 to 6 tiles each
    /// way.
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<int>> PublishedPinpoints { get; } =
    [
        .. Enumerable
            .Range(1, 6)
            .SelectMany(
                _ => Enumerable.Range(1, 6),
                (rows, columns) => (IReadOnlyList<int>)[rows * ClassSide, columns * ClassSide]
            ),
    ];

    /// <summary>The keys.</summary>
    public static ImageProcessorKeys Keys { get; } =
        new(
            Family,
            ["LlavaOnevisionImageProcessor"],
            ["image_grid_pinpoints"],
            new Dictionary<string, string>
            {
                ["do_pad"] = "pads the number of tiles in a batch; a picture alone has none to pad",
            },
            config =>
                [
                    ("size", Invariant.Text($"{config.ShortSide(ClassSide)}")),
                    ("image_grid_pinpoints", AnyresPinpoints.Listed(Pinpoints(config))),
                    .. ImageProcessorKeys.Scale(config, PreprocessorConfig.ClipMean, PreprocessorConfig.ClipStd),
                    .. ImageProcessorKeys.Rescaled(config),
                ]
        );

    /// <summary>The processor of a folder.</summary>
    /// <exception cref="InputException">A setting that is not supported, or pinpoints that are no multiples of the
    /// tile.</exception>
    public static AnyresProcessor Processor(PreprocessorConfig config)
    {
        Keys.Demand(config);
        return new AnyresProcessor(config, config.Scale(), config.ShortSide(ClassSide), Pinpoints(config));
    }

    private static IReadOnlyList<IReadOnlyList<int>> Pinpoints(PreprocessorConfig config) =>
        config.ImageGridPinpoints ?? PublishedPinpoints;
}
