using Pipelines.Domain;

namespace Pipelines.Spec;

/// <summary>
/// Gradients of phi with respect to a gate per head (beyond the paper: expected gradients). Masks are drawn as those of
/// the forward passes (same share ablated, same draw, same scope), from a stream of their own, so that no forward mask
/// that tests a fit was seen by it.
/// </summary>
[Named("gradient-passes")]
public sealed record GradientPassesSpec : StageSpec
{
    /// <summary>Gradients per sample: 100 serve models of 64 to 400 heads alike (quickstart-sizes).</summary>
    [Between(1, 1_000_000)]
    public int Count { get; init; } = 100;

    /// <summary>Gradients in one shard: the unit of resuming and of reuse when <see cref="Count"/> grows.</summary>
    [Between(1, 100_000)]
    public int Shard { get; init; } = 10;

    /// <summary>How they become beta, wherever beta is read from them; no gradient depends on it.</summary>
    public GradientAverage Average { get; init; } = GradientAverage.BothEnds;

    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> Needs => [StageInput.Of<ForwardPassesSpec>("forward")];
}
