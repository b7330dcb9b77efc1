using Pipelines.Models.Families.Shared;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families.Qwen25Vl;

/// <summary>
/// Qwen2.5-VL's vision tower: Qwen2-VL's with RMSNorms, a gated MLP, and windows. Most blocks look through windows of
/// some image tokens a side, some at the whole picture; patches are kept window by window, the four of a token
/// together, and put back behind the merger.
/// </summary>
internal sealed class Qwen25Vision
{
    private const double Epsilon = 1e-6; // fixed in the published code
    private readonly Qwen25VisionShape shape;
    private readonly ILinear patches; // channels*time*p*p -> width, no bias
    private readonly Block[] blocks;
    private readonly RmsNorm mergerNorm;
    private readonly ILinear merger1,
        merger2;

    /// <summary>Claims the tower's tensors.</summary>
    /// <param name="weights">At <c>visual</c>.</param>
    /// <param name="shape">Numbers.</param>
    /// <param name="hidden">Features of the decoder.</param>
    public Qwen25Vision(Weights weights, Qwen25VisionShape shape, int hidden)
    {
        this.shape = shape;
        patches = shape.Patch.Embedding(weights, shape.Width, bias: false);
        blocks = [.. Enumerable.Range(0, shape.Depth).Select(n => new Block(weights.Sub($"blocks.{n}"), shape))];
        mergerNorm = Norm(weights, "merger.ln_q", shape);
        merger1 = weights.Linear("merger.mlp.0", shape.Merged, shape.Merged, bias: true);
        merger2 = weights.Linear("merger.mlp.2", hidden, shape.Merged, bias: true);
    }

    /// <summary>The tower's and the merger's tensors.</summary>
    /// <param name="prefix">What they lie below.</param>
    /// <param name="shape">Numbers.</param>
    /// <param name="hidden">Features of the decoder.</param>
    public static IEnumerable<ExpectedTensor> Expected(string prefix, Qwen25VisionShape shape, long hidden)
    {
        long width = shape.Width,
            merged = shape.Merged;
        return
        [
            .. shape.Patch.Expected(prefix, width, bias: false),
            .. Enumerable.Range(0, shape.Depth).SelectMany(n => ExpectedBlock($"{prefix}.blocks.{n}.", shape)),
            new($"{prefix}.merger.ln_q.weight", width),
            .. ExpectedTensor.Linear($"{prefix}.merger.mlp.0", merged, merged, bias: true),
            .. ExpectedTensor.Linear($"{prefix}.merger.mlp.2", hidden, merged, bias: true),
        ];
    }

    private static IEnumerable<ExpectedTensor> ExpectedBlock(string block, Qwen25VisionShape shape)
    {
        long width = shape.Width,
            mlp = shape.Intermediate;
        return
        [
            new($"{block}norm1.weight", width),
            new($"{block}norm2.weight", width),
            .. QwenAttention.Expected($"{block}attn.", width),
            .. ExpectedTensor.Linear($"{block}mlp.gate_proj", mlp, width, bias: true),
            .. ExpectedTensor.Linear($"{block}mlp.up_proj", mlp, width, bias: true),
            .. ExpectedTensor.Linear($"{block}mlp.down_proj", width, mlp, bias: true),
        ];
    }

    /// <summary>Image tokens of a picture.</summary>
    /// <param name="pixels">[patches, channels*time*p*p], in merge order.</param>
    /// <param name="geometry">Grid of patches.</param>
    /// <returns>[P, hidden].</returns>
    public torch.Tensor Forward(torch.Tensor pixels, QwenGeometry geometry)
    {
        using var scope = torch.NewDisposeScope();
        int four = shape.Patch.OfToken;
        Qwen25Windows windows = Qwen25Windows.Of(geometry, shape.WindowCells);
        long[] lengths = [.. windows.Lengths.Select(tokens => (long)tokens * four)];
        (int Row, int Column)[] at = [.. geometry.MergeOrder()];
        int[] order = [.. windows.Tokens.SelectMany(token => Enumerable.Range(token * four, four))];
        Rotary rotary = QwenAttention.Rotary(
            [.. order.Select(patch => at[patch])],
            shape.Width / shape.Heads,
            shape.RotaryTheta,
            pixels
        );
        torch.Tensor x = Taken(patches.Forward(pixels), order); // [patches, width], window by window
        for (int n = 0; n < blocks.Length; n++)
        {
            x = blocks[n].Forward(x, rotary, shape.FullBlocks.Contains(n) ? null : lengths);
        }

        torch.Tensor merged = mergerNorm.Forward(x).view(-1, shape.Merged); // [P, 4 * width]
        torch.Tensor features = merger2.Forward(Activations.Gelu(merger1.Forward(merged)));
        return Taken(features, windows.Places()).MoveToOuterDisposeScope(); // row by row again
    }

    private static torch.Tensor Taken(torch.Tensor x, int[] rows)
    {
        using torch.Tensor index = torch.tensor(
            [.. rows.Select(row => (long)row)],
            dtype: torch.ScalarType.Int64,
            device: x.device
        );
        return x.index_select(0, index);
    }

    private static RmsNorm Norm(Weights weights, string name, Qwen25VisionShape shape) =>
        new(weights.Claim($"{name}.weight", shape.Width), Epsilon, weights.Arithmetic.Linear);

    /// <summary>x += proj(attention(norm1 x)); x += down(silu(gate y) * up y), y = norm2 x.</summary>
    private sealed class Block
    {
        private readonly RmsNorm norm1,
            norm2;
        private readonly QwenAttention attention;
        private readonly ILinear gate,
            up,
            down;

        public Block(Weights weights, Qwen25VisionShape shape)
        {
            norm1 = Norm(weights, "norm1", shape);
            norm2 = Norm(weights, "norm2", shape);
            attention = new QwenAttention(weights.Sub("attn"), shape.Width, shape.Heads);
            gate = weights.Linear("mlp.gate_proj", shape.Intermediate, shape.Width, bias: true);
            up = weights.Linear("mlp.up_proj", shape.Intermediate, shape.Width, bias: true);
            down = weights.Linear("mlp.down_proj", shape.Width, shape.Intermediate, bias: true);
        }

        /// <summary>[patches, width] -> [patches, width]; pieces: patches of each window, null = no windows.</summary>
        public torch.Tensor Forward(torch.Tensor x, Rotary rotary, IReadOnlyList<long>? pieces)
        {
            using var scope = torch.NewDisposeScope();
            torch.Tensor attended = x.Plus(attention.Forward(norm1.Forward(x), rotary, pieces));
            torch.Tensor normed = norm2.Forward(attended);
            torch.Tensor gated = Activations.Gated(
                gate.Forward(normed),
                up.Forward(normed),
                GateActivation.Silu,
                norm2.By
            );
            return attended.Plus(down.Forward(gated)).MoveToOuterDisposeScope();
        }
    }
}
