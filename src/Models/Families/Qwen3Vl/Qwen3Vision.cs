using Pipelines.Models.Families.Shared;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families.Qwen3Vl;

/// <summary>
/// Qwen3-VL's vision tower at any resolution: patches with learned positions, a rotary embedding of rows and columns,
/// attention over the whole picture. A merger joins 2 x 2 patches of the last block to one image token; further mergers
/// do so behind blocks on the way (DeepStack).
/// </summary>
internal sealed class Qwen3Vision
{
    private const double Epsilon = 1e-6; // fixed in the published code
    private readonly Qwen3VisionShape shape;
    private readonly ILinear patches; // channels*time*p*p -> width
    private readonly torch.Tensor positions; // [side * side, width]
    private readonly Block[] blocks;
    private readonly Merger merger;
    private readonly Merger[] deepStack;

    /// <summary>Claims the tower's tensors.</summary>
    /// <param name="weights">At <c>model.visual</c>.</param>
    /// <param name="shape">Numbers.</param>
    /// <param name="hidden">Features of the decoder.</param>
    public Qwen3Vision(Weights weights, Qwen3VisionShape shape, int hidden)
    {
        this.shape = shape;
        patches = shape.Patch.Embedding(weights, shape.Width, bias: true);
        positions = weights.Claim("pos_embed.weight", shape.Positions * shape.Positions, shape.Width);
        blocks = [.. Enumerable.Range(0, shape.Depth).Select(n => new Block(weights.Sub($"blocks.{n}"), shape))];
        merger = new Merger(weights.Sub("merger"), shape, hidden, shape.Width);
        deepStack =
        [
            .. shape.DeepStack.Select(
                (_, k) => new Merger(weights.Sub($"deepstack_merger_list.{k}"), shape, hidden, shape.Merged)
            ),
        ];
    }

    /// <summary>The tower's and the mergers' tensors.</summary>
    /// <param name="prefix">What they lie below.</param>
    /// <param name="shape">Numbers.</param>
    /// <param name="hidden">Features of the decoder.</param>
    public static IEnumerable<ExpectedTensor> Expected(string prefix, Qwen3VisionShape shape, long hidden) =>
        [
            .. shape.Patch.Expected(prefix, shape.Width, bias: true),
            new($"{prefix}.pos_embed.weight", shape.Positions * shape.Positions, shape.Width),
            .. Enumerable.Range(0, shape.Depth).SelectMany(n => ExpectedBlock($"{prefix}.blocks.{n}.", shape)),
            .. ExpectedMerger($"{prefix}.merger.", shape, hidden, shape.Width),
            .. shape.DeepStack.SelectMany(
                (_, k) => ExpectedMerger($"{prefix}.deepstack_merger_list.{k}.", shape, hidden, shape.Merged)
            ),
        ];

    private static IEnumerable<ExpectedTensor> ExpectedBlock(string block, Qwen3VisionShape shape)
    {
        long width = shape.Width,
            mlp = shape.Intermediate;
        return
        [
            .. ExpectedTensor.Norm($"{block}norm1", width),
            .. ExpectedTensor.Norm($"{block}norm2", width),
            .. QwenAttention.Expected($"{block}attn.", width),
            .. ExpectedTensor.Linear($"{block}mlp.linear_fc1", mlp, width, bias: true),
            .. ExpectedTensor.Linear($"{block}mlp.linear_fc2", width, mlp, bias: true),
        ];
    }

    private static IEnumerable<ExpectedTensor> ExpectedMerger(
        string merger,
        Qwen3VisionShape shape,
        long hidden,
        long normed
    ) =>
        [
            .. ExpectedTensor.Norm($"{merger}norm", normed),
            .. ExpectedTensor.Linear($"{merger}linear_fc1", shape.Merged, shape.Merged, bias: true),
            .. ExpectedTensor.Linear($"{merger}linear_fc2", hidden, shape.Merged, bias: true),
        ];

    /// <summary>Image tokens of a picture.</summary>
    /// <param name="pixels">[patches, channels*time*p*p], in merge order.</param>
    /// <param name="geometry">Grid of patches.</param>
    /// <returns>[P, hidden], and as many again for each block with a merger, in the order of the blocks.</returns>
    public (torch.Tensor Features, IReadOnlyList<torch.Tensor> DeepStack) Forward(
        torch.Tensor pixels,
        QwenGeometry geometry
    )
    {
        using var scope = torch.NewDisposeScope();
        Rotary rotary = QwenAttention.Rotary(
            [.. geometry.MergeOrder()],
            shape.Width / shape.Heads,
            shape.RotaryTheta,
            pixels
        );
        torch.Tensor learned = Qwen3Positions.Of(positions, shape.Positions, geometry); // [patches, width]
        torch.Tensor x = patches.Forward(pixels).Plus(learned);
        var deep = new List<torch.Tensor>();
        for (int n = 0; n < blocks.Length; n++)
        {
            x = blocks[n].Forward(x, rotary);
            if (shape.DeepStack.ToList().IndexOf(n) is var k and >= 0)
            {
                deep.Add(deepStack[k].Forward(x));
            }
        }

        torch.Tensor features = merger.Forward(x);
        scope.MoveToOuter([features, .. deep]);
        return (features, deep);
    }

    private static LayerNorm Norm(Weights weights, string name, int features) =>
        new(weights.Claim($"{name}.weight", features), weights.Claim($"{name}.bias", features), Epsilon);

    /// <summary>x += proj(attention(norm1 x)); x += fc2(gelu_tanh(fc1(norm2 x))).</summary>
    private sealed class Block
    {
        private readonly LayerNorm norm1,
            norm2;
        private readonly QwenAttention attention;
        private readonly ILinear up,
            down;

        public Block(Weights weights, Qwen3VisionShape shape)
        {
            norm1 = Norm(weights, "norm1", shape.Width);
            norm2 = Norm(weights, "norm2", shape.Width);
            attention = new QwenAttention(weights.Sub("attn"), shape.Width, shape.Heads);
            up = weights.Linear("mlp.linear_fc1", shape.Intermediate, shape.Width, bias: true);
            down = weights.Linear("mlp.linear_fc2", shape.Width, shape.Intermediate, bias: true);
        }

        /// <summary>[patches, width] -> [patches, width].</summary>
        public torch.Tensor Forward(torch.Tensor x, Rotary rotary)
        {
            using var scope = torch.NewDisposeScope();
            torch.Tensor attended = x.Plus(attention.Forward(norm1.Forward(x), rotary));
            torch.Tensor fed = down.Forward(Activations.GeluTanh(up.Forward(norm2.Forward(attended))));
            return attended.Plus(fed).MoveToOuterDisposeScope();
        }
    }

    /// <summary>
    /// fc2(gelu(fc1(four patches))). The last block's merger norms each patch, the others the four together.
    /// </summary>
    private sealed class Merger
    {
        private readonly LayerNorm norm;
        private readonly ILinear up,
            down;
        private readonly int normed,
            merged;

        public Merger(Weights weights, Qwen3VisionShape shape, int hidden, int normed)
        {
            (this.normed, merged) = (normed, shape.Merged);
            norm = Norm(weights, "norm", normed);
            up = weights.Linear("linear_fc1", shape.Merged, shape.Merged, bias: true);
            down = weights.Linear("linear_fc2", hidden, shape.Merged, bias: true);
        }

        /// <summary>[patches, width] -> [P, hidden].</summary>
        public torch.Tensor Forward(torch.Tensor x)
        {
            using var scope = torch.NewDisposeScope();
            torch.Tensor joined = norm.Forward(x.view(-1, normed)).view(-1, merged); // [P, 4 * width]
            return down.Forward(Activations.Gelu(up.Forward(joined))).MoveToOuterDisposeScope();
        }
    }
}
