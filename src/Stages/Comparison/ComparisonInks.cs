using Pipelines.Stages.Reporting;

namespace Pipelines.Stages.Comparison;

/// <summary>How the two runs look in every figure.</summary>
internal static class ComparisonInks
{
    /// <summary>Of A.</summary>
    public static readonly Ink A = Palette.Series[0];

    /// <summary>Of B.</summary>
    public static readonly Ink B = Palette.Series[1];

    /// <summary>Height of the key.</summary>
    public const double KeyHeight = 24;

    /// <summary>The key above a figure: which colour is which run.</summary>
    /// <returns>Its height.</returns>
    public static double Key(Svg svg, RunComparison runs, double left)
    {
        double half = (svg.Width - left) / 2,
            room = half - 30;
        svg.BeginKey(0)
            .Rectangle(left, 5, 18, 6, A)
            .Text(left + 24, 12, FigureFont.Fit($"A  {runs.A.Name}", room), ink: Palette.Ink)
            .End();
        svg.BeginKey(1)
            .Rectangle(left + half, 6, 18, 4, B)
            .Text(left + half + 24, 12, FigureFont.Fit($"B  {runs.B.Name}", room), ink: Palette.Ink)
            .End();
        return KeyHeight;
    }
}
