using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// What a packed decoder layer keeps of its way forward, and its way back but for the attention. Norms are computed
/// again: they cost next to nothing, their results would be a third of the memory.
/// </summary>
/// <param name="Entered">[B*T, hidden], the residual stream that entered.</param>
/// <param name="Queries">[B*Q, H*d], before norm and rotary.</param>
/// <param name="Keys">[B*T, H_kv*d], before norm and rotary.</param>
/// <param name="Values">[B*T, H_kv*d].</param>
/// <param name="Written">[B*Q, hidden], what attention gave, where a norm follows; else null.</param>
/// <param name="Attended">[B*Q, hidden], the residual stream behind the attention.</param>
/// <param name="Gate">[B*Q, MLP].</param>
/// <param name="Up">[B*Q, MLP].</param>
/// <param name="Added">[B*Q, hidden], what the MLP gave, where a norm follows; else null.</param>
internal sealed record LayerTape(
    torch.Tensor Entered,
    torch.Tensor Queries,
    torch.Tensor Keys,
    torch.Tensor Values,
    torch.Tensor? Written,
    torch.Tensor Attended,
    torch.Tensor Gate,
    torch.Tensor Up,
    torch.Tensor? Added
) : IDisposable
{
    private IEnumerable<torch.Tensor> Kept =>
        new[] { Entered, Queries, Keys, Values, Written, Attended, Gate, Up, Added }.OfType<torch.Tensor>();

    /// <summary>A layer behind its attention, as <see cref="DecoderLayer.Finish"/> computes it.</summary>
    /// <param name="weights">The layer.</param>
    /// <param name="entered">[B*T, hidden], the residual stream that entered.</param>
    /// <param name="projected">Queries, keys and values before norm and rotary.</param>
    /// <param name="heads">[B*Q, H*d], the heads' outputs.</param>
    /// <param name="asking">The tokens that asked; null = all.</param>
    /// <param name="left">[B*Q, hidden], the residual stream that leaves.</param>
    /// <returns>What is kept of the layer.</returns>
    public static LayerTape Of(
        DecoderLayer weights,
        torch.Tensor entered,
        GatedRows projected,
        torch.Tensor heads,
        LastTokens? asking,
        out torch.Tensor left
    )
    {
        torch.Tensor x = asking?.Of(entered) ?? entered; // [B*Q, hidden]
        torch.Tensor written = weights.Output.Forward(heads);
        torch.Tensor attended = x.Plus(weights.AttentionOutputNorm?.Forward(written) ?? written);
        torch.Tensor normed = weights.MlpNorm.Forward(attended);
        torch.Tensor gate = weights.Gate.Forward(normed),
            up = weights.Up.Forward(normed);
        torch.Tensor added = weights.Down.Forward(Activations.Gated(gate, up, weights.Activation, LinearChoice.Packed));
        left = attended.Plus(weights.MlpOutputNorm?.Forward(added) ?? added);
        return new LayerTape(
            entered,
            projected.Queries,
            projected.Keys,
            projected.Values,
            weights.AttentionOutputNorm is null ? null : written,
            attended,
            gate,
            up,
            weights.MlpOutputNorm is null ? null : added
        );
    }

    /// <summary>From what leaves the layer to the residual stream behind its attention.</summary>
    /// <param name="weights">The layer.</param>
    /// <param name="slope">[B*Q, hidden].</param>
    /// <returns>[B*Q, hidden].</returns>
    public torch.Tensor BackToAttended(DecoderLayer weights, torch.Tensor slope)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor onAdded = Added is null ? slope : weights.MlpOutputNorm!.Backward(Added, slope);
        (torch.Tensor onGate, torch.Tensor onUp) = RowGradients.Gated(
            Gate,
            Up,
            Back(weights.Down, onAdded),
            weights.Activation
        );
        torch.Tensor onNormed = Back(weights.Gate, onGate).Plus(Back(weights.Up, onUp));
        return slope.Plus(weights.MlpNorm.Backward(Attended, onNormed)).MoveToOuterDisposeScope();
    }

    /// <summary>On to the heads' outputs: [B*Q, hidden] -> [B*Q, H*d].</summary>
    public torch.Tensor BackToHeads(DecoderLayer weights, torch.Tensor onAttended) =>
        Back(weights.Output, Written is null ? onAttended : weights.AttentionOutputNorm!.Backward(Written, onAttended));

    /// <summary>On to what entered the layer.</summary>
    /// <param name="weights">The layer.</param>
    /// <param name="rows">Slopes in queries, keys and values, as they leave their norms.</param>
    /// <param name="onAttended">[B*Q, hidden], which the residual stream carries past the attention.</param>
    /// <param name="asking">The tokens that asked; null = all.</param>
    /// <returns>[B*T, hidden].</returns>
    public torch.Tensor BackToEntered(DecoderLayer weights, GatedRows rows, torch.Tensor onAttended, LastTokens? asking)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor onNormed = Back(weights.Key, DecoderLayer.BackByHead(rows.Keys, Keys, weights.KeyNorm))
            .Plus(Back(weights.Value, rows.Values)); // [B*T, hidden]
        torch.Tensor onQueries = DecoderLayer.BackByHead(rows.Queries, Queries, weights.QueryNorm);
        torch.Tensor ofQueries = Back(weights.Query, onQueries); // [B*Q, hidden]
        onNormed = asking?.AddedTo(onNormed, ofQueries) ?? onNormed.Plus(ofQueries);
        torch.Tensor slope = weights.InputNorm.Backward(Entered, onNormed);
        return (asking?.AddedTo(slope, onAttended) ?? slope.Plus(onAttended)).MoveToOuterDisposeScope();
    }

    /// <summary>Keeps what was kept beyond a scope.</summary>
    public void MoveToOuter(DisposeScope scope) => scope.MoveToOuter([.. Kept]);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (torch.Tensor tensor in Kept)
        {
            tensor.Dispose();
        }
    }

    private static torch.Tensor Back(ILinear layer, torch.Tensor slope) => ((PackedLinear)layer).Backward(slope);
}
