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
    public abstract double[] Of(torch.Tensor normed);

    /// <summary>f of B sequences and df/d normed, in closed form.</summary>
    /// <param name="normed">[B*n, hidden].</param>
    /// <returns>B values; [B*n, hidden] in the type of <paramref name="normed"/>, in the caller's dispose
    /// scope.</returns>
    public abstract (double[] F, torch.Tensor Slope) WithSlope(torch.Tensor normed);

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

    /// <inheritdoc/>
    public override double[] Of(torch.Tensor normed)
    {
        using var scope = torch.NewDisposeScope();
        double[] values = normed.to(torch.ScalarType.Float64).cpu().contiguous().data<double>().ToArray();
        double[] f = new double[normed.shape[0]];
        for (int row = 0; row < f.Length; row++)
        {
            ReadOnlySpan<double> h = values.AsSpan(row * direction.Length, direction.Length);
            for (int i = 0; i < h.Length; i++)
            {
                f[row] += h[i] * direction[i];
            }
        }

        return f;
    }

    /// <inheritdoc/>
    public override (double[] F, torch.Tensor Slope) WithSlope(torch.Tensor normed)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor slope = torch
            .tensor(direction, dtype: torch.ScalarType.Float64, device: normed.device)
            .to(normed.dtype)
            .expand(normed.shape)
            .contiguous();
        return (Of(normed), slope.MoveToOuterDisposeScope());
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
    public override double[] Of(torch.Tensor normed) => Joined(unembedding.LogProbabilities(normed, tokens));

    /// <inheritdoc/>
    public override (double[] F, torch.Tensor Slope) WithSlope(torch.Tensor normed)
    {
        using var scope = torch.NewDisposeScope();
        (double[] logs, torch.Tensor slope) = unembedding.LogProbabilitiesWithSlope(normed, tokens);
        double[] f = Joined(logs);
        if (What is Measured.Probability)
        {
            // dp = p d(log p)
            slope *= torch.tensor(f, [f.Length, 1], dtype: torch.ScalarType.Float64, device: slope.device);
        }

        return (f, slope.to(normed.dtype).MoveToOuterDisposeScope());
    }

    /// <summary>f of each sequence, from its positions' log-probabilities.</summary>
    private double[] Joined(double[] logs)
    {
        double[] f = new double[logs.Length / tokens.Length];
        for (int i = 0; i < logs.Length; i++)
        {
            f[i / tokens.Length] += logs[i];
        }

        return What is Measured.Probability ? [.. f.Select(Math.Exp)] : f;
    }
}
