using Pipelines.Domain;
using Pipelines.Models.Tensors;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Pipelines.Models.Families;

/// <summary>
/// The head of a decoder. Beside all logits it makes what measures f: the paper's adjusted logit (target minus mean
/// over the vocabulary) is one dot product, f = h . (w_target - mean_v w_v), because a mean of linear functions is the
/// linear function of the mean; a log-probability needs all logits of a row once.
/// </summary>
public sealed class Unembedding
{
    private const int ChunkRows = 1024; // the sum's cut: part of what its bits are
    private const int PartRows = 4096;

    /// <summary>Logits held at the same time: 32 MB of float32.</summary>
    private const long HeldLogits = 8 << 20;

    private readonly ILinear head;
    private readonly Arithmetic arithmetic;
    private readonly torch.Tensor weight; // [V, hidden], stored type
    private readonly Lazy<double[]> rowSum; // [hidden]

    /// <summary>A head of claimed weights.</summary>
    /// <param name="head">lm_head, hidden -> V.</param>
    /// <param name="weight">[V, hidden], the same matrix as stored (the embedding where the head is tied).</param>
    /// <param name="arithmetic">Kind of linear layers.</param>
    public Unembedding(ILinear head, torch.Tensor weight, Arithmetic arithmetic)
    {
        this.arithmetic = arithmetic;
        this.head = head;
        this.weight = weight;
        rowSum = new Lazy<double[]>(SumOfRows);
    }

    /// <summary>V, rows.</summary>
    public long Rows => weight.shape[0];

    /// <summary>All logits.</summary>
    /// <param name="normed">[rows, hidden], after the final norm.</param>
    /// <returns>[rows, V].</returns>
    public torch.Tensor Logits(torch.Tensor normed) => head.Forward(normed);

    /// <summary>What measures f.</summary>
    /// <param name="what">What f is.</param>
    /// <param name="padding">Rows without a token, which the mean of <see cref="LogitMean.Tokens"/> leaves out; nothing
    /// else reads them.</param>
    /// <exception cref="ArgumentOutOfRangeException">A token is not a row.</exception>
    public OutputMeasure Measure(Measured what, IReadOnlyCollection<int>? padding = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(what.Scored.Count, nameof(what));
        foreach (int token in what is Measured.LogitDifference pair ? [pair.Token, pair.Against] : what.Scored)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(token, nameof(what));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(token, Rows, nameof(what));
        }

        return what switch
        {
            Measured.Logit logit => new LinearMeasure(
                logit,
                FromMean(logit.Token, logit.Mean == LogitMean.Rows ? [] : padding ?? [])
            ),
            Measured.LogitDifference difference => new LinearMeasure(
                difference,
                Between(difference.Token, difference.Against)
            ),
            _ => new LogProbabilityMeasure(what, this),
        };
    }

    /// <summary>log p of tokens: the logit minus the log of the sum of exponentials over all rows.</summary>
    /// <param name="normed">[rows, hidden], after the final norm.</param>
    /// <param name="tokens">n tokens; row i is scored by token i % n.</param>
    /// <returns>[rows] float64 on the device, in the caller's dispose scope.</returns>
    internal torch.Tensor LogProbabilities(torch.Tensor normed, IReadOnlyList<int> tokens)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        int[] scored = Scored(normed, tokens);
        if (arithmetic.Linear == LinearChoice.Packed)
        {
            var values = new List<double>(scored.Length);
            foreach (RowChunk chunk in Chunks(normed))
            {
                using torch.Tensor logits = head.Forward(chunk.Rows);
                values.AddRange(RowKernels.LogSoftmax(logits, chunk.Of(scored)));
            }

            return torch.tensor(values.ToArray()).MoveToOuterDisposeScope();
        }

        torch.Tensor index = Index(scored, normed.device);
        var found = new List<torch.Tensor>();
        foreach (RowChunk chunk in Chunks(normed))
        {
            using var inner = torch.NewDisposeScope();
            torch.Tensor logits = WideLogits(chunk.Rows).to(torch.ScalarType.Float64);
            found.Add((At(logits, chunk.Of(index)) - LogSumExp(logits)).MoveToOuterDisposeScope());
        }

        return torch.cat(found, 0).MoveToOuterDisposeScope();
    }

    /// <summary>log p of tokens and its slope, w_t - sum_v p_v w_v.</summary>
    /// <inheritdoc cref="LogProbabilities"/>
    /// <returns>[rows] and [rows, hidden], float64 on the device, in the caller's dispose scope.</returns>
    internal (torch.Tensor Values, torch.Tensor Slope) LogProbabilitiesWithSlope(
        torch.Tensor normed,
        IReadOnlyList<int> tokens
    )
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        int[] scored = Scored(normed, tokens);
        torch.Tensor index = Index(scored, normed.device);
        var found = new List<torch.Tensor>();
        var slopes = new List<torch.Tensor>();
        foreach (RowChunk chunk in Chunks(normed))
        {
            using var inner = torch.NewDisposeScope();
            (torch.Tensor values, torch.Tensor slope) = head is PackedLinear packed
                ? OfPacked(packed, chunk.Rows, chunk.Of(scored))
                : OfWide(chunk.Rows, chunk.Of(index));
            found.Add(values.MoveToOuterDisposeScope());
            slopes.Add(slope.MoveToOuterDisposeScope());
        }

        return (torch.cat(found, 0).MoveToOuterDisposeScope(), torch.cat(slopes, 0).MoveToOuterDisposeScope());
    }

    private static (torch.Tensor Values, torch.Tensor Slope) OfPacked(
        PackedLinear head,
        torch.Tensor rows,
        int[] scored
    )
    {
        torch.Tensor onLogits = head.Forward(rows); // [rows, V]
        torch.Tensor values = torch.tensor(RowKernels.LogSoftmax(onLogits, scored));
        RowGradients.LogSoftmax(onLogits, scored);
        return (values, head.Backward(onLogits).to(torch.ScalarType.Float64));
    }

    private (torch.Tensor Values, torch.Tensor Slope) OfWide(torch.Tensor rows, torch.Tensor scored)
    {
        torch.Tensor logits = WideLogits(rows).to(torch.ScalarType.Float64);
        torch.Tensor sums = LogSumExp(logits); // [rows]
        torch.Tensor p = (logits - sums.unsqueeze(1)).exp_(); // [rows, V]
        torch.Tensor slope = Matrix.Taken(0, scored).to(torch.ScalarType.Float64); // [rows, hidden]
        for (long start = 0; start < Rows; start += PartRows)
        {
            using var part = torch.NewDisposeScope();
            torch.Tensor weights = WidePart(start, rows.device);
            torch.Tensor mean = p.narrow(1, start, weights.shape[0]).to(weights.dtype).mm(weights);
            slope = (slope - mean).MoveToOuterDisposeScope();
        }

        return (At(logits, scored) - sums, slope);
    }

    /// <summary>w_target - mean_v w_v, in double.</summary>
    /// <param name="target">The target token.</param>
    /// <param name="without">Rows that the mean leaves out; empty = none.</param>
    private double[] FromMean(int target, IReadOnlyCollection<int> without)
    {
        double[] sum = [.. rowSum.Value];
        foreach (int row in without)
        {
            AddRow(sum, row, -1);
        }

        double count = Rows - without.Count;
        double[] direction = [.. sum.Select(s => -s / count)];
        AddRow(direction, target, 1);
        return direction;
    }

    /// <summary>w_token - w_against, in double.</summary>
    private double[] Between(int token, int against)
    {
        double[] direction = new double[weight.shape[1]];
        AddRow(direction, token, 1);
        AddRow(direction, against, -1);
        return direction;
    }

    /// <summary>
    /// The matrix as it is computed with: libtorch's layer has it on the device, in the compute type.
    /// </summary>
    private torch.Tensor Matrix => head is TorchLinear layer ? layer.Weight : weight;

    /// <summary>
    /// All logits in float32, or float64 where that is the compute type, from sums in that type: rounded to bfloat16
    /// they would move a log-probability by hundredths.
    /// </summary>
    /// <param name="normed">[rows, hidden].</param>
    /// <returns>[rows, V].</returns>
    private torch.Tensor WideLogits(torch.Tensor normed)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor h = normed.to(Wide);
        torch.Tensor logits = torch.empty([h.shape[0], Rows], dtype: Wide, device: h.device);
        for (long start = 0; start < Rows; start += PartRows)
        {
            using var part = torch.NewDisposeScope();
            torch.Tensor weights = WidePart(start, h.device);
            logits.narrow(1, start, weights.shape[0]).copy_(F.linear(h, weights, null));
        }

        return logits.MoveToOuterDisposeScope();
    }

    private torch.ScalarType Wide =>
        arithmetic.Compute == torch.ScalarType.Float64 ? torch.ScalarType.Float64 : torch.ScalarType.Float32;

    /// <summary>Some rows of the matrix: no second copy of it is held.</summary>
    private torch.Tensor WidePart(long start, torch.Device device) =>
        Matrix.narrow(0, start, Math.Min(PartRows, Rows - start)).to(Wide, device);

    /// <summary>Rows whose logits are held together, at most <see cref="HeldLogits"/> numbers.</summary>
    private IEnumerable<RowChunk> Chunks(torch.Tensor normed)
    {
        int count = (int)normed.shape[0],
            together = (int)Math.Max(1, HeldLogits / Rows);
        for (int start = 0; start < count; start += together)
        {
            int length = Math.Min(together, count - start);
            using torch.Tensor rows = normed.narrow(0, start, length);
            yield return new RowChunk(rows, start, length);
        }
    }

    /// <summary>The token of each row.</summary>
    private static int[] Scored(torch.Tensor normed, IReadOnlyList<int> tokens) =>
        [.. Enumerable.Range(0, (int)normed.shape[0]).Select(i => tokens[i % tokens.Count])];

    /// <summary>
    /// [rows, V] -> [rows]. libtorch's own, operation by operation and bit by bit where logits are finite: its guard
    /// against infinite ones has no kernel on meta.
    /// </summary>
    private static torch.Tensor LogSumExp(torch.Tensor logits)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor largest = logits.amax([1L], keepdim: true); // [rows, 1]
        return (logits - largest).exp_().sum(1).log_().Plus(largest.squeeze(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Each row's logit of its token, [rows].</summary>
    private static torch.Tensor At(torch.Tensor logits, torch.Tensor tokens) =>
        logits.gather(1, tokens.unsqueeze(1)).squeeze(1);

    private static torch.Tensor Index(int[] tokens, torch.Device device) =>
        torch.tensor([.. tokens.Select(t => (long)t)], dtype: torch.ScalarType.Int64, device: device);

    private double[] SumOfRows()
    {
        using var oneThread = new OneTorchThread(arithmetic);
        using var scope = torch.NewDisposeScope();
        torch.Tensor sum = torch.zeros(weight.shape[1], dtype: torch.ScalarType.Float64, device: weight.device);
        for (long start = 0; start < Rows; start += ChunkRows)
        {
            using var chunk = torch.NewDisposeScope();
            sum.add_(
                weight.narrow(0, start, Math.Min(ChunkRows, Rows - start)).to(torch.ScalarType.Float64).sum([0L]),
                Scalars.One
            );
        }

        return HostCopy.Doubles(sum)[0];
    }

    private void AddRow(double[] sum, int row, double factor)
    {
        using torch.Tensor stored = weight[row];
        double[] values = HostCopy.Doubles(stored)[0];
        for (int i = 0; i < sum.Length; i++)
        {
            sum[i] += factor * values[i];
        }
    }
    /// <summary>Some of the rows.</summary>
    /// <param name="Rows">[length, hidden].</param>
    /// <param name="Start">The first of them.</param>
    /// <param name="Length">How many.</param>
    private sealed record RowChunk(torch.Tensor Rows, int Start, int Length)
    {
        /// <summary>What belongs to them, of a number a row.</summary>
        public int[] Of(int[] all) => all[Start..(Start + Length)];

        /// <inheritdoc cref="Of(int[])"/>
        public torch.Tensor Of(torch.Tensor all) => all.narrow(0, Start, Length);
    }
}
