using Pipelines.Domain.Errors;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Vision;
using TorchSharp;

namespace Pipelines.Models.Families.LlavaNext;

/// <summary>
/// LLaVA-NeXT (v1.6): the tower, projector and decoder of LLaVA-1.5 on tiles of any resolution. Image tokens: the whole
/// picture's 24 x 24, then the tiles joined to one grid without its padding, a newline token behind each row.
/// </summary>
internal sealed class LlavaNextModel : VisionLanguageModel
{
    private readonly LlavaTower tower;
    private readonly AnyresProcessor processor;
    private readonly ImageTokenCounter counter;
    private readonly torch.Tensor newline; // [hidden]

    /// <summary>Claims all tensors of the checkpoint.</summary>
    public LlavaNextModel(ModelParts parts)
        : base(parts, LlavaTower.LoadDecoder(parts))
    {
        tower = new LlavaTower(parts);
        newline = parts.Weights.Claim(AnyresFeatures.Newline, parts.Info.Hidden);
        processor = Processor(parts.Pictures);
        counter = Counter(parts.Pictures);
        parts.Weights.RequireAllClaimed(tower.Unused);
    }

    /// <inheritdoc/>
    public override Pixels Preprocess(Picture picture) => processor.Process(Image.Fitted(picture));

    /// <inheritdoc/>
    public override ImageFeatures Features(Picture picture)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        Picture fitted = Image.Fitted(picture);
        AnyresGeometry geometry = processor.Geometry(fitted.Width, fitted.Height);
        torch.Tensor tiles = tower.Features(processor.Process(fitted)); // [1 + tiles, g*g, hidden]
        torch.Tensor grid = AnyresFeatures.Unpadded(tiles, geometry, tower.Vision.Grid); // [rows, columns, hidden]
        torch.Tensor features = AnyresFeatures.Packed(tiles[0], grid, newline); // [P, hidden]
        return new ImageFeatures(features.MoveToOuterDisposeScope(), TokensOf(picture.Width, picture.Height));
    }

    /// <inheritdoc/>
    public override ImageTokens TokensOf(int width, int height) => counter.TokensOf(width, height);

    /// <summary>Image tokens by a picture's size.</summary>
    /// <exception cref="InputException">The preprocessor is of no use, or of another model.</exception>
    public static ImageTokenCounter Counter(PictureSettings source)
    {
        AnyresProcessor processor = Processor(source);
        int grid = LlavaConfig.Vision(source.Config).Grid;
        return new ImageTokenCounter(source.Image, (width, height) =>
            new ImageTokens(processor.Geometry(width, height).ImageTokens(grid), 0, 0)
        );
    }

    /// <inheritdoc/>
    /// <remarks>The whole picture's tile, which comes first: the picture squashed to a square.</remarks>
    public override TokenGrid GridOf(Picture picture) =>
        new(processor.Tiles(Image.Fitted(picture))[0], tower.Vision.Grid, tower.Vision.Grid);

    /// <summary>Which part of a picture each token stands for.</summary>
    public static Func<int, int, IEnumerable<PictureRegion?>> Regions(PictureSettings source)
    {
        AnyresProcessor processor = LlavaNextSettings.Processor(source.Settings);
        ClipShape vision = LlavaConfig.Vision(source.Config);
        var regions = new AnyresRegions(processor.Side, vision.Grid, vision.PatchSize);
        return (width, height) =>
        {
            AnyresGeometry geometry = processor.Geometry(width, height);
            FeatureGrid kept = geometry.Unpadded(vision.Grid);
            return regions.Of(geometry, kept.Rows, kept.Columns);
        };
    }

    private static AnyresProcessor Processor(PictureSettings source)
    {
        AnyresProcessor processor = LlavaNextSettings.Processor(source.Settings);
        LlavaTower.CheckPixels(processor.Side, LlavaConfig.Vision(source.Config).ImageSize, source.Settings);
        AnyresPinpoints.RequireSame(source.Config, source.Settings, LlavaNextSettings.PublishedPinpoints);
        return processor;
    }
}
