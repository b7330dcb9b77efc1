using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>The key above a figure of lines: a click on an entry hides its series.</summary>
internal static class SeriesKeys
{
    private const double Row = 20;

    /// <summary>Height of the key.</summary>
    public static double Height(int series, int perRow) => Row * Math.Ceiling((double)series / perRow);

    /// <summary>Draws it at the top.</summary>
    public static void Draw(Svg svg, IReadOnlyList<(string Title, Ink Ink)> series, double left, int perRow)
    {
        double width = (svg.Width - left) / perRow;
        for (int i = 0; i < series.Count; i++)
        {
            double x = left + (i % perRow * width),
                y = 12 + (i / perRow * Row);
            svg.BeginKey(i)
                .Rectangle(x, y - 6, 18, 4, series[i].Ink)
                .Text(x + 24, y, Cut(series[i].Title, 18), ink: Palette.Ink)
                .End();
        }
    }
}
