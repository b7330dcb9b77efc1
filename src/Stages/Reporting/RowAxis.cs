using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>The axis below rows of bars or dots, whose rows have names in place of a scale upwards.</summary>
internal static class RowAxis
{
    /// <summary>Room that it takes below the rows.</summary>
    public const double Height = 44;

    /// <summary>Draws grid lines over the rows, numbers below, and the name.</summary>
    /// <param name="svg">Drawing.</param>
    /// <param name="x">Scale across.</param>
    /// <param name="top">Upper end of the rows.</param>
    /// <param name="bottom">Lower end of the rows.</param>
    /// <param name="name">Name and unit.</param>
    /// <param name="ticks">At most about so many numbers.</param>
    /// <param name="from">Where bars start: there is a line; null = rows of dots, whose line is below them.</param>
    public static Svg Draw(Svg svg, Scale x, double top, double bottom, string name, int ticks, double? from = null)
    {
        foreach (double tick in x.Ticks(ticks))
        {
            svg.Line(x[tick], top, x[tick], bottom, Palette.Rule)
                .Text(x[tick], bottom + 17, Tick(tick), "middle", size: 11);
        }

        _ = from is { } start
            ? svg.Line(x[start], top, x[start], bottom, Palette.Muted)
            : svg.Line(x.Start, bottom, x.End, bottom, Palette.Muted);
        return svg.Text((x.Start + x.End) / 2, bottom + 35, name, "middle", Palette.Ink);
    }

    /// <summary>An interval over a bar, with its ends.</summary>
    public static Svg Whisker(Svg svg, Scale x, double low, double high, double y)
    {
        const double thickness = 1.3,
            end = 3.5;
        double left = x.Clamped(low),
            right = x.Clamped(high);
        return svg.Line(left, y, right, y, Palette.Ink, thickness)
            .Line(left, y - end, left, y + end, Palette.Ink, thickness)
            .Line(right, y - end, right, y + end, Palette.Ink, thickness);
    }
}
