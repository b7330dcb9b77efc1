using Pipelines.Domain.Errors;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using TorchSharp;

namespace Pipelines.Models.Families.SmolVlm;

/// <summary>
/// SmolVLM2 and Idefics3: SigLIP on tiles -> pixel shuffle (s x s patches joined) -> one projection -> Llama. Each tile
/// is a run of image tokens of its own behind a marker; the whole picture is the last of them.
/// </summary>
internal sealed class SmolVlmModel : VisionLanguageModel
{
    private readonly SiglipVision vision;
    private readonly SiglipShape shape;
    private readonly SmolVlmProcessor processor;
    private readonly ImageTokenCounter counter;
    private readonly ILinear projection; // s*s*width -> hidden
    private readonly Arithmetic arithmetic;
    private readonly int scale;

    /// <summary>Claims all tensors of the checkpoint.</summary>
    public SmolVlmModel(ModelParts parts)
        : base(parts, LlamaWeights.Load(parts.Weights.Sub(SmolVlmTensors.Text), parts.Weights, parts.Info.Decoder))
    {
        arithmetic = parts.Weights.Arithmetic;
        shape = SmolVlmConfig.Vision(parts.Config);
        scale = SmolVlmConfig.Scale(parts.Config);
        SiglipUse use = SmolVlmTensors.Use(shape);
        vision = new SiglipVision(parts.Weights.Sub(SmolVlmTensors.Tower), shape, use);
        projection = parts.Weights.Linear(
            SmolVlmTensors.Projection,
            parts.Info.Hidden,
            (long)scale * scale * shape.Hidden,
            bias: false
        );
        processor = Processor(parts.Pictures);
        counter = Counter(parts.Pictures);
        parts.Weights.RequireAllClaimed(SiglipVision.Unused(SmolVlmTensors.Tower, shape, use));
    }

    private int TokensAlong => shape.Grid / scale;

    /// <inheritdoc/>
    public override Pixels Preprocess(Picture picture) => processor.Process(Fitted(picture));

    /// <inheritdoc/>
    public override ImageFeatures Features(Picture picture)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        using var oneThread = new OneTorchThread(arithmetic);
        Pixels pixels = Preprocess(picture);
        torch.Tensor input = pixels.ToTensor(arithmetic);
        torch.Tensor joined = vision
            .Forward(input) // [tiles, patches, width]
            .view(-1, TokensAlong, scale, TokensAlong, scale, shape.Hidden)
            .permute(0, 1, 3, 2, 4, 5) // a token joins its s x s patches, row by row
            .reshape(-1, (long)scale * scale * shape.Hidden); // [P, s*s*width]
        torch.Tensor features = projection.Forward(joined); // [P, hidden]
        return new ImageFeatures(features.MoveToOuterDisposeScope(), TokensOf(picture.Width, picture.Height));
    }

    /// <inheritdoc/>
    public override ImageTokens TokensOf(int width, int height) => counter.TokensOf(width, height);

    /// <inheritdoc/>
    /// <remarks>The tiles put together; the whole picture's tokens are in the grid only where there are none.</remarks>
    public override TokenGrid GridOf(Picture picture)
    {
        Picture fitted = Fitted(picture);
        SmolVlmGeometry geometry = processor.Geometry(fitted.Width, fitted.Height);
        return TokenGrid.OfTiles(
            processor.Fitted(fitted),
            Math.Max(1, geometry.Rows),
            Math.Max(1, geometry.Columns),
            TokensAlong
        );
    }

    /// <summary>Image tokens by a picture's size.</summary>
    /// <exception cref="InputException">The preprocessor is of no use, or of another model.</exception>
    public static ImageTokenCounter Counter(PictureSettings source)
    {
        SmolVlmProcessor processor = Processor(source);
        int along = SmolVlmConfig.TokensAlong(source.Config);
        return new ImageTokenCounter(source.Image, (width, height) =>
        {
            SmolVlmGeometry geometry = processor.Geometry(width, height);
            return geometry.IsSplit
                ? new ImageTokens(geometry.Tiles * along * along, 0, 0)
                {
                    TileRows = geometry.Rows,
                    TileColumns = geometry.Columns,
                }
                : ImageTokens.Grid(along, along);
        });
    }

    /// <summary>
    /// Where image tokens lie: tile by tile on the picture, which is squashed to whole tiles; the whole picture last.
    /// </summary>
    public static Func<int, int, IEnumerable<PictureRegion?>> Regions(PictureSettings source)
    {
        SmolVlmProcessor processor = Processor(source);
        int along = SmolVlmConfig.TokensAlong(source.Config);
        return (width, height) =>
        {
            SmolVlmGeometry geometry = processor.Geometry(width, height);
            return PictureRegion
                .Whole.Cells(geometry.Rows, geometry.Columns)
                .Append(PictureRegion.Whole)
                .SelectMany(tile => tile.Cells(along, along))
                .Select(r => (PictureRegion?)r);
        };
    }

    /// <summary>Unlike the other families' processors, this one puts what is transparent on white.</summary>
    private Picture Fitted(Picture picture) => Image.Fitted(picture.OnWhite());

    private static SmolVlmProcessor Processor(PictureSettings source)
    {
        var processor = new SmolVlmProcessor(source.Settings, source.Image.MaxTiles);
        int side = SmolVlmConfig.Vision(source.Config).ImageSize;
        return processor.Side == side
            ? processor
            : throw new InputException(
                source.Settings.Source,
                Invariant.Text($"makes tiles of {processor.Side} pixels, but config.json's tower takes {side}."),
                "Both files must be of one model."
            );
    }
}
