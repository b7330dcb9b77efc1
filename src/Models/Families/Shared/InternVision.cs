using Pipelines.Models.Tensors;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Pipelines.Models.Families.Shared;

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
    /// <param name="weights">The checkpoint.</param>
    /// <param name="names">How they are called.</param>
    /// <param name="shape">Numbers.</param>
    /// <param name="usedBlocks">Blocks that are run.</param>
    public InternVision(Weights weights, InternVisionNames names, InternVisionShape shape, int usedBlocks)
    {
        this.shape = shape;
        int width = shape.Hidden,
            p = shape.PatchSize;
        classToken = weights.Claim(names.ClassToken, 1, 1, width);
        positions = weights.Claim(names.Positions, 1, 1 + (shape.Grid * shape.Grid), width);
        patches = weights.LinearOf(
            weights.ClaimStored($"{names.Patches}.weight", width, 3, p, p).view(width, -1),
            weights.ClaimStored($"{names.Patches}.bias", width)
        );
        blocks =
        [
            .. Enumerable.Range(0, usedBlocks).Select(n => new Block(weights.Sub($"{names.Blocks}.{n}"), names, shape)),
        ];
    }

    /// <summary>The tower's tensors.</summary>
    /// <param name="names">How they are called.</param>
    /// <param name="shape">Numbers.</param>
    /// <param name="usedBlocks">Blocks that are run.</param>
    public static IEnumerable<ExpectedTensor> Expected(InternVisionNames names, InternVisionShape shape, int usedBlocks)
    {
        long width = shape.Hidden,
            positions = 1 + ((long)shape.Grid * shape.Grid);
        return
        [
            new(names.ClassToken, 1, 1, width),
            new(names.Positions, 1, positions, width),
            new($"{names.Patches}.weight", width, 3, shape.PatchSize, shape.PatchSize),
            new($"{names.Patches}.bias", width),
            .. Enumerable.Range(0, usedBlocks).SelectMany(n => ExpectedBlock($"{names.Blocks}.{n}.", names, shape)),
        ];
    }

    private static IEnumerable<ExpectedTensor> ExpectedBlock(
        string block,
        InternVisionNames names,
        InternVisionShape shape
    )
    {
        long width = shape.Hidden,
            mlp = shape.Intermediate,
            rows = 3 * width / names.Qkv.Count;
        return
        [
            .. names.Qkv.SelectMany(part => ExpectedTensor.Linear(block + part, rows, width, bias: true)),
            .. ExpectedTensor.Linear(block + names.Output, width, width, bias: true),
            .. ExpectedTensor.Linear($"{block}mlp.fc1", mlp, width, bias: true),
            .. ExpectedTensor.Linear($"{block}mlp.fc2", width, mlp, bias: true),
            .. ExpectedTensor.Norm(block + names.Norm1, width),
            .. ExpectedTensor.Norm(block + names.Norm2, width),
            new(block + names.Scale1, width),
            new(block + names.Scale2, width),
        ];
    }

    /// <summary>Tensors of the tower that a run with <paramref name="usedBlocks"/> blocks never reads.</summary>
    public static string[] Unused(InternVisionNames names, InternVisionShape shape, int usedBlocks) =>
        [.. Enumerable.Range(usedBlocks, shape.Layers - usedBlocks).Select(n => $"{names.Blocks}.{n}.")];

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
        private readonly ILinear[] qkv; // one of 3 * hidden rows, or three of hidden
        private readonly ILinear output,
            up,
            down;
        private readonly torch.Tensor scale1,
            scale2; // [hidden]

        public Block(Weights weights, InternVisionNames names, InternVisionShape shape)
        {
            heads = shape.Heads;
            int width = shape.Hidden;
            norm1 = Norm(names.Norm1);
            norm2 = Norm(names.Norm2);
            qkv = [.. names.Qkv.Select(part => weights.Linear(part, 3 * width / names.Qkv.Count, width, bias: true))];
            output = weights.Linear(names.Output, width, width, bias: true);
            up = weights.Linear("mlp.fc1", shape.Intermediate, width, bias: true);
            down = weights.Linear("mlp.fc2", width, shape.Intermediate, bias: true);
            scale1 = weights.Claim(names.Scale1, width);
            scale2 = weights.Claim(names.Scale2, width);

            LayerNorm Norm(string name) =>
                new(weights.Claim($"{name}.weight", width), weights.Claim($"{name}.bias", width), shape.NormEpsilon);
        }

        /// <summary>[n*T, hidden] -> [n*T, hidden].</summary>
        public torch.Tensor Forward(torch.Tensor x, long n)
        {
            using var scope = torch.NewDisposeScope();
            torch.Tensor split = Qkv(norm1.Forward(x)) // [n*T, 3*hidden]
                .view(n, x.shape[0] / n, 3, heads, x.shape[1] / heads)
                .permute(2, 0, 3, 1, 4); // [3, n, heads, T, d]
            torch.Tensor heard = F.scaled_dot_product_attention(split[0], split[1], split[2]); // [n, heads, T, d]
            torch.Tensor attended = x.Plus(output.Forward(heard.transpose(1, 2).reshape(x.shape)) * scale1);
            torch.Tensor fed = down.Forward(Activations.Gelu(up.Forward(norm2.Forward(attended))));
            return attended.Plus(fed * scale2).MoveToOuterDisposeScope();
        }

        private torch.Tensor Qkv(torch.Tensor normed) =>
            qkv is [var fused] ? fused.Forward(normed) : torch.cat([.. qkv.Select(part => part.Forward(normed))], 1);
    }
}
