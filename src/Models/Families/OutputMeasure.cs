using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Models.Families;

/// <summary>
/// Measures f, and its slope, from what leaves the final norm. Made by <see cref="VisionLanguageModel.Measure"/>.
/// Read-only: worker threads share it.
/// </summary>
public abstract class OutputMeasure
{
    private protected OutputMeasure(Measured what) => What = what;

    /// <summary>What f is.</summary>
    public Measured What { get; }

    /// <summary>n, how many of the last suffix positions f needs: 1, or a token of a sequence each.</summary>
    public int Positions => What.Scored.Count;

    /// <summary>f of B sequences; row by row in double.</summary>
    /// <param name="normed">[B*n, hidden], the last n positions of each sequence after the final norm.</param>
    /// <returns>B values. They are not finite where a logit is not.</returns>
    public virtual double[] Of(torch.Tensor normed)
    {
        using var scope = torch.NewDisposeScope();
        return OfRead(HostCopy.Doubles(Read(normed))[0]);
    }

    /// <summary>f of B sequences and df/d normed, in closed form.</summary>
    /// <param name="normed">[B*n, hidden].</param>
    /// <returns>B values; [B*n, hidden] in the type of <paramref name="normed"/>, in the caller's dispose
    /// scope.</returns>
    public virtual (double[] F, torch.Tensor Slope) WithSlope(torch.Tensor normed)
    {
        using var scope = torch.NewDisposeScope();
        (torch.Tensor read, torch.Tensor slope) = ReadWithSlope(normed);
        return (OfRead(HostCopy.Doubles(read)[0]), slope.MoveToOuterDisposeScope());
    }

    /// <summary>What is read from the device for f of B sequences; nothing is transferred yet.</summary>
    /// <param name="normed">[B*n, hidden].</param>
    /// <returns>Any numbers on the device of <paramref name="normed"/>, for <see cref="OfRead"/>; in the caller's
    /// dispose scope.</returns>
    internal abstract torch.Tensor Read(torch.Tensor normed);

    /// <summary>The same and df/d normed, also on the device: nothing is transferred yet.</summary>
    /// <param name="normed">[B*n, hidden].</param>
    /// <returns>See <see cref="Read"/>; [B*n, hidden] in the type of <paramref name="normed"/>.</returns>
    internal abstract (torch.Tensor Read, torch.Tensor Slope) ReadWithSlope(torch.Tensor normed);

    /// <summary>f of B sequences, of what was read.</summary>
    /// <param name="numbers">Those of <see cref="Read"/>, row-major.</param>
    internal abstract double[] OfRead(double[] numbers);

    /// <summary>Demands that a prompt ends in what f needs to be given.</summary>
    /// <exception cref="ArgumentException">It does not; f would be that of other tokens.</exception>
    internal void RequireGiven(PromptTokens prompt)
    {
        IReadOnlyList<int> given = What.Given;
        if (prompt.SuffixLength < Positions || !prompt.Ids.TakeLast(given.Count).SequenceEqual(given))
        {
            throw new ArgumentException(
                $"the prompt does not end in the {given.Count} tokens that f needs to be given",
                nameof(prompt)
            );
        }
    }
}

/// <summary>f as one dot product, f = h . direction: logits are linear in h.</summary>
public sealed class LinearMeasure : OutputMeasure
{
    private readonly double[] direction;

    internal LinearMeasure(Measured what, double[] direction)
        : base(what) => this.direction = direction;

    /// <summary>[hidden], in the space after the final norm.</summary>
    public IReadOnlyList<double> Direction => direction;

    /// <summary>The rows themselves: their products with the direction are summed on the CPU, in one order.</summary>
    internal override torch.Tensor Read(torch.Tensor normed) => normed.alias();

    /// <inheritdoc/>
    internal override double[] OfRead(double[] numbers)
    {
        double[] f = new double[numbers.Length / direction.Length];
        for (int row = 0; row < f.Length; row++)
        {
            ReadOnlySpan<double> h = numbers.AsSpan(row * direction.Length, direction.Length);
            for (int i = 0; i < h.Length; i++)
            {
                f[row] += h[i] * direction[i];
            }
        }

        return f;
    }

    /// <inheritdoc/>
    internal override (torch.Tensor Read, torch.Tensor Slope) ReadWithSlope(torch.Tensor normed)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor slope = torch
            .tensor(direction, dtype: torch.ScalarType.Float64, device: normed.device)
            .to(normed.dtype)
            .expand(normed.shape)
            .contiguous();
        return (Read(normed).MoveToOuterDisposeScope(), slope.MoveToOuterDisposeScope());
    }
}

/// <summary>f by the log-softmax over every row of the unembedding, at one position or at several.</summary>
internal sealed class LogProbabilityMeasure : OutputMeasure
{
    private readonly Unembedding unembedding;
    private readonly int[] tokens; // [n]

    public LogProbabilityMeasure(Measured what, Unembedding unembedding)
        : base(what)
    {
        this.unembedding = unembedding;
        tokens = [.. what.Scored];
    }

    /// <inheritdoc/>
    public override (double[] F, torch.Tensor Slope) WithSlope(torch.Tensor normed)
    {
        using var scope = torch.NewDisposeScope();
        (torch.Tensor logs, torch.Tensor slope) = unembedding.LogProbabilitiesWithSlope(normed, tokens);
        double[] f = OfRead(HostCopy.Doubles(logs)[0]);
        if (What is Measured.Probability)
        {
            // dp = p d(log p)
            slope *= torch.tensor(f, [f.Length, 1], dtype: torch.ScalarType.Float64, device: slope.device);
        }

        return (f, slope.to(normed.dtype).MoveToOuterDisposeScope());
    }

    /// <summary>[B*n] float64, the log-probability of each position's token.</summary>
    internal override torch.Tensor Read(torch.Tensor normed) => unembedding.LogProbabilities(normed, tokens);

    /// <inheritdoc/>
    internal override (torch.Tensor Read, torch.Tensor Slope) ReadWithSlope(torch.Tensor normed)
    {
        using var scope = torch.NewDisposeScope();
        (torch.Tensor logs, torch.Tensor slope) = unembedding.LogProbabilitiesWithSlope(normed, tokens);
        if (What is Measured.Probability)
        {
            slope *= logs.exp().unsqueeze(1); // dp = p d(log p)
        }

        return (logs.MoveToOuterDisposeScope(), slope.to(normed.dtype).MoveToOuterDisposeScope());
    }

    /// <summary>f of each sequence, from its positions' log-probabilities.</summary>
    internal override double[] OfRead(double[] numbers)
    {
        double[] f = new double[numbers.Length / tokens.Length];
        for (int i = 0; i < numbers.Length; i++)
        {
            f[i / tokens.Length] += numbers[i];
        }

        return What is Measured.Probability ? [.. f.Select(Math.Exp)] : f;
    }
}
