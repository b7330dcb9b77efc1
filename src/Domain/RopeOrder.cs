namespace Pipelines.Domain;

/// <summary>Whether keys are averaged after or before rotary position embedding.</summary>
public enum RopeOrder
{
    /// <summary>As the attention uses them.</summary>
    After,

    /// <summary>
    /// Un-rotated keys are averaged and each position is rotated again where the mean is used: the same for fixed
    /// positions, different where positions vary.
    /// </summary>
    Before,
}
