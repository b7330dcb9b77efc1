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
    /// <summary>The tensor of the newline token.</summary>
    public const string Newline = "image_newline";

    private readonly LlavaTower tower;
    private readonly LlavaNextProcessor processor;
    private readonly ImageTokenCounter counter;
    private readonly torch.Tensor newline; // [hidden]

    /// <summary>Claims all tensors of the checkpoint.</summary>
    public LlavaNextModel(ModelParts parts)
        : base(parts, LlavaTower.LoadDecoder(parts))
    {
        tower = new LlavaTower(parts);
        newline = parts.Weights.Claim(Newline, parts.Info.Hidden);
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
        LlavaNextGeometry geometry = processor.Geometry(fitted.Width, fitted.Height);
        torch.Tensor tiles = tower.Features(processor.Process(fitted)); // [1 + tiles, g*g, hidden]
        long g = tower.Vision.Grid,
            hidden = tiles.shape[2];
        torch.Tensor joined = tiles
            .narrow(0, 1, tiles.shape[0] - 1)
            .view(geometry.TileRows, geometry.TileColumns, g, g, hidden)
            .permute(0, 2, 1, 3, 4)
            .reshape(geometry.TileRows * g, geometry.TileColumns * g, hidden);
        FeatureGrid kept = geometry.Unpadded((int)g);
        // [rows, columns, hidden]
        torch.Tensor grid = joined.narrow(0, kept.Top, kept.Rows).narrow(1, kept.Left, kept.Columns);
        // [rows * (columns + 1), hidden]
        torch.Tensor rows = torch.cat([grid, newline.expand(kept.Rows, 1, hidden)], 1).view(-1, hidden);
        torch.Tensor features = torch.cat([tiles[0], rows], 0); // [P, hidden]
        return new ImageFeatures(features.MoveToOuterDisposeScope(), TokensOf(picture.Width, picture.Height));
    }

    /// <inheritdoc/>
    public override ImageTokens TokensOf(int width, int height) => counter.TokensOf(width, height);

    /// <summary>Image tokens by a picture's size.</summary>
    /// <exception cref="InputException">The preprocessor is of no use, or of another model.</exception>
    public static ImageTokenCounter Counter(PictureSettings source)
    {
        LlavaNextProcessor processor = Processor(source);
        int grid = LlavaConfig.Vision(source.Config).Grid;
        return new ImageTokenCounter(
            source.Image,
            (width, height) => new ImageTokens(processor.Geometry(width, height).ImageTokens(grid), 0, 0)
        );
    }

    /// <inheritdoc/>
    /// <remarks>The whole picture's tile, which comes first: the picture squashed to a square.</remarks>
    public override TokenGrid GridOf(Picture picture) =>
        new(processor.Tiles(Image.Fitted(picture))[0], tower.Vision.Grid, tower.Vision.Grid);

    private static LlavaNextProcessor Processor(PictureSettings source)
    {
        var processor = new LlavaNextProcessor(source.Settings);
        LlavaTower.CheckPixels(processor.Side, LlavaConfig.Vision(source.Config), source.Settings);
        CheckPinpoints(source.Config, source.Settings);
        return processor;
    }

    /// <summary>
    /// The processor cuts tiles by its own list, the model joins them by config.json's; a file that has none stands for
    /// its class's list.
    /// </summary>
    private static void CheckPinpoints(ModelConfig config, PreprocessorConfig preprocessor)
    {
        IEnumerable<(int, int)> Pairs(IReadOnlyList<IReadOnlyList<int>> list) => list.Select(p => (p[0], p[1]));
        IEnumerable<(int, int)> ours =
                config.Pairs("image_grid_pinpoints") ?? Pairs(LlavaNextSettings.PublishedPinpoints),
            theirs = Pairs(LlavaNextSettings.Pinpoints(preprocessor));
        if (!ours.SequenceEqual(theirs))
        {
            string Told(bool has) => has ? "" : " (none: the published ones stand for it)";
            throw new InputException(
                preprocessor.Source,
                $"has other image_grid_pinpoints{Told(preprocessor.ImageGridPinpoints is not null)} than "
                    + $"config.json{Told(config.Has("image_grid_pinpoints"))}.",
                "Both files must be of one model."
            );
        }
    }
}
