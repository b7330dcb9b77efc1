using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Reporting;

/// <summary>Where a quantity has to lie for a claim to hold.</summary>
/// <param name="Above">Above this; minus infinity = anywhere.</param>
/// <param name="Below">Below this; infinity = anywhere.</param>
internal readonly record struct Demand(double Above, double Below)
{
    /// <summary>Above a threshold.</summary>
    public static Demand MoreThan(double threshold) => new(threshold, double.PositiveInfinity);

    /// <summary>Below a threshold.</summary>
    public static Demand LessThan(double threshold) => new(double.NegativeInfinity, threshold);

    /// <summary>Between two thresholds.</summary>
    public static Demand Between(double above, double below) => new(above, below);

    /// <summary>
    /// By the whole 95 % interval, as <see cref="Estimate.Direction"/> has it; fewer samples than
    /// <see cref="Estimate.FewestSamples"/> settle nothing.
    /// </summary>
    public ClaimVerdict Of(Estimate value) =>
        !value.CanTell ? ClaimVerdict.NotSettled
        : value.Low > Above && value.High < Below ? ClaimVerdict.Holds
        : value.High < Above || value.Low > Below ? ClaimVerdict.DoesNot
        : ClaimVerdict.NotSettled;
}
