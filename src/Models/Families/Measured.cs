using Pipelines.Domain;

namespace Pipelines.Models.Families;

/// <summary>What of the model's output f is: a value. A <see cref="OutputMeasure"/> computes it.</summary>
public abstract record Measured
{
    private Measured(TargetKind kind) => Kind = kind;

    /// <summary>The kind, by the word that specs have for it.</summary>
    public TargetKind Kind { get; protected init; }

    /// <summary>Tokens that are scored, one a position: by the logits of the last suffix positions, in order.</summary>
    public abstract IReadOnlyList<int> Scored { get; }

    /// <summary>
    /// Tokens that end the prompt, behind whatever else is given (<see cref="PromptTokens.FollowedBy"/>): the scored
    /// ones but the last, which no logit needs.
    /// </summary>
    public IReadOnlyList<int> Given => [.. Scored.Take(Scored.Count - 1)];

    /// <summary>The token's logit minus the mean logit (paper, adjusted logit).</summary>
    /// <param name="Token">The token.</param>
    /// <param name="Mean">Rows that the mean goes over.</param>
    public sealed record Logit(int Token, LogitMean Mean) : Measured(TargetKind.Logit)
    {
        /// <inheritdoc/>
        public override IReadOnlyList<int> Scored => [Token];
    }

    /// <summary>The token's logit minus another token's.</summary>
    /// <param name="Token">The token.</param>
    /// <param name="Against">The other.</param>
    public sealed record LogitDifference(int Token, int Against) : Measured(TargetKind.LogitDifference)
    {
        /// <inheritdoc/>
        public override IReadOnlyList<int> Scored => [Token];
    }

    /// <summary>The token's log-probability over every row of the unembedding, padding rows included.</summary>
    /// <param name="Token">The token.</param>
    public sealed record LogProbability(int Token) : Measured(TargetKind.LogProbability)
    {
        /// <inheritdoc/>
        public override IReadOnlyList<int> Scored => [Token];
    }

    /// <summary>Its probability.</summary>
    /// <param name="Token">The token.</param>
    public sealed record Probability(int Token) : Measured(TargetKind.Probability)
    {
        /// <inheritdoc/>
        public override IReadOnlyList<int> Scored => [Token];
    }

    /// <summary>
    /// The sum of the log-probabilities of an answer's tokens, each behind those before it (teacher forcing).
    /// </summary>
    /// <param name="Tokens">At least one.</param>
    public sealed record Sequence(IReadOnlyList<int> Tokens) : Measured(TargetKind.Sequence)
    {
        /// <inheritdoc/>
        public override IReadOnlyList<int> Scored => Tokens;

        /// <summary>By the tokens, not by the list that holds them.</summary>
        public bool Equals(Sequence? other) => other is not null && Tokens.SequenceEqual(other.Tokens);

        /// <inheritdoc/>
        public override int GetHashCode() => Tokens.Aggregate(Tokens.Count, HashCode.Combine);
    }
}
