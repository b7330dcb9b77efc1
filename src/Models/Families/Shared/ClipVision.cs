using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// The numbers of a CLIP vision tower (ViT with a class token, learned positions and a norm before the blocks).
/// </summary>
internal sealed record ClipShape(
    int Layers,
    int Hidden,
    int Heads,
    int Intermediate,
    int ImageSize,
    int PatchSize,
    int Channels,
    double NormEpsilon
)
{
    /// <summary>Patches along a side.</summary>
    public int Grid => ImageSize / PatchSize;

    /// <summary>A block's numbers.</summary>
    public ClipBlockShape Block => new(Hidden, Heads, Intermediate, NormEpsilon, Activations.QuickGelu);
}

/// <summary>
/// CLIP's vision tower as LLaVA uses it: hidden states after some blocks, class token included. <c>post_layernorm</c>
/// and the blocks after the last used one are stored but never run.
/// </summary>
internal sealed class ClipVision
{
    private readonly ClipShape shape;
    private readonly ILinear patches; // Channels*p*p -> hidden, no bias
    private readonly torch.Tensor classToken; // [hidden]
    private readonly torch.Tensor positions; // [1 + patches, hidden]
    private readonly LayerNorm preNorm;
    private readonly ClipBlock[] blocks;

    /// <summary>Claims the tower's tensors.</summary>
    /// <param name="weights">At <c>vision_tower.vision_model</c>.</param>
    /// <param name="shape">Numbers.</param>
    /// <param name="usedBlocks">Blocks that are run.</param>
    public ClipVision(Weights weights, ClipShape shape, int usedBlocks)
    {
        this.shape = shape;
        int width = shape.Hidden,
            p = shape.PatchSize;
        Weights embeddings = weights.Sub("embeddings");
        classToken = embeddings.Claim("class_embedding", width);
        patches = embeddings.LinearOf(
            embeddings.ClaimStored("patch_embedding.weight", width, shape.Channels, p, p).view(width, -1),
            null
        );
        positions = embeddings.Claim("position_embedding.weight", 1 + (shape.Grid * shape.Grid), width);
        preNorm = ClipBlock.Norm(weights, "pre_layrnorm", shape.Block); // sic
        blocks =
        [
            .. Enumerable
                .Range(0, usedBlocks)
                .Select(n => new ClipBlock(weights.Sub($"encoder.layers.{n}"), shape.Block)),
        ];
    }

    /// <summary>The tower's tensors.</summary>
    /// <param name="prefix">What they lie below.</param>
    /// <param name="shape">Numbers.</param>
    /// <param name="usedBlocks">Blocks that are run.</param>
    public static IEnumerable<ExpectedTensor> Expected(string prefix, ClipShape shape, int usedBlocks)
    {
        string embeddings = $"{prefix}.embeddings.";
        long width = shape.Hidden,
            positions = 1 + ((long)shape.Grid * shape.Grid);
        return
        [
            new($"{embeddings}class_embedding", width),
            new($"{embeddings}patch_embedding.weight", width, shape.Channels, shape.PatchSize, shape.PatchSize),
            new($"{embeddings}position_embedding.weight", positions, width),
            .. ExpectedTensor.Norm($"{prefix}.pre_layrnorm", width), // sic
            .. Enumerable
                .Range(0, usedBlocks)
                .SelectMany(n => ClipBlock.Expected($"{prefix}.encoder.layers.{n}", shape.Block)),
        ];
    }

    /// <summary>Tensors of the tower that a run with <paramref name="usedBlocks"/> blocks never reads.</summary>
    public static string[] Unused(string prefix, ClipShape shape, int usedBlocks) =>
        [
            $"{prefix}.post_layernorm.",
            $"{prefix}.embeddings.position_ids", // a buffer that old files hold
            .. Enumerable.Range(usedBlocks, shape.Layers - usedBlocks).Select(n => $"{prefix}.encoder.layers.{n}."),
        ];

    /// <summary>Hidden states after the used blocks.</summary>
    /// <param name="pixels">[n, 3, size, size], normalised.</param>
    /// <returns>[n, 1 + patches, hidden].</returns>
    public torch.Tensor Forward(torch.Tensor pixels)
    {
        using var scope = torch.NewDisposeScope();
        int p = shape.PatchSize,
            width = shape.Hidden;
        long n = pixels.shape[0];
        // [n, row, column, 3, p, p]
        torch.Tensor cut = pixels.unfold(2, p, p).unfold(3, p, p).permute(0, 2, 3, 1, 4, 5);
        // [n, patches, hidden]
        torch.Tensor embedded = patches.Forward(cut.reshape(-1, shape.Channels * p * p)).view(n, -1, width);
        torch.Tensor x = torch.cat([classToken.expand(n, 1, width), embedded], 1).Plus(positions); // [n, T, hidden]
        long length = x.shape[1];
        x = preNorm.Forward(x).view(n * length, width);
        foreach (ClipBlock block in blocks)
        {
            x = block.Forward(x, n);
        }

        return x.view(n, length, width).MoveToOuterDisposeScope();
    }
}
