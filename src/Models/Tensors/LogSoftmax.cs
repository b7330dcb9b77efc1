namespace Pipelines.Models.Tensors;

/// <summary>
/// Log-probabilities over all logits of one position, in double. Logits of rows without a token count, too.
/// </summary>
public sealed class LogSoftmax
{
    private readonly IReadOnlyList<float> logits;
    private readonly double normalizer; // log of the sum of exponentials

    /// <summary>Takes the sum once.</summary>
    /// <param name="logits">[V], finite.</param>
    public LogSoftmax(IReadOnlyList<float> logits)
    {
        this.logits = logits;
        double most = logits.Max();
        normalizer = most + Math.Log(logits.Sum(l => Math.Exp(l - most)));
    }

    /// <summary>log p of a token.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such row.</exception>
    public double Of(int token)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(token);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(token, logits.Count);
        return logits[token] - normalizer;
    }

    /// <summary>
    /// The share of the whole mass that some tokens have together, 0 to 1, a token that is named twice once. A
    /// probability among candidates alone says nothing where this is small.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">No such row.</exception>
    public double ShareOf(IEnumerable<int> tokens) => tokens.Distinct().Sum(token => Math.Exp(Of(token)));
}
