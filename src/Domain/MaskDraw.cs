namespace Pipelines.Domain;

/// <summary>How the ablated heads of a mask are drawn.</summary>
public enum MaskDraw
{
    /// <summary>Exactly round(ablate * N) heads, every set equally likely (paper).</summary>
    Exact,

    /// <summary>Each head on its own with probability <c>ablate</c>.</summary>
    Bernoulli,
}
