using Pipelines.Models.Families.Shared;
using Pipelines.Models.Tensors;
using TorchSharp;

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
        patches = shape.Patch.Embedding(weights, shape.EmbedDim, bias: false);
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
            merged = shape.Merged;
        return
        [
            .. shape.Patch.Expected(prefix, width, bias: false),
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
            .. QwenAttention.Expected($"{block}attn.", width),
            .. ExpectedTensor.Linear($"{block}mlp.fc1", mlp, width, bias: true),
            .. ExpectedTensor.Linear($"{block}mlp.fc2", width, mlp, bias: true),
        ];
    }

    /// <summary>Image tokens of a picture.</summary>
    /// <param name="pixels">[patches, channels*time*p*p].</param>
    /// <param name="geometry">Grid of patches.</param>
    /// <returns>[P, hidden].</returns>
    public torch.Tensor Forward(torch.Tensor pixels, QwenGeometry geometry)
    {
        using var scope = torch.NewDisposeScope();
        Rotary rotary = QwenAttention.Rotary(
            [.. geometry.MergeOrder()],
            shape.EmbedDim / shape.Heads,
            shape.RotaryTheta,
            pixels
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
        private readonly LayerNorm norm1,
            norm2;
        private readonly QwenAttention attention;
        private readonly ILinear up,
            down;

        public Block(Weights weights, Qwen2VisionShape shape)
        {
            norm1 = Norm(weights, "norm1", shape);
            norm2 = Norm(weights, "norm2", shape);
            attention = new QwenAttention(weights.Sub("attn"), shape.EmbedDim, shape.Heads);
            up = weights.Linear("mlp.fc1", shape.Intermediate, shape.EmbedDim, bias: true);
            down = weights.Linear("mlp.fc2", shape.EmbedDim, shape.Intermediate, bias: true);
        }

        /// <summary>[patches, embed] -> [patches, embed].</summary>
        public torch.Tensor Forward(torch.Tensor x, Rotary rotary)
        {
            using var scope = torch.NewDisposeScope();
            torch.Tensor attended = x.Plus(attention.Forward(norm1.Forward(x), rotary));
            torch.Tensor fed = down.Forward(Activations.QuickGelu(up.Forward(norm2.Forward(attended))));
            return attended.Plus(fed).MoveToOuterDisposeScope();
        }
    }
}
