namespace Pipelines.Domain;

/// <summary>How gradients become beta.</summary>
public enum GradientAverage
{
    /// <summary>
    /// beta_n = half the mean of d phi / d x_n over the masks with head n intact, and half that over the masks with it
    /// ablated: the trapezoid rule for the effect phi(x_n = 1) - phi(x_n = 0), which a regression estimates. Nearer to
    /// it than the plain mean wherever phi bends between the ends.
    /// </summary>
    BothEnds,

    /// <summary>beta_n = the mean over all masks: plain expected gradients.</summary>
    Masks,
}
