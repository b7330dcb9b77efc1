using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families;

/// <summary>
/// The head of a decoder. Beside all logits it gives target directions: the paper's adjusted logit (target minus mean
/// over the vocabulary) is one dot product, f = h . (w_target - mean_v w_v), because a mean of linear functions is the
/// linear function of the mean.
/// </summary>
public sealed class Unembedding
{
    private const int ChunkRows = 1024;
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

    /// <summary>w_target - mean_v w_v, in double.</summary>
    /// <param name="target">The target token.</param>
    /// <param name="without">Rows that the mean leaves out (<c>logit_mean: tokens</c> leaves out padding rows); empty =
    /// every row (<c>logit_mean: rows</c>).</param>
    /// <exception cref="ArgumentOutOfRangeException">The target is not a row.</exception>
    public TargetDirection Direction(int target, IReadOnlyCollection<int> without)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(target);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(target, Rows);
        double[] sum = [.. rowSum.Value];
        foreach (int row in without)
        {
            AddRow(sum, row, -1);
        }

        double count = Rows - without.Count;
        double[] direction = [.. sum.Select(s => -s / count)];
        AddRow(direction, target, 1);
        return new TargetDirection(target, direction);
    }

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

        return sum.cpu().data<double>().ToArray();
    }

    private void AddRow(double[] sum, int row, double factor)
    {
        using var scope = torch.NewDisposeScope();
        double[] values = weight[row].to(torch.ScalarType.Float64).cpu().data<double>().ToArray();
        for (int i = 0; i < sum.Length; i++)
        {
            sum[i] += factor * values[i];
        }
    }
}

/// <summary>The direction of a target token's adjusted logit in the space after the final norm.</summary>
/// <param name="Target">The target token.</param>
/// <param name="Direction">[hidden], w_target - mean_v w_v.</param>
public sealed record TargetDirection(int Target, double[] Direction)
{
    /// <summary>f = h . direction, summed in double, row by row.</summary>
    /// <param name="normed">[rows, hidden], after the final norm.</param>
    /// <returns>f of every row, in logits.</returns>
    public double[] Logits(torch.Tensor normed)
    {
        using var scope = torch.NewDisposeScope();
        double[] values = normed.to(torch.ScalarType.Float64).cpu().contiguous().data<double>().ToArray();
        double[] f = new double[normed.shape[0]];
        for (int row = 0; row < f.Length; row++)
        {
            ReadOnlySpan<double> h = values.AsSpan(row * Direction.Length, Direction.Length);
            for (int i = 0; i < h.Length; i++)
            {
                f[row] += h[i] * Direction[i];
            }
        }

        return f;
    }
}
