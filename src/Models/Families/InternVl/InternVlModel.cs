using Pipelines.Models.Families.Shared;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.InternVl;

/// <summary>
/// InternVL2.5, 3 and 3.5 as their authors write them: <see cref="InternVlTower"/> -> Qwen2 (2.5-1B, 4B; 3), InternLM2
/// (2.5-2B, 8B) or Qwen3 (3.5).
/// </summary>
internal sealed class InternVlModel : VisionLanguageModel
{
    private readonly InternVlTower tower;
    private readonly InternVlProcessor processor;
    private readonly ImageTokenCounter counter;

    /// <summary>Claims all tensors of the checkpoint.</summary>
    public InternVlModel(ModelParts parts)
        : base(parts, LoadDecoder(parts))
    {
        ModelConfig config = parts.Config;
        InternVisionShape shape = InternVlConfig.Vision(config);
        int blocks = InternVlConfig.VisionBlocks(config, shape);
        tower = new InternVlTower(parts, InternVlTensors.Names, shape, blocks);
        processor = Processor(parts.Pictures);
        counter = Counter(parts.Pictures);
        parts.Weights.RequireAllClaimed(InternVision.Unused(InternVlTensors.Names, shape, blocks));
    }

    /// <inheritdoc/>
    public override Pixels Preprocess(Picture picture) => processor.Process(Image.Fitted(picture));

    /// <inheritdoc/>
    public override ImageFeatures Features(Picture picture) =>
        new(tower.Features(Preprocess(picture)), TokensOf(picture.Width, picture.Height));

    /// <inheritdoc/>
    public override ImageTokens TokensOf(int width, int height) => counter.TokensOf(width, height);

    /// <inheritdoc/>
    public override TokenGrid GridOf(Picture picture) => tower.GridOf(Image.Fitted(picture), processor);

    /// <summary>Image tokens by a picture's size.</summary>
    public static ImageTokenCounter Counter(PictureSettings source) =>
        InternVlTower.Counter(source.Image, Processor(source), InternVlConfig.Vision(source.Config));

    /// <summary>Where a picture's image tokens lie.</summary>
    public static Func<int, int, IEnumerable<PictureRegion?>> Regions(PictureSettings source) =>
        InternVlRegions.Of(Processor(source), InternVlConfig.Vision(source.Config));

    private static InternVlProcessor Processor(PictureSettings source)
    {
        (int least, int most, bool thumbnail) = InternVlConfig.Tiles(source.Config);
        most = source.Image.MaxTiles ?? most;
        InternVlProcessor.RequireTiles(most, source.Config.Path, "max_dynamic_patch");
        return new InternVlProcessor(
            source.Settings,
            InternVlConfig.Vision(source.Config).ImageSize,
            Math.Min(least, most),
            most,
            thumbnail
        );
    }

    private static Decoder LoadDecoder(ModelParts parts)
    {
        Weights language = parts.Weights.Sub("language_model");
        return InternVlConfig.IsInternLm2(parts.Config)
            ? InternLm2Weights.Load(language, parts.Info.Decoder)
            : LlamaWeights.Load(language.Sub("model"), language, parts.Info.Decoder);
    }
}
