using Pipelines.Domain.Errors;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.InternVlHf;

/// <summary>
/// InternVL2.5, 3 and 3.5 as transformers writes them: <see cref="InternVlTower"/> -> Qwen2, Qwen3, or Llama for what
/// was InternLM2. The weights are those of the authors' layout under other names; the prompt is another one.
/// </summary>
internal sealed class InternVlHfModel : VisionLanguageModel
{
    private readonly InternVlTower tower;
    private readonly InternVlProcessor processor;
    private readonly ImageTokenCounter counter;

    /// <summary>Claims all tensors of the checkpoint.</summary>
    public InternVlHfModel(ModelParts parts)
        : base(parts, LoadDecoder(parts))
    {
        InternVisionShape shape = InternVlHfConfig.Vision(parts.Config);
        int blocks = InternVlHfConfig.VisionBlocks(parts.Config, shape);
        tower = new InternVlTower(parts, InternVlHfTensors.Names, shape, blocks);
        processor = Processor(parts.Pictures);
        counter = Counter(parts.Pictures);
        parts.Weights.RequireAllClaimed(InternVision.Unused(InternVlHfTensors.Names, shape, blocks));
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
        InternVlTower.Counter(source.Image, Processor(source), InternVlHfConfig.Vision(source.Config));

    /// <summary>Where a picture's image tokens lie.</summary>
    public static Func<int, int, IEnumerable<PictureRegion?>> Regions(PictureSettings source) =>
        InternVlRegions.Of(Processor(source), InternVlHfConfig.Vision(source.Config));

    private static InternVlProcessor Processor(PictureSettings source)
    {
        PreprocessorConfig settings = source.Settings;
        int side = InternVlHfSettings.Side(settings),
            most = source.Image.MaxTiles ?? InternVlHfSettings.MostTiles(settings),
            tower = InternVlHfConfig.Vision(source.Config).ImageSize;
        InternVlProcessor.RequireTiles(most, settings.Source, "max_patches");
        return side == tower
            ? new InternVlProcessor(
                settings.Scale(),
                settings.Filter,
                side,
                Math.Min(InternVlHfSettings.LeastTiles(settings), most),
                most,
                useThumbnail: true
            )
            : throw new InputException(
                settings.Source,
                Invariant.Text($"makes tiles of {side} x {side} pixels, but the vision tower reads {tower} x {tower}."),
                "Use the file that belongs to the checkpoint."
            );
    }

    private static Decoder LoadDecoder(ModelParts parts)
    {
        Weights language = parts.Weights.Sub("language_model");
        return LlamaWeights.Load(language.Sub("model"), language, parts.Info.Decoder);
    }
}
