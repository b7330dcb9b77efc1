using Pipelines.Domain.Errors;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Pipelines.Models.Families.LlavaOnevision;

/// <summary>
/// LLaVA-OneVision: SigLIP on tiles of any resolution -> two-layer projector -> Qwen2. Image tokens: the whole
/// picture's 27 x 27, then the tiles joined to one grid without its padding, shrunk where it is large, a newline token
/// behind each row.
/// </summary>
internal sealed class LlavaOnevisionModel : VisionLanguageModel
{
    private readonly SiglipShape vision;
    private readonly SiglipVision tower;
    private readonly LlavaProjector projector;
    private readonly torch.Tensor newline; // [hidden]
    private readonly AnyresProcessor processor;
    private readonly int mostTiles;
    private readonly ImageTokenCounter counter;
    private readonly Arithmetic arithmetic;

    /// <summary>Claims all tensors of the checkpoint.</summary>
    public LlavaOnevisionModel(ModelParts parts)
        : base(parts, LlavaTower.LoadDecoder(parts))
    {
        ModelConfig config = parts.Config;
        arithmetic = parts.Weights.Arithmetic;
        vision = LlavaOnevisionConfig.Vision(config);
        mostTiles = LlavaOnevisionConfig.MostTiles(config);
        SiglipUse use = LlavaOnevisionConfig.Use(config);
        tower = new SiglipVision(parts.Weights.Sub(LlavaTensors.Tower), vision, use);
        projector = new LlavaProjector(
            parts.Weights,
            vision.Hidden,
            parts.Info.Hidden,
            LlavaConfig.ProjectorBias(config)
        );
        newline = parts.Weights.Claim(AnyresFeatures.Newline, parts.Info.Hidden);
        processor = Processor(parts.Pictures);
        counter = Counter(parts.Pictures);
        parts.Weights.RequireAllClaimed(SiglipVision.Unused(LlavaTensors.Tower, vision, use));
    }

    /// <inheritdoc/>
    public override Pixels Preprocess(Picture picture) => processor.Process(Image.Fitted(picture));

    /// <inheritdoc/>
    public override ImageFeatures Features(Picture picture)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        using var oneThread = new OneTorchThread(arithmetic);
        Picture fitted = Image.Fitted(picture);
        AnyresGeometry geometry = processor.Geometry(fitted.Width, fitted.Height);
        Pixels pixels = processor.Process(fitted);
        torch.Tensor input = pixels.ToTensor(arithmetic); // [1 + tiles, 3, side, side]
        torch.Tensor states = tower.Forward(input); // [1 + tiles, g*g, vision hidden]
        torch.Tensor tiles = projector
            .Forward(states.view(-1, vision.Hidden))
            .view(states.shape[0], vision.Patches, -1); // [1 + tiles, g*g, hidden]
        torch.Tensor joined = AnyresFeatures.Unpadded(tiles, geometry, vision.Grid); // [rows, columns, hidden]
        torch.Tensor grid = Shrunk(
            joined,
            LlavaOnevisionGrid.Of(geometry.Unpadded(vision.Grid), mostTiles, vision.Grid)
        );
        torch.Tensor features = AnyresFeatures.Packed(tiles[0], grid, newline); // [P, hidden]
        return new ImageFeatures(features.MoveToOuterDisposeScope(), TokensOf(picture.Width, picture.Height));
    }

    /// <inheritdoc/>
    public override ImageTokens TokensOf(int width, int height) => counter.TokensOf(width, height);

    /// <inheritdoc/>
    /// <remarks>
    /// The whole picture's tile, which comes first: the picture squashed to a square, without what the tower does not
    /// see of it.
    /// </remarks>
    public override TokenGrid GridOf(Picture picture)
    {
        int seen = vision.Grid * vision.PatchSize;
        return new TokenGrid(
            processor.Tiles(Image.Fitted(picture))[0].Crop(0, 0, seen, seen),
            vision.Grid,
            vision.Grid
        );
    }

    /// <summary>Image tokens by a picture's size.</summary>
    /// <exception cref="InputException">The preprocessor is of no use, or of another model.</exception>
    public static ImageTokenCounter Counter(PictureSettings source)
    {
        AnyresProcessor processor = Processor(source);
        int g = LlavaOnevisionConfig.Vision(source.Config).Grid,
            most = LlavaOnevisionConfig.MostTiles(source.Config);
        return new ImageTokenCounter(source.Image, (width, height) =>
            new ImageTokens(
                LlavaOnevisionGrid.Of(processor.Geometry(width, height).Unpadded(g), most, g).ImageTokens(g),
                0,
                0
            )
        );
    }

    /// <summary>Which part of a picture each token stands for.</summary>
    public static Func<int, int, IEnumerable<PictureRegion?>> Regions(PictureSettings source)
    {
        AnyresProcessor processor = LlavaOnevisionSettings.Processor(source.Settings);
        SiglipShape vision = LlavaOnevisionConfig.Vision(source.Config);
        int most = LlavaOnevisionConfig.MostTiles(source.Config);
        var regions = new AnyresRegions(processor.Side, vision.Grid, vision.PatchSize);
        return (width, height) =>
        {
            AnyresGeometry geometry = processor.Geometry(width, height);
            var grid = LlavaOnevisionGrid.Of(geometry.Unpadded(vision.Grid), most, vision.Grid);
            return regions.Of(geometry, grid.Rows, grid.Columns);
        };
    }

    private static AnyresProcessor Processor(PictureSettings source)
    {
        AnyresProcessor processor = LlavaOnevisionSettings.Processor(source.Settings);
        LlavaTower.CheckPixels(processor.Side, LlavaOnevisionConfig.Vision(source.Config).ImageSize, source.Settings);
        AnyresPinpoints.RequireSame(source.Config, source.Settings, LlavaOnevisionSettings.PublishedPinpoints);
        return processor;
    }

    /// <summary>The grid at another size: bilinear, corners not aligned, no antialiasing.</summary>
    /// <param name="grid">[rows, columns, hidden].</param>
    /// <param name="size">The size.</param>
    private static torch.Tensor Shrunk(torch.Tensor grid, LlavaOnevisionGrid size) =>
        (grid.shape[0], grid.shape[1]) == (size.Rows, size.Columns)
            ? grid
            : F.interpolate(
                    grid.permute(2, 0, 1).unsqueeze(0), // [1, hidden, rows, columns]
                    [size.Rows, size.Columns],
                    mode: torch.InterpolationMode.Bilinear,
                    align_corners: false
                )
                .squeeze(0)
                .permute(1, 2, 0);
}
