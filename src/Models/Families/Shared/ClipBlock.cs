using Pipelines.Models.Tensors;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Pipelines.Models.Families.Shared;

/// <summary>The numbers of a block.</summary>
/// <param name="Hidden">Features of a row.</param>
/// <param name="Heads">Heads; each has Hidden / Heads features.</param>
/// <param name="Intermediate">Features inside the MLP.</param>
/// <param name="NormEpsilon">Epsilon of the LayerNorms.</param>
/// <param name="Activation">Between the MLP's layers.</param>
internal sealed record ClipBlockShape(
    int Hidden,
    int Heads,
    int Intermediate,
    double NormEpsilon,
    Func<torch.Tensor, torch.Tensor> Activation
);

/// <summary>
/// A block of CLIP's and SigLIP's towers, which differ in the activation only: x += out(attention(norm1 x));
/// x += fc2(activation(fc1(norm2 x))). Biases everywhere, full attention.
/// </summary>
internal sealed class ClipBlock
{
    private static readonly string[] Projections = ["q_proj", "k_proj", "v_proj", "out_proj"];
    private readonly int heads;
    private readonly Func<torch.Tensor, torch.Tensor> activation;
    private readonly LayerNorm norm1,
        norm2;
    private readonly ILinear query,
        key,
        value,
        output,
        up,
        down;

    /// <summary>Claims the block's tensors.</summary>
    /// <param name="weights">At <c>encoder.layers.n</c>.</param>
    /// <param name="shape">Numbers.</param>
    public ClipBlock(Weights weights, ClipBlockShape shape)
    {
        heads = shape.Heads;
        activation = shape.Activation;
        norm1 = Norm(weights, "layer_norm1", shape);
        norm2 = Norm(weights, "layer_norm2", shape);
        query = weights.Linear("self_attn.q_proj", shape.Hidden, shape.Hidden, bias: true);
        key = weights.Linear("self_attn.k_proj", shape.Hidden, shape.Hidden, bias: true);
        value = weights.Linear("self_attn.v_proj", shape.Hidden, shape.Hidden, bias: true);
        output = weights.Linear("self_attn.out_proj", shape.Hidden, shape.Hidden, bias: true);
        up = weights.Linear("mlp.fc1", shape.Intermediate, shape.Hidden, bias: true);
        down = weights.Linear("mlp.fc2", shape.Hidden, shape.Intermediate, bias: true);
    }

    /// <summary>The block's tensors.</summary>
    /// <param name="block">What they lie below.</param>
    /// <param name="shape">Numbers.</param>
    public static IEnumerable<ExpectedTensor> Expected(string block, ClipBlockShape shape)
    {
        long width = shape.Hidden,
            mlp = shape.Intermediate;
        return
        [
            .. Projections.SelectMany(p => ExpectedTensor.Linear($"{block}.self_attn.{p}", width, width, bias: true)),
            .. ExpectedTensor.Linear($"{block}.mlp.fc1", mlp, width, bias: true),
            .. ExpectedTensor.Linear($"{block}.mlp.fc2", width, mlp, bias: true),
            .. ExpectedTensor.Norm($"{block}.layer_norm1", width),
            .. ExpectedTensor.Norm($"{block}.layer_norm2", width),
        ];
    }

    /// <summary>Claims one of the tower's norms.</summary>
    public static LayerNorm Norm(Weights weights, string name, ClipBlockShape shape) =>
        new(
            weights.Claim($"{name}.weight", shape.Hidden),
            weights.Claim($"{name}.bias", shape.Hidden),
            shape.NormEpsilon
        );

    /// <summary>The block's output.</summary>
    /// <param name="x">[n*T, hidden].</param>
    /// <param name="n">Pieces, each attending to itself.</param>
    /// <returns>[n*T, hidden].</returns>
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
        torch.Tensor fed = down.Forward(activation(up.Forward(norm2.Forward(attended))));
        return attended.Plus(fed).MoveToOuterDisposeScope();
    }

    private torch.Tensor Split(ILinear linear, torch.Tensor x, long n)
    {
        torch.Tensor rows = linear.Forward(x);
        return rows.view(n, rows.shape[0] / n, heads, rows.shape[1] / heads).transpose(1, 2); // [n, heads, T, d]
    }
}
