using Pipelines.Models.Families;
using TorchSharp;

namespace Pipelines.Models.Ablation;

/// <summary>
/// Gates over packed weights, on a CPU in float32: the layers forward, keeping of each what its way back reads, then
/// back layer by layer, dX = dY W straight from the panels. One model serves passes and gradients. Weights want no
/// gradient, so a layer's way back costs what its way forward does. A point's bits are the same whatever the batch and
/// the thread count.
/// </summary>
internal sealed class PackedGates : GatedForward
{
    private readonly GatedAttention attention;

    /// <summary>Prepares a sample.</summary>
    /// <param name="cache">Prefix and image.</param>
    /// <param name="baseline">What closed gates see.</param>
    /// <param name="target">Measures f.</param>
    /// <param name="batch">Points computed together.</param>
    public PackedGates(PrefixCache cache, BaselineBlocks baseline, OutputMeasure target, int batch)
        : base(cache, baseline, target, batch) => attention = new GatedAttention(cache, baseline);

    /// <summary>Numbers of a suffix token and layer that are kept: see <see cref="LayerTape"/>.</summary>
    public static long KeptOfToken(DecoderShape shape) =>
        ((shape.PostNorms ? 4L : 2L) * shape.Hidden)
        + (((long)shape.Heads + (2L * shape.KvHeads)) * shape.HeadDim)
        + (2L * shape.Intermediate);

    /// <inheritdoc/>
    private protected override double[] LogitsOf(double[][] batch)
    {
        using var noGradient = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        return Target.Of(Decoder.FinalNorm(Forward(batch, tapes: null)));
    }

    /// <inheritdoc/>
    private protected override GatedLogit[] GradientsOf(double[][] batch)
    {
        using var noGradient = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var tapes = new LayerTape[Decoder.Shape.Layers];
        torch.Tensor left = Forward(batch, tapes); // [B*n, hidden]
        (double[] f, torch.Tensor slope) = Target.WithSlope(Decoder.FinalNorm(left));
        Decoder.RequireFinite<double>(f);
        double[][] gradients = [.. batch.Select(_ => new double[Decoder.Shape.TotalHeads])];
        Backward(batch, tapes, Decoder.Norm.Backward(left, slope), gradients);
        return [.. f.Select((value, b) => new GatedLogit(value, gradients[b]))];
    }

    /// <summary>The suffix of B points.</summary>
    /// <param name="gates">B points.</param>
    /// <param name="tapes">Receives what each layer keeps, or null.</param>
    /// <returns>[B*n, hidden], what leaves the last layer at the last n positions.</returns>
    private torch.Tensor Forward(double[][] gates, LayerTape[]? tapes)
    {
        using var scope = torch.NewDisposeScope();
        long b = gates.Length,
            t = Cache.Prompt.SuffixLength;
        // [B*T, hidden]
        torch.Tensor x = Cache.SuffixEmbeddings.expand(b, t, Decoder.Shape.Hidden).reshape(b * t, Decoder.Shape.Hidden);
        for (int layer = 0; layer < Decoder.Shape.Layers; layer++)
        {
            using var layerScope = torch.NewDisposeScope();
            DecoderLayer weights = Decoder.Layers[layer];
            torch.Tensor normed = weights.InputNorm.Forward(x);
            torch.Tensor keys = weights.Key.Forward(normed), // [B*T, H_kv*d], before its norm
                values = weights.Value.Forward(normed),
                queries = weights.Query.Forward(Asking(layer)?.Of(normed) ?? normed); // [B*Q, H*d]
            torch.Tensor heads = attention.Forward(
                new GatedRows(layer, weights.NormedQueries(queries), weights.NormedKeys(keys), values),
                gates
            );
            var projected = new GatedRows(layer, queries, keys, values);
            var tape = LayerTape.Of(weights, x, projected, heads, Asking(layer), out torch.Tensor left);
            if (tapes is null)
            {
                x.Dispose(); // no tape keeps it
            }
            else
            {
                tapes[layer] = tape;
                tape.MoveToOuter(layerScope);
            }

            x = left.MoveToOuterDisposeScope();
            LayerMemory.Return(layer, x);
        }

        if (tapes is not null)
        {
            foreach (LayerTape tape in tapes)
            {
                tape.MoveToOuter(scope);
            }
        }

        return x.MoveToOuterDisposeScope();
    }

    /// <summary>From the slope in what leaves the last layer to the slopes in the gates of all.</summary>
    /// <param name="gates">B points.</param>
    /// <param name="tapes">What the layers kept; each is freed when it was read.</param>
    /// <param name="slope">[B*n, hidden].</param>
    /// <param name="gradients">B times N; filled.</param>
    private void Backward(double[][] gates, LayerTape[] tapes, torch.Tensor slope, double[][] gradients)
    {
        using var scope = torch.NewDisposeScope();
        for (int layer = Decoder.Shape.Layers - 1; layer >= 0; layer--)
        {
            using var layerScope = torch.NewDisposeScope();
            DecoderLayer weights = Decoder.Layers[layer];
            LayerTape tape = tapes[layer];
            torch.Tensor onAttended = tape.BackToAttended(weights, slope); // [B*Q, hidden]
            GatedRows? rows = attention.Backward(
                new GatedRows(layer, weights.NormedQueries(tape.Queries), weights.NormedKeys(tape.Keys), tape.Values),
                gates,
                tape.BackToHeads(weights, onAttended),
                gradients,
                needsRows: layer > 0 // what enters the first layer has no gates behind it
            );
            if (rows is not null)
            {
                slope = tape.BackToEntered(weights, rows, onAttended, Asking(layer)).MoveToOuterDisposeScope();
            }

            tape.Dispose();
            LayerMemory.Return(layer, slope);
        }
    }

    /// <summary>The tokens that leave the last layer; the other layers' all go on.</summary>
    private LastTokens? Asking(int layer) =>
        layer == Decoder.Shape.Layers - 1 ? new LastTokens(Target.Positions, Cache.Prompt.SuffixLength) : null;
}
