namespace Pipelines.Domain;

/// <summary>A criterion that ranks heads.</summary>
public enum Criterion
{
    /// <summary>beta of the regression (the paper's HeAr).</summary>
    HeadAttribution,

    /// <summary>Average of d phi / d x_n over gradient passes (beyond the paper).</summary>
    Gradient,

    /// <summary>delta_n = 1 - phi(all intact but n).</summary>
    Causal,

    /// <summary>Image attention weight.</summary>
    Attention,

    /// <summary>Uniformly random order.</summary>
    Random,
}
