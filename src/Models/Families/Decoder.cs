using System.Numerics;
using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families;

/// <summary>
/// The language decoder that all families share: RMSNorm, grouped-query attention with rotary positions, a gated MLP.
/// It holds weights and the parts of a forward pass; who attends to what is decided by the passes (<c>Ablation</c>),
/// which call these parts layer by layer. Read-only, so that worker threads share it; the weights belong to the
/// <see cref="Weights"/> they were claimed from.
/// </summary>
public sealed class Decoder
{
    private readonly torch.Tensor embedding; // [V, hidden], stored type
    private readonly RmsNorm finalNorm;
    private readonly Unembedding unembedding;
    private readonly DecoderLayer[] layers;

    /// <summary>A decoder of claimed weights.</summary>
    public Decoder(
        DecoderShape shape,
        Arithmetic arithmetic,
        torch.Tensor embedding,
        DecoderLayer[] layers,
        RmsNorm finalNorm,
        Unembedding unembedding
    )
    {
        Shape = shape;
        Arithmetic = arithmetic;
        this.embedding = embedding;
        this.layers = layers;
        this.finalNorm = finalNorm;
        this.unembedding = unembedding;
    }

    /// <summary>The decoder's numbers.</summary>
    public DecoderShape Shape { get; }

    /// <summary>Device, compute type and kind of linear layers.</summary>
    public Arithmetic Arithmetic { get; }

    /// <summary>The layers, first to last.</summary>
    public IReadOnlyList<DecoderLayer> Layers => layers;

    /// <summary>The norm behind the last layer.</summary>
    internal RmsNorm Norm => finalNorm;

    /// <summary>The head: logits and target directions.</summary>
    public Unembedding Unembedding => unembedding;

    /// <summary>The model folder, for messages.</summary>
    public string Source { get; init; } = "the model";

    /// <summary>
    /// Demands that numbers of a pass are finite: one that is not would be the largest logit, or the smallest, of every
    /// answer after it.
    /// </summary>
    /// <exception cref="InputException">One is not; names the model.</exception>
    public void RequireFinite<TNumber>(ReadOnlySpan<TNumber> logits)
        where TNumber : IFloatingPoint<TNumber>
    {
        foreach (TNumber logit in logits)
        {
            if (!TNumber.IsFinite(logit))
            {
                throw new InputException(
                    Source,
                    $"the model gives a logit that is {Named(logit)}: a weight is not finite, or the "
                        + "numbers are too large for the type that is computed in.",
                    "Download the weights again and compare their checksums, or set model.compute to float32."
                );
            }
        }

        static string Named(TNumber number) => TNumber.IsNaN(number) ? "not a number (NaN)" : "infinite";
    }

    /// <summary>Rows of the embedding matrix.</summary>
    /// <param name="ids">T token ids.</param>
    /// <returns>[T, hidden] in the compute type.</returns>
    public torch.Tensor Embed(IEnumerable<int> ids)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor index = torch.tensor(
            [.. ids.Select(id => (long)id)],
            dtype: torch.ScalarType.Int64,
            device: embedding.device
        );
        torch.Tensor rows = embedding.index_select(0, index).to(Arithmetic.Compute, Arithmetic.Device);
        return (
            Shape.EmbeddingScale == 1 ? rows : rows.mul(Scalars.Of(Shape.EmbeddingScale))
        ).MoveToOuterDisposeScope();
    }

    /// <summary>Rotary tables of some positions.</summary>
    /// <returns>Detached from every dispose scope.</returns>
    public LayerRotary Rotary(TokenPositions positions)
    {
        using var scope = torch.NewDisposeScope();
        long count = positions.Axes[0].Length;
        torch.Tensor axes = torch.tensor(
            [.. positions.Axes.SelectMany(axis => axis)],
            [positions.Axes.Length, count],
            dtype: torch.ScalarType.Int64,
            device: Arithmetic.Device
        ); // [axes, T]
        Rotary Tables(double theta, double divisor) =>
            Shape.RotarySections is { } sections && positions.Axes.Length > 1
                ? Tensors.Rotary.OfSections(
                    axes,
                    sections,
                    Shape.HeadDim,
                    theta,
                    Arithmetic.Compute,
                    divisor,
                    Shape.InterleavedSections
                )
                : Tensors.Rotary.Of(axes[0], Shape.HeadDim, theta, Arithmetic.Compute, divisor, Shape.RotaryScaling);
        return new LayerRotary(
            Tables(Shape.RotaryTheta, Shape.RotaryDivisor),
            Shape.Sliding is { } sliding ? Tables(sliding.RotaryTheta, 1) : null,
            Shape.Sliding
        ).Detached();
    }

    /// <summary>A sequence's queries, keys and values of one layer, heads first, rotated.</summary>
    /// <param name="layer">Layer.</param>
    /// <param name="x">[T, hidden], the residual stream entering the layer.</param>
    /// <param name="rotary">The layer's tables of the T positions.</param>
    /// <returns>Queries [H, T, d], keys [H_kv, T, d], values [H_kv, T, d].</returns>
    public (torch.Tensor Queries, torch.Tensor Keys, torch.Tensor Values) Project(
        int layer,
        torch.Tensor x,
        Rotary rotary
    )
    {
        using var scope = torch.NewDisposeScope();
        DecoderLayer weights = layers[layer];
        torch.Tensor normed = weights.InputNorm.Forward(x);
        torch.Tensor queries = QueriesOf(weights.Queries(normed), rotary);
        torch.Tensor keys = KeysOf(weights.Keys(normed), rotary);
        torch.Tensor values = ValuesOf(weights.Values(normed));
        scope.MoveToOuter(queries, keys, values);
        return (queries, keys, values);
    }

    /// <summary>A sequence's keys and values of one layer, where nothing asks for its queries.</summary>
    /// <inheritdoc cref="Project"/>
    /// <returns>Keys [H_kv, T, d], values [H_kv, T, d].</returns>
    public (torch.Tensor Keys, torch.Tensor Values) KeysAndValues(int layer, torch.Tensor x, Rotary rotary)
    {
        using var scope = torch.NewDisposeScope();
        DecoderLayer weights = layers[layer];
        torch.Tensor normed = weights.InputNorm.Forward(x);
        torch.Tensor keys = KeysOf(weights.Keys(normed), rotary);
        torch.Tensor values = ValuesOf(weights.Values(normed));
        scope.MoveToOuter(keys, values);
        return (keys, values);
    }

    /// <summary>One sequence's queries, heads first, rotated: [T, H*d] -> [H, T, d].</summary>
    public torch.Tensor QueriesOf(torch.Tensor rows, Rotary rotary) => rotary.Apply(ByHead(rows, Shape.Heads));

    /// <summary>One sequence's keys, heads first, rotated: [T, H_kv*d] -> [H_kv, T, d].</summary>
    public torch.Tensor KeysOf(torch.Tensor rows, Rotary rotary) => rotary.Apply(ByHead(rows, Shape.KvHeads));

    /// <summary>One sequence's values, heads first: [T, H_kv*d] -> [H_kv, T, d], contiguous.</summary>
    public torch.Tensor ValuesOf(torch.Tensor rows) => ByHead(rows, Shape.KvHeads).contiguous();

    /// <summary>Heads' outputs back to rows: [H, T, d] -> [T, H*d].</summary>
    public static torch.Tensor ByRow(torch.Tensor heads)
    {
        using torch.Tensor rows = heads.transpose(0, 1); // [T, H, d]
        return rows.reshape(rows.shape[0], -1);
    }

    /// <summary>The final norm.</summary>
    /// <param name="x">[rows, hidden], what leaves the last layer.</param>
    public torch.Tensor FinalNorm(torch.Tensor x) => finalNorm.Forward(x);

    /// <summary>Logits over every row of the vocabulary.</summary>
    /// <param name="x">[rows, hidden], what leaves the last layer.</param>
    /// <returns>[rows, V] in the compute type.</returns>
    public torch.Tensor Logits(torch.Tensor x)
    {
        using torch.Tensor normed = FinalNorm(x);
        return unembedding.Logits(normed);
    }

    private torch.Tensor ByHead(torch.Tensor rows, int heads) =>
        rows.view(rows.shape[0], heads, Shape.HeadDim).transpose(0, 1); // [heads, T, d]
}
