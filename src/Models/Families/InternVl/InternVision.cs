using Pipelines.Models.Tensors;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Pipelines.Models.Families.InternVl;

/// <summary>
/// InternViT-300M: no norm before the blocks, none after; x += ls1 * attention(norm1 x); x += ls2 * mlp(norm2 x).
/// </summary>
internal sealed class InternVision
{
    private readonly InternVisionShape shape;
    private readonly ILinear patches; // 3*p*p -> hidden
    private readonly torch.Tensor classToken; // [1, 1, hidden]
    private readonly torch.Tensor positions; // [1, 1 + patches, hidden]
    private readonly Block[] blocks;

    /// <summary>Claims the tower's tensors.</summary>
    /// <param name="weights">At <c>vision_model</c>.</param>
    /// <param name="shape">Numbers.</param>
    /// <param name="usedBlocks">Blocks that are run.</param>
    public InternVision(Weights weights, InternVisionShape shape, int usedBlocks)
    {
        this.shape = shape;
        int width = shape.Hidden,
            p = shape.PatchSize;
        Weights embeddings = weights.Sub("embeddings");
        classToken = embeddings.Claim("class_embedding", 1, 1, width);
        positions = embeddings.Claim("position_embedding", 1, 1 + (shape.Grid * shape.Grid), width);
        patches = embeddings.LinearOf(
            embeddings.ClaimStored("patch_embedding.weight", width, 3, p, p).view(width, -1),
            embeddings.ClaimStored("patch_embedding.bias", width)
        );
        blocks = [.. Enumerable.Range(0, usedBlocks).Select(n => new Block(weights.Sub($"encoder.layers.{n}"), shape))];
    }

    /// <summary>The tower's tensors.</summary>
    /// <param name="prefix">What they lie below.</param>
    /// <param name="shape">Numbers.</param>
    /// <param name="usedBlocks">Blocks that are run.</param>
    public static IEnumerable<ExpectedTensor> Expected(string prefix, InternVisionShape shape, int usedBlocks)
    {
        string embeddings = $"{prefix}.embeddings.";
        long width = shape.Hidden,
            positions = 1 + ((long)shape.Grid * shape.Grid);
        return
        [
            new($"{embeddings}class_embedding", 1, 1, width),
            new($"{embeddings}position_embedding", 1, positions, width),
            new($"{embeddings}patch_embedding.weight", width, 3, shape.PatchSize, shape.PatchSize),
            new($"{embeddings}patch_embedding.bias", width),
            .. Enumerable.Range(0, usedBlocks).SelectMany(n => ExpectedBlock($"{prefix}.encoder.layers.{n}.", shape)),
        ];
    }

    private static IEnumerable<ExpectedTensor> ExpectedBlock(string block, InternVisionShape shape)
    {
        long width = shape.Hidden,
            mlp = shape.Intermediate;
        return
        [
            .. ExpectedTensor.Linear($"{block}attn.qkv", 3 * width, width, bias: true),
            .. ExpectedTensor.Linear($"{block}attn.proj", width, width, bias: true),
            .. ExpectedTensor.Linear($"{block}mlp.fc1", mlp, width, bias: true),
            .. ExpectedTensor.Linear($"{block}mlp.fc2", width, mlp, bias: true),
            .. ExpectedTensor.Norm($"{block}norm1", width),
            .. ExpectedTensor.Norm($"{block}norm2", width),
            new($"{block}ls1", width),
            new($"{block}ls2", width),
        ];
    }

    /// <summary>Tensors of the tower that a run with <paramref name="usedBlocks"/> blocks never reads.</summary>
    public static string[] Unused(string prefix, InternVisionShape shape, int usedBlocks) =>
        [.. Enumerable.Range(usedBlocks, shape.Layers - usedBlocks).Select(n => $"{prefix}.encoder.layers.{n}.")];

    /// <summary>The tiles' hidden states after the used blocks.</summary>
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
        torch.Tensor embedded = patches.Forward(cut.reshape(-1, 3 * p * p)).view(n, -1, width); // [n, patches, hidden]
        torch.Tensor x = torch.cat([classToken.expand(n, 1, width), embedded], 1).Plus(positions); // [n, T, hidden]
        long length = x.shape[1];
        x = x.view(n * length, width);
        foreach (Block block in blocks)
        {
            x = block.Forward(x, n);
        }

        return x.view(n, length, width).MoveToOuterDisposeScope();
    }

    private sealed class Block
    {
        private readonly int heads;
        private readonly LayerNorm norm1,
            norm2;
        private readonly ILinear qkv,
            output,
            up,
            down;
        private readonly torch.Tensor scale1,
            scale2; // ls1, ls2 [hidden]

        public Block(Weights weights, InternVisionShape shape)
        {
            heads = shape.Heads;
            int width = shape.Hidden;
            norm1 = new LayerNorm(
                weights.Claim("norm1.weight", width),
                weights.Claim("norm1.bias", width),
                shape.NormEpsilon
            );
            norm2 = new LayerNorm(
                weights.Claim("norm2.weight", width),
                weights.Claim("norm2.bias", width),
                shape.NormEpsilon
            );
            qkv = weights.Linear("attn.qkv", 3 * width, width, bias: true);
            output = weights.Linear("attn.proj", width, width, bias: true);
            up = weights.Linear("mlp.fc1", shape.Intermediate, width, bias: true);
            down = weights.Linear("mlp.fc2", width, shape.Intermediate, bias: true);
            scale1 = weights.Claim("ls1", width);
            scale2 = weights.Claim("ls2", width);
        }

        /// <summary>[n*T, hidden] -> [n*T, hidden].</summary>
        public torch.Tensor Forward(torch.Tensor x, long n)
        {
            using var scope = torch.NewDisposeScope();
            torch.Tensor split = qkv.Forward(norm1.Forward(x))
                .view(n, x.shape[0] / n, 3, heads, x.shape[1] / heads)
                .permute(2, 0, 3, 1, 4); // [3, n, heads, T, d]
            torch.Tensor heard = F.scaled_dot_product_attention(split[0], split[1], split[2]); // [n, heads, T, d]
            torch.Tensor attended = x.Plus(output.Forward(heard.transpose(1, 2).reshape(x.shape)) * scale1);
            torch.Tensor fed = down.Forward(Activations.Gelu(up.Forward(norm2.Forward(attended))));
            return attended.Plus(fed * scale2).MoveToOuterDisposeScope();
        }
    }
}
