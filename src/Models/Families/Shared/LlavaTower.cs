using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using TorchSharp;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// What LLaVA-1.5 and LLaVA-NeXT share: CLIP and the projector linear_2(gelu(linear_1 x)); and what all that are laid
/// out as they are do alike with the decoder and the pictures' size.
/// </summary>
internal sealed class LlavaTower
{
    private readonly ClipVision clip;
    private readonly LlavaProjector projector;
    private readonly bool dropsClassToken;
    private readonly Arithmetic arithmetic;

    /// <summary>Claims tower and projector.</summary>
    public LlavaTower(ModelParts parts)
    {
        ModelConfig config = parts.Config;
        arithmetic = parts.Weights.Arithmetic;
        Vision = LlavaConfig.Vision(config);
        dropsClassToken = LlavaConfig.DropsClassToken(config);
        int blocks = LlavaConfig.VisionBlocks(config, Vision),
            hidden = parts.Info.Hidden;
        bool bias = LlavaConfig.ProjectorBias(config);
        clip = new ClipVision(parts.Weights.Sub(LlavaTensors.Tower), Vision, blocks);
        Unused = ClipVision.Unused(LlavaTensors.Tower, Vision, blocks);
        projector = new LlavaProjector(parts.Weights, Vision.Hidden, hidden, bias);
    }

    /// <summary>The CLIP tower's numbers.</summary>
    public ClipShape Vision { get; }

    /// <summary>Tensors that are stored but never used.</summary>
    public string[] Unused { get; }

    /// <summary>Image tokens of one tile.</summary>
    public ImageTokens TokensOfTile => TokensOf(Vision, dropsClassToken);

    /// <summary>Image tokens of one tile: the patches, and the class token where it is kept.</summary>
    public static ImageTokens TokensOf(ClipShape vision, bool dropsClassToken) =>
        dropsClassToken
            ? ImageTokens.Grid(vision.Grid, vision.Grid)
            : new ImageTokens(1 + (vision.Grid * vision.Grid), 0, 0);

    /// <summary>Claims the decoder.</summary>
    public static Decoder LoadDecoder(ModelParts parts)
    {
        Weights language = parts.Weights.Sub("language_model");
        return LlamaWeights.Load(language.Sub("model"), language, parts.Info.Decoder);
    }

    /// <summary>The preprocessor must make pictures of the tower's size.</summary>
    /// <exception cref="InputException">It does not.</exception>
    public static void CheckPixels(int side, int imageSize, PreprocessorConfig preprocessor)
    {
        if (side != imageSize)
        {
            throw new InputException(
                preprocessor.Source,
                $"makes pictures of {side} x {side} pixels, but the vision tower reads {imageSize} x "
                    + $"{imageSize}.",
                "Use the file that belongs to the checkpoint."
            );
        }
    }

    /// <summary>The tiles' projected features.</summary>
    /// <param name="pixels">[tiles, 3, size, size].</param>
    /// <returns>[tiles, tokens, hidden], owned by the caller's dispose scope.</returns>
    public torch.Tensor Features(Pixels pixels)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        using var oneThread = new OneTorchThread(arithmetic);
        torch.Tensor input = pixels.ToTensor(arithmetic);
        torch.Tensor states = clip.Forward(input); // [tiles, 1 + patches, vision hidden]
        torch.Tensor kept = dropsClassToken ? states.narrow(1, 1, states.shape[1] - 1) : states;
        torch.Tensor rows = kept.reshape(-1, Vision.Hidden);
        torch.Tensor projected = projector.Forward(rows); // [tiles*tokens, hidden]
        return projected.view(kept.shape[0], kept.shape[1], -1).MoveToOuterDisposeScope();
    }
}
