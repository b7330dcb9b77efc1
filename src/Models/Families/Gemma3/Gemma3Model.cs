using Pipelines.Domain.Errors;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using TorchSharp;

namespace Pipelines.Models.Families.Gemma3;

/// <summary>
/// Gemma 3: SigLIP at 896 pixels -> 4 x 4 patches averaged to a token -> a decoder whose image tokens see each other
/// both ways. One picture, a fixed number of image tokens (16 x 16).
/// </summary>
internal sealed class Gemma3Model : VisionLanguageModel
{
    private readonly SiglipShape vision;
    private readonly SiglipVision tower;
    private readonly Gemma3Projector projector;
    private readonly Gemma3Processor processor;
    private readonly int tokensOfSide;
    private readonly Arithmetic arithmetic;

    /// <summary>Claims all tensors of the checkpoint.</summary>
    public Gemma3Model(ModelParts parts)
        : base(parts, LlavaTower.LoadDecoder(parts))
    {
        arithmetic = parts.Weights.Arithmetic;
        vision = Gemma3Config.Vision(parts.Config);
        tokensOfSide = Gemma3Config.TokensOfSide(parts.Config);
        SiglipUse use = Gemma3Config.Use(parts.Config);
        tower = new SiglipVision(parts.Weights.Sub(LlavaTensors.Tower), vision, use);
        projector = new Gemma3Projector(parts.Weights.Sub(Gemma3Tensors.Projector), parts.Config, parts.Info.Hidden);
        processor = Processor(parts.Pictures);
        parts.Weights.RequireAllClaimed(SiglipVision.Unused(LlavaTensors.Tower, vision, use));
    }

    /// <inheritdoc/>
    public override Pixels Preprocess(Picture picture) => processor.Process(picture);

    /// <inheritdoc/>
    public override ImageFeatures Features(Picture picture)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        using var oneThread = new OneTorchThread(arithmetic);
        Pixels pixels = Preprocess(picture);
        torch.Tensor input = pixels.ToTensor(arithmetic); // [1, 3, side, side]
        torch.Tensor features = projector.Forward(tower.Forward(input)[0]); // [P, hidden]
        return new ImageFeatures(features.MoveToOuterDisposeScope(), TokensOf(picture.Width, picture.Height));
    }

    /// <inheritdoc/>
    public override ImageTokens TokensOf(int width, int height) => ImageTokens.Grid(tokensOfSide, tokensOfSide);

    /// <inheritdoc/>
    public override TokenGrid GridOf(Picture picture)
    {
        int seen = vision.Grid * vision.PatchSize;
        return new TokenGrid(processor.Squashed(picture).Crop(0, 0, seen, seen), tokensOfSide, tokensOfSide);
    }

    /// <summary>Image tokens by a picture's size: always the same.</summary>
    /// <exception cref="InputException">The preprocessor is of no use, or of another model.</exception>
    public static ImageTokenCounter Counter(PictureSettings source)
    {
        Processor(source);
        int side = Gemma3Config.TokensOfSide(source.Config);
        return new ImageTokenCounter(source.Image, (_, _) => ImageTokens.Grid(side, side));
    }

    /// <summary>Which part of a picture each token stands for.</summary>
    public static Func<int, int, IEnumerable<PictureRegion?>> Regions(PictureSettings source)
    {
        SiglipShape vision = Gemma3Config.Vision(source.Config);
        int tokens = Gemma3Config.TokensOfSide(source.Config);
        double seen = (double)(vision.Grid * vision.PatchSize) / vision.ImageSize;
        return (_, _) => new PictureRegion(0, 0, seen, seen).Cells(tokens, tokens).Select(r => (PictureRegion?)r);
    }

    private static Gemma3Processor Processor(PictureSettings source)
    {
        var processor = new Gemma3Processor(source.Settings);
        LlavaTower.CheckPixels(processor.Side, Gemma3Config.Vision(source.Config).ImageSize, source.Settings);
        return processor;
    }
}
