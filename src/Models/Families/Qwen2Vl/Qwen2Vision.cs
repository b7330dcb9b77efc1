using Pipelines.Models.Tensors;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Pipelines.Models.Families.Qwen2Vl;

/// <summary>
/// Qwen2-VL's vision tower at any resolution: no class token, no learned positions, a rotary embedding of rows and
/// columns, attention over the whole picture, and a merger that joins 2 x 2 patches to one image token. Patches come in
/// merge order, so that the four patches of a token are neighbours.
/// </summary>
internal sealed class Qwen2Vision
{
    private const double Epsilon = 1e-6; // fixed in the published code
    private readonly Qwen2VisionShape shape;
    private readonly ILinear patches; // channels*time*p*p -> embed, no bias
    private readonly Block[] blocks;
    private readonly LayerNorm mergerNorm;
    private readonly ILinear merger1,
        merger2;

    /// <summary>Claims the tower's tensors.</summary>
    /// <param name="weights">At <c>visual</c>.</param>
    /// <param name="shape">Numbers.</param>
    /// <param name="hidden">Features of the decoder.</param>
    public Qwen2Vision(Weights weights, Qwen2VisionShape shape, int hidden)
    {
        this.shape = shape;
        int p = shape.PatchSize;
        torch.Tensor convolution = weights.ClaimStored(
            "patch_embed.proj.weight",
            shape.EmbedDim,
            3,
            shape.TemporalPatchSize,
            p,
            p
        );
        // Kernel = stride: a linear layer over a patch
        patches = weights.LinearOf(convolution.view(shape.EmbedDim, -1), null);
        blocks = [.. Enumerable.Range(0, shape.Depth).Select(n => new Block(weights.Sub($"blocks.{n}"), shape))];
        mergerNorm = Norm(weights, "merger.ln_q", shape);
        merger1 = weights.Linear("merger.mlp.0", shape.Merged, shape.Merged, bias: true);
        merger2 = weights.Linear("merger.mlp.2", hidden, shape.Merged, bias: true);
    }

    /// <summary>The tower's and the merger's tensors.</summary>
    /// <param name="prefix">What they lie below.</param>
    /// <param name="shape">Numbers.</param>
    /// <param name="hidden">Features of the decoder.</param>
    public static IEnumerable<ExpectedTensor> Expected(string prefix, Qwen2VisionShape shape, long hidden)
    {
        long width = shape.EmbedDim,
            merged = shape.Merged,
            side = shape.PatchSize;
        return
        [
            new($"{prefix}.patch_embed.proj.weight", width, 3, shape.TemporalPatchSize, side, side),
            .. Enumerable.Range(0, shape.Depth).SelectMany(n => ExpectedBlock($"{prefix}.blocks.{n}.", shape)),
            .. ExpectedTensor.Norm($"{prefix}.merger.ln_q", width),
            .. ExpectedTensor.Linear($"{prefix}.merger.mlp.0", merged, merged, bias: true),
            .. ExpectedTensor.Linear($"{prefix}.merger.mlp.2", hidden, merged, bias: true),
        ];
    }

    private static IEnumerable<ExpectedTensor> ExpectedBlock(string block, Qwen2VisionShape shape)
    {
        long width = shape.EmbedDim,
            mlp = shape.Intermediate;
        return
        [
            .. ExpectedTensor.Norm($"{block}norm1", width),
            .. ExpectedTensor.Norm($"{block}norm2", width),
            .. ExpectedTensor.Linear($"{block}attn.qkv", 3 * width, width, bias: true),
            .. ExpectedTensor.Linear($"{block}attn.proj", width, width, bias: true),
            .. ExpectedTensor.Linear($"{block}mlp.fc1", mlp, width, bias: true),
            .. ExpectedTensor.Linear($"{block}mlp.fc2", width, mlp, bias: true),
        ];
    }

    /// <summary>Image tokens of a picture.</summary>
    /// <param name="pixels">[patches, channels*time*p*p].</param>
    /// <param name="geometry">Grid of patches.</param>
    /// <returns>[P, hidden].</returns>
    public torch.Tensor Forward(torch.Tensor pixels, Qwen2VlGeometry geometry)
    {
        using var scope = torch.NewDisposeScope();
        long[] rows = [.. geometry.MergeOrder().Select(at => (long)at.Row)];
        long[] columns = [.. geometry.MergeOrder().Select(at => (long)at.Column)];
        Rotary rotary = Rotary.OfGrid(
            torch.tensor(rows, dtype: torch.ScalarType.Int64, device: pixels.device),
            torch.tensor(columns, dtype: torch.ScalarType.Int64, device: pixels.device),
            shape.EmbedDim / shape.Heads,
            shape.RotaryTheta,
            pixels.dtype
        );
        torch.Tensor x = patches.Forward(pixels); // [patches, embed]
        foreach (Block block in blocks)
        {
            x = block.Forward(x, rotary);
        }

        torch.Tensor merged = mergerNorm.Forward(x).view(-1, shape.Merged); // [P, 4 * embed]
        return merger2.Forward(Activations.Gelu(merger1.Forward(merged))).MoveToOuterDisposeScope();
    }

    private static LayerNorm Norm(Weights weights, string name, Qwen2VisionShape shape) =>
        new(weights.Claim($"{name}.weight", shape.EmbedDim), weights.Claim($"{name}.bias", shape.EmbedDim), Epsilon);

    /// <summary>x += proj(attention(norm1 x)); x += fc2(quick_gelu(fc1(norm2 x))).</summary>
    private sealed class Block
    {
        private readonly int heads;
        private readonly LayerNorm norm1,
            norm2;
        private readonly ILinear qkv,
            output,
            up,
            down;

        public Block(Weights weights, Qwen2VisionShape shape)
        {
            heads = shape.Heads;
            norm1 = Norm(weights, "norm1", shape);
            norm2 = Norm(weights, "norm2", shape);
            qkv = weights.Linear("attn.qkv", 3 * shape.EmbedDim, shape.EmbedDim, bias: true);
            output = weights.Linear("attn.proj", shape.EmbedDim, shape.EmbedDim, bias: true);
            up = weights.Linear("mlp.fc1", shape.Intermediate, shape.EmbedDim, bias: true);
            down = weights.Linear("mlp.fc2", shape.EmbedDim, shape.Intermediate, bias: true);
        }

        /// <summary>[patches, embed] -> [patches, embed].</summary>
        public torch.Tensor Forward(torch.Tensor x, Rotary rotary)
        {
            using var scope = torch.NewDisposeScope();
            // [3, heads, patches, d]
            torch.Tensor split = qkv.Forward(norm1.Forward(x)).view(x.shape[0], 3, heads, -1).permute(1, 2, 0, 3);
            torch.Tensor queries = rotary.Apply(split[0]).unsqueeze(0),
                keys = rotary.Apply(split[1]).unsqueeze(0),
                values = split[2].unsqueeze(0);
            // [heads, patches, d]
            torch.Tensor heard = F.scaled_dot_product_attention(queries, keys, values).squeeze(0);
            torch.Tensor attended = x.Plus(output.Forward(Decoder.ByRow(heard)));
            torch.Tensor fed = down.Forward(Activations.QuickGelu(up.Forward(norm2.Forward(attended))));
            return attended.Plus(fed).MoveToOuterDisposeScope();
        }
    }
}
