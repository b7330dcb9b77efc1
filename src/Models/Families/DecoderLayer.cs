using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families;

/// <summary>
/// One decoder layer's weights: x += o(attention(q, k, v of norm(x))); x += down(act(gate(norm x)) * up(norm x)). Where
/// a class has them, queries and keys are normed head by head, and what is added passes a norm of its own.
/// </summary>
/// <param name="InputNorm">input_layernorm.</param>
/// <param name="Query">q_proj, hidden -> H*d.</param>
/// <param name="Key">k_proj, hidden -> H_kv*d.</param>
/// <param name="Value">v_proj, hidden -> H_kv*d.</param>
/// <param name="Output">o_proj, H*d -> hidden.</param>
/// <param name="MlpNorm">Before the MLP: post_attention_layernorm; where there are four norms
/// pre_feedforward_layernorm.</param>
/// <param name="Gate">gate_proj, hidden -> MLP.</param>
/// <param name="Up">up_proj, hidden -> MLP.</param>
/// <param name="Down">down_proj, MLP -> hidden.</param>
public sealed record DecoderLayer(
    RmsNorm InputNorm,
    ILinear Query,
    ILinear Key,
    ILinear Value,
    ILinear Output,
    RmsNorm MlpNorm,
    ILinear Gate,
    ILinear Up,
    ILinear Down
)
{
    /// <summary>q_norm over a head's d features; null = none.</summary>
    public RmsNorm? QueryNorm { get; init; }

    /// <summary>k_norm likewise.</summary>
    public RmsNorm? KeyNorm { get; init; }

    /// <summary>On what attention adds: post_attention_layernorm where there are four norms; null = none.</summary>
    public RmsNorm? AttentionOutputNorm { get; init; }

    /// <summary>On what the MLP adds: post_feedforward_layernorm; null = none.</summary>
    public RmsNorm? MlpOutputNorm { get; init; }

    /// <summary>The MLP's nonlinearity.</summary>
    public GateActivation Activation { get; init; }

    /// <summary>Queries before rotary: [rows, hidden] -> [rows, H*d].</summary>
    public torch.Tensor Queries(torch.Tensor normed) => NormedQueries(Query.Forward(normed));

    /// <summary>Keys before rotary: [rows, hidden] -> [rows, H_kv*d].</summary>
    public torch.Tensor Keys(torch.Tensor normed) => NormedKeys(Key.Forward(normed));

    /// <summary>Values: [rows, hidden] -> [rows, H_kv*d].</summary>
    public torch.Tensor Values(torch.Tensor normed) => Value.Forward(normed);

    /// <summary>What <see cref="Query"/> gives, normed where the class norms it.</summary>
    internal torch.Tensor NormedQueries(torch.Tensor projected) => ByHead(projected, QueryNorm);

    /// <summary>What <see cref="Key"/> gives, normed where the class norms it.</summary>
    internal torch.Tensor NormedKeys(torch.Tensor projected) => ByHead(projected, KeyNorm);

    /// <summary>The way back through a norm of each head: [rows, heads*d] -> [rows, heads*d].</summary>
    /// <param name="slope">In what left the norm.</param>
    /// <param name="projected">What entered it.</param>
    /// <param name="norm">The norm of packed layers; null = none.</param>
    internal static torch.Tensor BackByHead(torch.Tensor slope, torch.Tensor projected, RmsNorm? norm)
    {
        if (norm is null)
        {
            return slope;
        }

        using var scope = torch.NewDisposeScope();
        long rows = projected.shape[0],
            d = norm.Weight.shape[0];
        return norm.Backward(projected.view(rows, -1, d), slope.view(rows, -1, d))
            .view(rows, -1)
            .MoveToOuterDisposeScope();
    }

    /// <summary>What attention adds to the residual stream, and the MLP after it.</summary>
    /// <param name="x">[rows, hidden], the residual stream that entered the layer.</param>
    /// <param name="heads">[rows, H*d], the heads' outputs.</param>
    /// <returns>[rows, hidden], the residual stream that leaves the layer.</returns>
    public torch.Tensor Finish(torch.Tensor x, torch.Tensor heads)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor written = Output.Forward(heads); // [rows, hidden]
        torch.Tensor attended = x.Plus(AttentionOutputNorm?.Forward(written) ?? written);
        torch.Tensor added = Mlp(MlpNorm.Forward(attended));
        return attended.Plus(MlpOutputNorm?.Forward(added) ?? added).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// What some heads add to the residual stream. Without <see cref="AttentionOutputNorm"/> heads add up; with it they
    /// do where its scale is held at that of all heads together, as the layer had it.
    /// </summary>
    /// <param name="part">[1, H*d], the outputs of some heads, zero for the others.</param>
    /// <param name="all">[1, H*d], the outputs of all.</param>
    /// <returns>[1, hidden].</returns>
    public torch.Tensor Written(torch.Tensor part, torch.Tensor all)
    {
        using var scope = torch.NewDisposeScope();
        // The second row tells what a bias adds
        torch.Tensor rows = Output.Forward(torch.cat([part, torch.zeros_like(part)], 0)); // [2, hidden]
        torch.Tensor written = rows.narrow(0, 0, 1) - rows.narrow(0, 1, 1);
        return (
            AttentionOutputNorm is { } norm ? norm.ForwardAtScaleOf(written, Output.Forward(all)) : written
        ).MoveToOuterDisposeScope();
    }

    private torch.Tensor Mlp(torch.Tensor normed)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor gated = Activations.Gated(Gate.Forward(normed), Up.Forward(normed), Activation, InputNorm.By);
        return Down.Forward(gated).MoveToOuterDisposeScope(); // [rows, hidden]
    }

    /// <summary>Each head's d features normed: [rows, heads*d] -> [rows, heads*d].</summary>
    private static torch.Tensor ByHead(torch.Tensor rows, RmsNorm? norm)
    {
        if (norm is null)
        {
            return rows;
        }

        using var scope = torch.NewDisposeScope();
        return norm.Forward(rows.view(rows.shape[0], -1, norm.Weight.shape[0]))
            .view(rows.shape[0], -1)
            .MoveToOuterDisposeScope();
    }
}
