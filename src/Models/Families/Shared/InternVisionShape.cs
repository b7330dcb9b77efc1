using Pipelines.Domain.Errors;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// The numbers of an InternViT tower (ViT with a class token, learned positions and a scale for each branch).
/// </summary>
internal sealed record InternVisionShape(
    int Layers,
    int Hidden,
    int Heads,
    int Intermediate,
    int ImageSize,
    int PatchSize,
    double NormEpsilon
)
{
    /// <summary>What is wrong where the numbers do not <see cref="Fit"/>.</summary>
    public const string Misfit =
        "does not fit: hidden_size / num_attention_heads must be whole and image_size / patch_size even.";

    /// <summary>Which towers are read.</summary>
    public const string Supported = "Supported are the models with InternViT-300M, 1B to 14B.";

    /// <summary>Patches along a side.</summary>
    public int Grid => ImageSize / PatchSize;

    /// <summary>Image tokens along a side of a tile: 2 x 2 patches are one.</summary>
    public int TokenGrid => Grid / 2;

    /// <summary>Features of the patches that are one token.</summary>
    public int Joined => 4 * Hidden;

    /// <summary>Whether heads, patches and tokens are whole.</summary>
    public bool Fit => Hidden % Heads == 0 && ImageSize % PatchSize == 0 && Grid % 2 == 0;

    /// <summary>Demands the norms of InternViT-300M.</summary>
    /// <param name="vision">The tower's section.</param>
    /// <param name="otherwise">The class default.</param>
    /// <exception cref="InputException">Those of InternViT-6B, or others.</exception>
    public static void RequireLayerNorm(ModelConfig vision, string otherwise)
    {
        string norm = vision.Text("norm_type", otherwise);
        if (norm != "layer_norm")
        {
            throw vision.Error(
                "norm_type",
                norm == "rms_norm"
                    ? "is \"rms_norm\": that is InternViT-6B, the tower of the models of 26B, 38B and more, which is "
                        + "not computed here."
                    : $"is \"{norm}\"; only \"layer_norm\" is supported here.",
                Supported
            );
        }
    }

    /// <summary>The tower's costs.</summary>
    /// <param name="blocks">Blocks that are run.</param>
    /// <param name="imageTokens">P.</param>
    public VisionShape Costs(int blocks, int imageTokens) =>
        new(blocks, Hidden, Intermediate, Math.Max(1, imageTokens / (TokenGrid * TokenGrid)), 1 + (Grid * Grid));
}

/// <summary>How a layout calls the tensors of tower and projector.</summary>
/// <param name="ClassToken">[1, 1, hidden].</param>
/// <param name="Positions">[1, 1 + patches, hidden].</param>
/// <param name="Patches">The convolution, without ".weight".</param>
/// <param name="Blocks">What the blocks' numbers follow.</param>
/// <param name="Qkv">Queries, keys and values of a block: one name where one matrix holds them, else three.</param>
/// <param name="Output">The attention's output.</param>
/// <param name="Norm1">The norm before the attention.</param>
/// <param name="Norm2">The norm before the MLP.</param>
/// <param name="Scale1">The scale of the attention's branch.</param>
/// <param name="Scale2">The scale of the MLP's.</param>
/// <param name="ProjectorNorm">The projector's norm.</param>
/// <param name="Projector1">Its first layer.</param>
/// <param name="Projector2">Its second.</param>
internal sealed record InternVisionNames(
    string ClassToken,
    string Positions,
    string Patches,
    string Blocks,
    IReadOnlyList<string> Qkv,
    string Output,
    string Norm1,
    string Norm2,
    string Scale1,
    string Scale2,
    string ProjectorNorm,
    string Projector1,
    string Projector2
);
