using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families;

/// <summary>
/// One decoder layer's weights: x += o(attention(q, k, v of norm(x))); x += down(silu(gate(norm x)) * up(norm x)).
/// </summary>
/// <param name="InputNorm">input_layernorm.</param>
/// <param name="Query">q_proj, hidden -> H*d.</param>
/// <param name="Key">k_proj, hidden -> H_kv*d.</param>
/// <param name="Value">v_proj, hidden -> H_kv*d.</param>
/// <param name="Output">o_proj, H*d -> hidden.</param>
/// <param name="PostAttentionNorm">post_attention_layernorm.</param>
/// <param name="Gate">gate_proj, hidden -> MLP.</param>
/// <param name="Up">up_proj, hidden -> MLP.</param>
/// <param name="Down">down_proj, MLP -> hidden.</param>
public sealed record DecoderLayer(
    RmsNorm InputNorm,
    ILinear Query,
    ILinear Key,
    ILinear Value,
    ILinear Output,
    RmsNorm PostAttentionNorm,
    ILinear Gate,
    ILinear Up,
    ILinear Down
)
{
    /// <summary>What attention adds to the residual stream, and the MLP after it.</summary>
    /// <param name="x">[rows, hidden], the residual stream that entered the layer.</param>
    /// <param name="heads">[rows, H*d], the heads' outputs.</param>
    /// <returns>[rows, hidden], the residual stream that leaves the layer.</returns>
    public torch.Tensor Finish(torch.Tensor x, torch.Tensor heads)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor attended = x.Plus(Output.Forward(heads)); // [rows, hidden]
        return attended.Plus(Mlp(PostAttentionNorm.Forward(attended))).MoveToOuterDisposeScope();
    }

    private torch.Tensor Mlp(torch.Tensor normed)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor gated = Activations.SwiGlu(Gate.Forward(normed), Up.Forward(normed), InputNorm.By); // [rows, MLP]
        return Down.Forward(gated).MoveToOuterDisposeScope();
    }
}
