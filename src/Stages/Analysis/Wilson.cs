namespace Pipelines.Stages.Analysis;

/// <summary>
/// Wilson's 95 % interval of a share (Wilson 1927): unlike that of the bootstrap it has a width where all or none of a
/// few cases have it. Cases are taken as independent.
/// </summary>
internal static class Wilson
{
    private const double Z = 1.959963984540054; // standard normal, 97.5 %

    /// <summary>The share with its interval; <see cref="Estimate.None"/> of no case.</summary>
    /// <param name="have">Cases that have it.</param>
    /// <param name="cases">All.</param>
    public static Estimate Of(double have, int cases)
    {
        if (cases == 0)
        {
            return Estimate.None;
        }

        double share = have / cases,
            widened = 1 + (Z * Z / cases),
            middle = (share + (Z * Z / (2 * cases))) / widened,
            half = Z / widened * Math.Sqrt((share * (1 - share) / cases) + (Z * Z / (4.0 * cases * cases)));
        double deviation = cases > 1 ? Math.Sqrt(share * (1 - share) * cases / (cases - 1)) : double.NaN;
        return new Estimate(share, deviation, Math.Max(0, middle - half), Math.Min(1, middle + half), cases);
    }
}
