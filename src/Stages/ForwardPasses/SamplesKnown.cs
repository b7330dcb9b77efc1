using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>Samples that are known so far.</summary>
/// <param name="Samples">The samples, in seed order.</param>
/// <param name="WaitsFor">What further ones depend on; null where these are all.</param>
/// <param name="More">So many more may be expected.</param>
public sealed record SamplesKnown(IReadOnlyList<Sample> Samples, string? WaitsFor, int More)
{
    /// <summary>The units of these samples.</summary>
    /// <param name="unitsOf">Those of one.</param>
    /// <param name="workEach">Work to expect of one that is not known yet, in the stage's measure.</param>
    public UnitList Units(Func<Sample, IEnumerable<Unit>> unitsOf, long workEach = 1) =>
        new([.. Samples.SelectMany(unitsOf)], WaitsFor, More * workEach);
}
