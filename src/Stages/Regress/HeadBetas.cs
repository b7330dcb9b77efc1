using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>Coefficients of heads as fits store them.</summary>
internal static class HeadBetas
{
    /// <summary>beta of a sample [N], by head number n = l*H + h: fits store every head, layer by layer.</summary>
    /// <param name="artifacts">Hold the fit.</param>
    /// <param name="fit">The unit of the fit.</param>
    public static double[] Beta(this Artifacts artifacts, Unit fit) =>
        [.. artifacts.Rows<AttributionRow>(fit).OrderBy(r => r.Layer).ThenBy(r => r.Head).Select(r => r.Beta)];
}
