using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// The numbers of a SigLIP vision tower (ViT without a class token, learned positions, no norm before the blocks).
/// </summary>
internal sealed record SiglipShape(
    int Layers,
    int Hidden,
    int Heads,
    int Intermediate,
    int ImageSize,
    int PatchSize,
    double NormEpsilon
)
{
    /// <summary>
    /// Whole patches along a side: 384 pixels are 27 patches of 14, and the 6 at the right and the bottom are not seen.
    /// </summary>
    public int Grid => ImageSize / PatchSize;

    /// <summary>Patches of a picture.</summary>
    public int Patches => Grid * Grid;

    /// <summary>A block's numbers.</summary>
    public ClipBlockShape Block => new(Hidden, Heads, Intermediate, NormEpsilon, Activations.GeluTanh);
}

/// <summary>Which of a SigLIP tower's states a family uses.</summary>
/// <param name="Blocks">Blocks that are run: all of them, or fewer where the states before the last are used.</param>
/// <param name="FinalNorm">Whether <c>post_layernorm</c> follows them; where it does not, it is stored and
/// unused.</param>
internal sealed record SiglipUse(int Blocks, bool FinalNorm);

/// <summary>
/// SigLIP's vision tower (Zhai et al., 2023) up to its states; the pooling head is never used. transformers'
/// SiglipVisionTransformer, SmolVLMVisionTransformer and Idefics3VisionTransformer at their full resolution.
/// </summary>
internal sealed class SiglipVision
{
    private const int Channels = 3;
    private readonly SiglipShape shape;
    private readonly ILinear patches; // 3*p*p -> hidden
    private readonly torch.Tensor positions; // [patches, hidden]
    private readonly ClipBlock[] blocks;
    private readonly LayerNorm? finalNorm;

    /// <summary>Claims the tower's tensors.</summary>
    /// <param name="weights">At <c>…vision_model</c>.</param>
    /// <param name="shape">Numbers.</param>
    /// <param name="use">What of it is run.</param>
    public SiglipVision(Weights weights, SiglipShape shape, SiglipUse use)
    {
        this.shape = shape;
        int width = shape.Hidden,
            p = shape.PatchSize;
        Weights embeddings = weights.Sub("embeddings");
        patches = embeddings.LinearOf(
            embeddings.ClaimStored("patch_embedding.weight", width, Channels, p, p).view(width, -1),
            embeddings.ClaimStored("patch_embedding.bias", width)
        );
        positions = embeddings.Claim("position_embedding.weight", shape.Patches, width);
        blocks =
        [
            .. Enumerable
                .Range(0, use.Blocks)
                .Select(n => new ClipBlock(weights.Sub($"encoder.layers.{n}"), shape.Block)),
        ];
        finalNorm = use.FinalNorm ? ClipBlock.Norm(weights, "post_layernorm", shape.Block) : null;
    }

    /// <summary>The tensors that a run uses.</summary>
    /// <param name="prefix">What they lie below, without the dot.</param>
    /// <param name="shape">Numbers.</param>
    /// <param name="use">What of the tower is run.</param>
    public static IEnumerable<ExpectedTensor> Expected(string prefix, SiglipShape shape, SiglipUse use)
    {
        string embeddings = $"{prefix}.embeddings.";
        long width = shape.Hidden,
            p = shape.PatchSize;
        return
        [
            new($"{embeddings}patch_embedding.weight", width, Channels, p, p),
            new($"{embeddings}patch_embedding.bias", width),
            new($"{embeddings}position_embedding.weight", shape.Patches, width),
            .. Enumerable
                .Range(0, use.Blocks)
                .SelectMany(n => ClipBlock.Expected($"{prefix}.encoder.layers.{n}", shape.Block)),
            .. use.FinalNorm ? ExpectedTensor.Norm($"{prefix}.post_layernorm", width) : [],
        ];
    }

    /// <summary>Tensors of the tower that a run never reads.</summary>
    /// <param name="prefix">What they lie below, without the dot.</param>
    /// <param name="shape">Numbers.</param>
    /// <param name="use">What of the tower is run.</param>
    public static string[] Unused(string prefix, SiglipShape shape, SiglipUse use) =>
        [
            $"{prefix}.head.", // attention pooling, where vision_use_head kept it
            $"{prefix}.embeddings.position_ids", // a buffer that old files hold
            .. use.FinalNorm ? Array.Empty<string>() : [$"{prefix}.post_layernorm."],
            .. Enumerable.Range(use.Blocks, shape.Layers - use.Blocks).Select(n => $"{prefix}.encoder.layers.{n}."),
        ];

    /// <summary>The states after the blocks that are run, normed where the family norms them.</summary>
    /// <param name="pixels">[n, 3, size, size], normalised; pixels beyond the last whole patch are not read.</param>
    /// <returns>[n, patches, hidden], patches row by row.</returns>
    public torch.Tensor Forward(torch.Tensor pixels)
    {
        using var scope = torch.NewDisposeScope();
        int p = shape.PatchSize,
            width = shape.Hidden;
        long n = pixels.shape[0];
        // [n, row, column, 3, p, p]
        torch.Tensor cut = pixels.unfold(2, p, p).unfold(3, p, p).permute(0, 2, 3, 1, 4, 5);
        torch.Tensor embedded = patches.Forward(cut.reshape(-1, Channels * p * p)); // [n*patches, hidden]
        torch.Tensor x = embedded.view(n, -1, width).Plus(positions).view(-1, width);
        foreach (ClipBlock block in blocks)
        {
            x = block.Forward(x, n);
        }

        torch.Tensor states = finalNorm?.Forward(x) ?? x;
        return states.view(n, -1, width).MoveToOuterDisposeScope();
    }
}
