using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families.Shared;

/// <summary>How the towers of the Qwen families cut a picture.</summary>
/// <param name="Side">Pixels a side of a patch.</param>
/// <param name="Frames">Frames of a patch; a still picture fills all of them.</param>
/// <param name="Merge">Patches joined to one image token, each way.</param>
internal readonly record struct QwenPatch(int Side, int Frames, int Merge)
{
    private const string Convolution = "patch_embed.proj";

    /// <summary>Pixels a side of an image token.</summary>
    public int Unit => Side * Merge;

    /// <summary>Patches of an image token.</summary>
    public int OfToken => Merge * Merge;

    /// <summary>The sizes that a tower's section of config.json names.</summary>
    /// <param name="vision">The section.</param>
    /// <param name="side">The class's patch_size.</param>
    public static QwenPatch Read(ModelConfig vision, int side) =>
        new(
            vision.Count("patch_size", side),
            vision.Count("temporal_patch_size", 2),
            vision.Count("spatial_merge_size", 2)
        );

    /// <summary>The convolution's tensors.</summary>
    /// <param name="prefix">What the tower lies below.</param>
    /// <param name="width">Features of a patch in the tower.</param>
    /// <param name="bias">Whether it has a bias.</param>
    public IEnumerable<ExpectedTensor> Expected(string prefix, long width, bool bias)
    {
        ExpectedTensor weight = new($"{prefix}.{Convolution}.weight", width, 3, Frames, Side, Side);
        return bias ? [weight, new($"{prefix}.{Convolution}.bias", width)] : [weight];
    }

    /// <summary>
    /// Claims the convolution. Its kernel is its stride, which makes it a linear layer over a patch's numbers.
    /// </summary>
    /// <param name="weights">At the tower.</param>
    /// <param name="width">Features of a patch in the tower.</param>
    /// <param name="bias">Whether it has a bias.</param>
    /// <returns>channels * frames * side * side -> width.</returns>
    public ILinear Embedding(Weights weights, int width, bool bias)
    {
        torch.Tensor kernel = weights.ClaimStored($"{Convolution}.weight", width, 3, Frames, Side, Side);
        return weights.LinearOf(
            kernel.view(width, -1),
            bias ? weights.ClaimStored($"{Convolution}.bias", width) : null
        );
    }
}
