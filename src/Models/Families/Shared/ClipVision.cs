using Pipelines.Models.Tensors;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

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
    private readonly Block[] blocks;

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
        preNorm = Norm(weights, "pre_layrnorm", shape); // sic
        blocks = [.. Enumerable.Range(0, usedBlocks).Select(n => new Block(weights.Sub($"encoder.layers.{n}"), shape))];
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
            .. Enumerable.Range(0, usedBlocks).SelectMany(n => ExpectedBlock($"{prefix}.encoder.layers.{n}.", shape)),
        ];
    }

    private static IEnumerable<ExpectedTensor> ExpectedBlock(string block, ClipShape shape)
    {
        long width = shape.Hidden,
            mlp = shape.Intermediate;
        string[] projections = ["q_proj", "k_proj", "v_proj", "out_proj"];
        return
        [
            .. projections.SelectMany(p => ExpectedTensor.Linear($"{block}self_attn.{p}", width, width, bias: true)),
            .. ExpectedTensor.Linear($"{block}mlp.fc1", mlp, width, bias: true),
            .. ExpectedTensor.Linear($"{block}mlp.fc2", width, mlp, bias: true),
            .. ExpectedTensor.Norm($"{block}layer_norm1", width),
            .. ExpectedTensor.Norm($"{block}layer_norm2", width),
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
        foreach (Block block in blocks)
        {
            x = block.Forward(x, n);
        }

        return x.view(n, length, width).MoveToOuterDisposeScope();
    }

    private static LayerNorm Norm(Weights weights, string name, ClipShape shape) =>
        new(
            weights.Claim($"{name}.weight", shape.Hidden),
            weights.Claim($"{name}.bias", shape.Hidden),
            shape.NormEpsilon
        );

    /// <summary>x += out(attention(norm1 x)); x += fc2(quick_gelu(fc1(norm2 x))).</summary>
    private sealed class Block
    {
        private readonly int heads;
        private readonly LayerNorm norm1,
            norm2;
        private readonly ILinear query,
            key,
            value,
            output,
            up,
            down;

        public Block(Weights weights, ClipShape shape)
        {
            heads = shape.Heads;
            norm1 = Norm(weights, "layer_norm1", shape);
            norm2 = Norm(weights, "layer_norm2", shape);
            query = weights.Linear("self_attn.q_proj", shape.Hidden, shape.Hidden, bias: true);
            key = weights.Linear("self_attn.k_proj", shape.Hidden, shape.Hidden, bias: true);
            value = weights.Linear("self_attn.v_proj", shape.Hidden, shape.Hidden, bias: true);
            output = weights.Linear("self_attn.out_proj", shape.Hidden, shape.Hidden, bias: true);
            up = weights.Linear("mlp.fc1", shape.Intermediate, shape.Hidden, bias: true);
            down = weights.Linear("mlp.fc2", shape.Hidden, shape.Intermediate, bias: true);
        }

        /// <summary>[n*T, hidden] -> [n*T, hidden].</summary>
        public torch.Tensor Forward(torch.Tensor x, long n)
        {
            using var scope = torch.NewDisposeScope();
            torch.Tensor normed = norm1.Forward(x);
            torch.Tensor heard = F.scaled_dot_product_attention(
                Split(query, normed, n),
                Split(key, normed, n),
                Split(value, normed, n)
            ); // [n, heads, T, d]
            torch.Tensor attended = x.Plus(output.Forward(heard.transpose(1, 2).reshape(x.shape)));
            torch.Tensor fed = down.Forward(Activations.QuickGelu(up.Forward(norm2.Forward(attended))));
            return attended.Plus(fed).MoveToOuterDisposeScope();
        }

        private torch.Tensor Split(ILinear linear, torch.Tensor x, long n)
        {
            torch.Tensor rows = linear.Forward(x);
            return rows.view(n, rows.shape[0] / n, heads, rows.shape[1] / heads).transpose(1, 2); // [n, heads, T, d]
        }
    }
}
