using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Means over samples as a line, in the band of their 95 % intervals; a colour has its own dashes.
/// </summary>
internal static class BandedLine
{
    private const double Opacity = 0.18;
    private const string Dots = "2 2.5";

    /// <summary>Draws it; places without a mean are passed over.</summary>
    /// <param name="svg">Drawing.</param>
    /// <param name="points">From left to right.</param>
    /// <param name="x">Scale across.</param>
    /// <param name="y">Scale upwards; what lies outside is drawn at its end.</param>
    /// <param name="ink">Colour.</param>
    /// <param name="thickness">Of the line.</param>
    public static Svg Draw(
        Svg svg,
        IEnumerable<(double At, Estimate Mean)> points,
        Scale x,
        Scale y,
        Ink ink,
        double thickness = 2
    )
    {
        (double At, Estimate Mean)[] shown = [.. points.Where(p => double.IsFinite(p.Mean.Mean))],
            banded = [.. shown.Where(p => p.Mean.HasInterval)];
        if (banded.Length > 1)
        {
            svg.Band(
                banded.Select(p => (x[p.At], y.Clamped(p.Mean.High))),
                banded.Select(p => (x[p.At], y.Clamped(p.Mean.Low))),
                ink,
                Opacity
            );
        }

        return shown.Length > 1
            ? svg.Curve(shown.Select(p => (x[p.At], y.Clamped(p.Mean.Mean))), ink, thickness, Palette.DashesOf(ink))
            : svg;
    }

    /// <summary>
    /// Draws it as far as every sample was measured, and from there a thin dotted line without a band: what was not
    /// measured has no interval.
    /// </summary>
    /// <param name="svg">Drawing.</param>
    /// <param name="points">From left to right; those that all samples have come first.</param>
    /// <param name="x">Scale across.</param>
    /// <param name="y">Scale upwards.</param>
    /// <param name="ink">Colour.</param>
    /// <param name="thickness">Of the line.</param>
    public static Svg DrawWithEnd(
        Svg svg,
        IEnumerable<(double At, Estimate Mean, bool IsOfAll)> points,
        Scale x,
        Scale y,
        Ink ink,
        double thickness
    )
    {
        var shown = points.Where(p => double.IsFinite(p.Mean.Mean)).ToArray();
        Draw(svg, shown.Where(p => p.IsOfAll).Select(p => (p.At, p.Mean)), x, y, ink, thickness);
        // From the last place of all samples, so that the line goes on
        var end = shown.Skip(shown.Count(p => p.IsOfAll) - 1).ToArray();
        return end.Length > 1
            ? svg.Curve(end.Select(p => (x[p.At], y.Clamped(p.Mean.Mean))), ink, 0.7 * thickness, Dots)
            : svg;
    }
}
