using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>Who attends to what in one layer: all in which the passes differ.</summary>
/// <param name="layer">Layer.</param>
/// <param name="queries">[B*Q, H*d], before rotary; the last Q of the T tokens of each of B sequences.</param>
/// <param name="keys">[B*T, H_kv*d], before rotary.</param>
/// <param name="values">[B*T, H_kv*d].</param>
/// <returns>[B*Q, H*d], the heads' outputs, in the caller's dispose scope.</returns>
internal delegate torch.Tensor LayerAttention(int layer, torch.Tensor queries, torch.Tensor keys, torch.Tensor values);

/// <summary>
/// The decoder's layers one after the other, as the fast, prefix, intact and gradient passes run them: norm, queries,
/// keys and values, attention, output, MLP. The naive twin (<see cref="NaiveForward"/>) has a loop of its own.
/// </summary>
/// <param name="Decoder">The weights.</param>
/// <param name="Attend">Who attends to what.</param>
internal sealed record DecoderPass(Decoder Decoder, LayerAttention Attend)
{
    /// <summary>First layer that is run.</summary>
    public int Start { get; init; }

    /// <summary>First layer that is not.</summary>
    public int End { get; init; } = Decoder.Shape.Layers;

    /// <summary>
    /// The tokens that leave the decoder: the last layer then asks for these alone. null = all rows leave it.
    /// </summary>
    public LastTokens? Leaving { get; init; }

    /// <summary>Is shown what enters each layer, [B*T, hidden], which belongs to the pass.</summary>
    public Action<int, torch.Tensor>? Entering { get; init; }

    /// <summary>
    /// What goes on behind a layer instead of what leaves it, [B*T, hidden]: where features are added to the residual
    /// stream between layers (<see cref="ImageFeatures.DeepStack"/>).
    /// </summary>
    public Func<int, torch.Tensor, torch.Tensor>? Behind { get; init; }

    /// <summary>Runs the layers.</summary>
    /// <param name="x">[B*T, hidden], the residual stream that enters the first of them.</param>
    /// <returns>The residual stream that leaves the last of them, in the caller's dispose scope.</returns>
    public torch.Tensor Run(torch.Tensor x)
    {
        torch.Tensor given = x;
        for (int layer = Start; layer < End; layer++)
        {
            using var layerScope = torch.NewDisposeScope();
            Entering?.Invoke(layer, x);
            DecoderLayer weights = Decoder.Layers[layer];
            torch.Tensor normed = weights.InputNorm.Forward(x); // [B*T, hidden]
            torch.Tensor keys = weights.Keys(normed); // [B*T, H_kv*d]
            torch.Tensor values = weights.Values(normed);
            LastTokens? last = layer == Decoder.Shape.Layers - 1 ? Leaving : null;
            torch.Tensor asking = last?.Of(normed) ?? normed; // [B*Q, hidden]
            torch.Tensor heads = Attend(layer, weights.Queries(asking), keys, values); // [B*Q, H*d]
            torch.Tensor left = weights.Finish(last?.Of(x) ?? x, heads);
            torch.Tensor next = (Behind?.Invoke(layer, left) ?? left).MoveToOuterDisposeScope();
            if (!ReferenceEquals(x, given))
            {
                x.Dispose(); // else the streams of all layers would stay until the pass is over
            }

            x = next;
        }

        return x;
    }
}

/// <summary>The last tokens of sequences of one length.</summary>
/// <param name="Count">n.</param>
/// <param name="Length">T.</param>
internal sealed record LastTokens(long Count, long Length)
{
    /// <summary>[B*T, hidden] -> [B*n, hidden].</summary>
    public torch.Tensor Of(torch.Tensor rows)
    {
        using torch.Tensor sequences = rows.view(rows.shape[0] / Length, Length, -1); // [B, T, hidden]
        using torch.Tensor last = sequences.narrow(1, Length - Count, Count);
        return last.reshape(-1, rows.shape[1]).contiguous();
    }

    /// <summary>
    /// [B*T, hidden] with [B*n, hidden] added to the rows of the last tokens: the way back through <see cref="Of"/>.
    /// </summary>
    public torch.Tensor AddedTo(torch.Tensor rows, torch.Tensor slopes)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor sum = rows.clone();
        sum.view(rows.shape[0] / Length, Length, -1)
            .narrow(1, Length - Count, Count)
            .add_(slopes.view(-1, Count, rows.shape[1]), Scalars.One);
        return sum.MoveToOuterDisposeScope();
    }
}
