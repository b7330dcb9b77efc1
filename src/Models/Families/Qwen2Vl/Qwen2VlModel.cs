using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using TorchSharp;

namespace Pipelines.Models.Families.Qwen2Vl;

/// <summary>
/// Qwen2-VL: its own ViT at the picture's resolution -> merger -> Qwen2 with M-RoPE: of the rotary frequencies some
/// take a token's time, some its row, some its column. Text tokens have three equal positions; text goes on after the
/// larger side of the picture's grid.
/// </summary>
internal sealed class Qwen2VlModel : VisionLanguageModel
{
    private readonly Qwen2Vision vision;
    private readonly Qwen2VlProcessor processor;
    private readonly ImageTokenCounter counter;
    private readonly Arithmetic arithmetic;

    /// <summary>Claims all tensors of the checkpoint.</summary>
    public Qwen2VlModel(ModelParts parts)
        : base(parts, LoadDecoder(parts))
    {
        arithmetic = parts.Weights.Arithmetic;
        Qwen2VisionShape shape = Qwen2VlConfig.Vision(parts.Config);
        vision = new Qwen2Vision(parts.Weights.Sub("visual"), shape, parts.Info.Hidden);
        processor = Processor(shape, parts.Pictures.Settings);
        counter = Counter(parts.Pictures);
        parts.Weights.RequireAllClaimed();
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
        Pixels pixels = processor.Process(fitted);
        torch.Tensor input = torch
            .tensor(pixels.Values, [.. pixels.Shape.Select(n => (long)n)])
            .to(arithmetic.Compute, arithmetic.Device);
        torch.Tensor features = vision.Forward(input, processor.Geometry(fitted.Width, fitted.Height)); // [P, hidden]
        return new ImageFeatures(features.MoveToOuterDisposeScope(), TokensOf(picture.Width, picture.Height));
    }

    /// <inheritdoc/>
    public override ImageTokens TokensOf(int width, int height) => counter.TokensOf(width, height);

    /// <summary>Image tokens by a picture's size.</summary>
    /// <exception cref="InputException">The size is no multiple of a token's pixels; the preprocessor is of no use, or
    /// of another model.</exception>
    public static ImageTokenCounter Counter(PictureSettings source)
    {
        Qwen2VisionShape shape = Qwen2VlConfig.Vision(source.Config);
        Qwen2VlProcessor processor = Processor(shape, source.Settings);
        int unit = shape.PatchSize * shape.MergeSize;
        if (source.Image.Square is { } side && (side < unit || side % unit != 0))
        {
            throw new InputException(
                "model.image.size",
                $"{side} is not a multiple of {unit}, the pixels a side of a Qwen2-VL image token.",
                "The default is 448."
            );
        }

        return new ImageTokenCounter(
            source.Image,
            (width, height) =>
            {
                Qwen2VlGeometry geometry = processor.Geometry(width, height);
                return ImageTokens.Grid(geometry.GridRows / geometry.Merge, geometry.GridColumns / geometry.Merge);
            }
        );
    }

    /// <inheritdoc/>
    public override TokenPositions Positions(PromptTokens prompt, ImageTokens image)
    {
        int start = prompt.ImageStart,
            after = start + Math.Max(image.Rows, image.Columns);
        long[] Axis(Func<int, int> ofImageToken) =>
            [
                .. Enumerable
                    .Range(0, prompt.Length)
                    .Select(i =>
                        i < start ? i
                        : i < prompt.SuffixStart ? start + ofImageToken(i - start)
                        : (long)after + (i - prompt.SuffixStart)
                    ),
            ];
        return new TokenPositions(
            [Axis(_ => 0), Axis(j => j / image.Columns), Axis(j => j % image.Columns)],
            after + prompt.SuffixLength
        );
    }

    /// <summary>Where image tokens lie: a grid over the whole picture, which is squashed to it.</summary>
    public static Func<int, int, IEnumerable<PictureRegion?>> Regions(PictureSettings source)
    {
        ImageTokenCounter counter = Counter(source);
        return (width, height) =>
        {
            ImageTokens tokens = counter.TokensOf(width, height);
            return PictureRegion.Whole.Cells(tokens.Rows, tokens.Columns).Select(r => (PictureRegion?)r);
        };
    }

    private static Decoder LoadDecoder(ModelParts parts)
    {
        Weights root = parts.Weights;
        return LlamaWeights.Load(root.Sub("model"), root, parts.Info.Decoder);
    }

    private static Qwen2VlProcessor Processor(Qwen2VisionShape shape, PreprocessorConfig preprocessor)
    {
        bool same =
            Qwen2VlSettings.Patch(preprocessor) == shape.PatchSize
            && Qwen2VlSettings.Frames(preprocessor) == shape.TemporalPatchSize
            && Qwen2VlSettings.Merge(preprocessor) == shape.MergeSize;
        return same
            ? new Qwen2VlProcessor(preprocessor)
            : throw new InputException(
                preprocessor.Source,
                "has other patch, time or merge sizes than config.json.",
                "Both files must be of one model."
            );
    }
}
