using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using TorchSharp;

namespace Pipelines.Models.Families.InternVl;

/// <summary>
/// InternVL2.5: InternViT on tiles -> pixel shuffle (2 x 2 patches joined) -> mlp1 -> Qwen2 (1B, 4B) or InternLM2 (2B,
/// 8B). A picture becomes one or more tiles and, where more, a thumbnail; each is (grid / 2)^2 image tokens, 256 as
/// published.
/// </summary>
internal sealed class InternVlModel : VisionLanguageModel
{
    private readonly InternVision vision;
    private readonly InternVisionShape shape;
    private readonly InternVlProcessor processor;
    private readonly ImageTokenCounter counter;
    private readonly LayerNorm norm; // mlp1.0
    private readonly ILinear linear1; // mlp1.1
    private readonly ILinear linear2; // mlp1.3
    private readonly Arithmetic arithmetic;

    /// <summary>Claims all tensors of the checkpoint.</summary>
    public InternVlModel(ModelParts parts)
        : base(parts, LoadDecoder(parts))
    {
        ModelConfig config = parts.Config;
        InternVlConfig.CheckShuffle(config);
        arithmetic = parts.Weights.Arithmetic;
        shape = InternVlConfig.Vision(config);
        int blocks = InternVlConfig.VisionBlocks(config, shape),
            joined = 4 * shape.Hidden,
            hidden = parts.Info.Hidden;
        vision = new InternVision(parts.Weights.Sub("vision_model"), shape, blocks);
        norm = new LayerNorm(
            parts.Weights.Claim("mlp1.0.weight", joined),
            parts.Weights.Claim("mlp1.0.bias", joined),
            1e-5
        ); // nn.LayerNorm's default
        linear1 = parts.Weights.Linear("mlp1.1", hidden, joined, bias: true);
        linear2 = parts.Weights.Linear("mlp1.3", hidden, hidden, bias: true);
        processor = Processor(parts.Pictures);
        counter = Counter(parts.Pictures);
        parts.Weights.RequireAllClaimed(InternVision.Unused("vision_model", shape, blocks));
    }

    /// <inheritdoc/>
    public override Pixels Preprocess(Picture picture) => processor.Process(Image.Fitted(picture));

    /// <inheritdoc/>
    public override ImageFeatures Features(Picture picture)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        using var oneThread = new OneTorchThread(arithmetic);
        Pixels pixels = Preprocess(picture);
        torch.Tensor input = torch
            .tensor(pixels.Values, [.. pixels.Shape.Select(n => (long)n)])
            .to(arithmetic.Compute, arithmetic.Device);
        torch.Tensor states = vision.Forward(input); // [tiles, 1 + patches, vision hidden]
        long half = shape.Grid / 2;
        torch.Tensor shuffled = states
            .narrow(1, 1, states.shape[1] - 1) // class token dropped
            .reshape(-1, half, 2, half, 2, shape.Hidden)
            .permute(0, 1, 3, 2, 4, 5) // token (r, c) joins patches (2r, 2c), (2r, 2c+1), (2r+1, 2c), (2r+1, 2c+1)
            .reshape(-1, 4 * shape.Hidden); // [P, 4 * vision hidden]
        // [P, hidden]
        torch.Tensor features = linear2.Forward(Activations.Gelu(linear1.Forward(norm.Forward(shuffled))));
        return new ImageFeatures(features.MoveToOuterDisposeScope(), TokensOf(picture.Width, picture.Height));
    }

    /// <inheritdoc/>
    public override ImageTokens TokensOf(int width, int height) => counter.TokensOf(width, height);

    /// <summary>Image tokens by a picture's size.</summary>
    public static ImageTokenCounter Counter(PictureSettings source)
    {
        InternVlProcessor processor = Processor(source);
        int half = InternVlConfig.Vision(source.Config).Grid / 2;
        return new ImageTokenCounter(
            source.Image,
            (width, height) =>
                processor.Geometry(width, height).Tiles is > 1 and var tiles
                    ? new ImageTokens(tiles * half * half, 0, 0)
                    : ImageTokens.Grid(half, half)
        );
    }

    /// <summary>The preprocessing of a folder.</summary>
    internal static InternVlProcessor Processor(PictureSettings source)
    {
        (int least, int most, bool thumbnail) = InternVlConfig.Tiles(source.Config);
        most = source.Image.MaxTiles ?? most;
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
