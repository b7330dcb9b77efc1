using Pipelines.Domain;

namespace Pipelines.Spec;

/// <summary>What f measures; phi follows from it as in the paper.</summary>
public sealed record TargetSpec : IRuled
{
    /// <summary>
    /// <c>logit</c> (the paper's: target minus mean), <c>logit-difference</c> (target minus counter-answer),
    /// <c>log-probability</c>, <c>probability</c>, or <c>sequence</c> (log-probability of the whole answer).
    /// </summary>
    public TargetKind Kind { get; init; }

    /// <summary>
    /// Whose answer is the target: that of the data, or the model's own. Left out: the model's (paper); with
    /// <c>logit-difference</c> that of the data.
    /// </summary>
    public TargetOf? Of { get; init; }

    /// <summary>
    /// What it is measured against. Left out: the mean logit; with <c>logit-difference</c> the counter-answer.
    /// </summary>
    public TargetAgainst? Against { get; init; }

    /// <summary><c>sequence</c>: the token that ends the turn is one of the answer's.</summary>
    public bool End { get; init; }

    /// <summary>
    /// f(1) - f(0) may be negative, as it is for an answer that the picture speaks against: <c>min_gap</c> then bounds
    /// its absolute value.
    /// </summary>
    public bool Signed { get; init; }

    /// <summary>Whose answer is the target, settled.</summary>
    public TargetOf Whose => Of ?? (IsDifference ? TargetOf.Answer : TargetOf.ModelAnswer);

    /// <summary>Two answers are measured.</summary>
    public bool IsDifference => Kind == TargetKind.LogitDifference;

    /// <inheritdoc/>
    IEnumerable<BrokenRule> IRuled.Broken
    {
        get
        {
            if (End && Kind != TargetKind.Sequence)
            {
                yield return new BrokenRule(["end"], "end belongs to kind: sequence");
            }

            if (IsDifference && Against == TargetAgainst.Mean)
            {
                yield return new BrokenRule(
                    ["against"],
                    "a logit difference is measured against the counter-answer; against the mean it is kind: logit"
                );
            }

            if (!IsDifference && Against == TargetAgainst.CounterAnswer)
            {
                yield return new BrokenRule(
                    ["against"],
                    "only kind: logit-difference is measured against the counter-answer"
                );
            }
        }
    }
}
