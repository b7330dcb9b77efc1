using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Means over samples against a setting that takes a few values: a line with a dot and a 95 % interval at each.
/// </summary>
/// <param name="Name">Name and unit upwards.</param>
/// <param name="XName">Name and unit across.</param>
/// <param name="Places">Values of the setting, from left to right.</param>
/// <param name="Series">One a line.</param>
internal sealed record EstimatePanel(
    string Name,
    string XName,
    IReadOnlyList<double> Places,
    IReadOnlyList<EstimateSeries> Series
)
{
    /// <summary>Greatest value that it shows.</summary>
    public double Most =>
        Series
            .SelectMany(s => s.Means)
            .SelectMany(m => new[] { m.Mean, m.High })
            .Where(double.IsFinite)
            .DefaultIfEmpty(1)
            .Max();

    /// <summary>Draws it. Places stand evenly, so that a scale may fall from left to right.</summary>
    /// <param name="svg">Drawing.</param>
    /// <param name="panel">Where.</param>
    /// <param name="most">Greatest value of the axis.</param>
    public void Draw(Svg svg, Panel panel, double most)
    {
        bool areSeveral = Series.Count > 1;
        Panel inside = areSeveral ? LineEnds.Beside(panel, Series.Select(s => s.Title)) : panel;
        Scale x = inside.Across(0, Places.Count - 1),
            y = inside.Upwards(0, Math.Max(most, 1e-9));
        var ends = new LineEnds();
        svg.Axes(x, y, XName, Name, [], y.Ticks(5))
            .NumbersBelow(x, y.Start, Places.Select((place, i) => ((double)i, Tick(place))));
        foreach (var (series, number) in Series.Select((s, i) => (s, i)).Reverse())
        {
            DrawLine(svg.BeginSeries(number), series, x, y).End();
            if (areSeveral)
            {
                ends.Add(
                    series.Title,
                    series.Ink,
                    number,
                    [.. series.Means.Select((m, i) => (X: x[i], Y: y[m.Mean])).Where(p => double.IsFinite(p.Y))]
                );
            }
        }

        ends.Draw(svg, x, y, panel.Right);
    }

    private Svg DrawLine(Svg svg, EstimateSeries series, Scale x, Scale y)
    {
        int[] shown = [.. Enumerable.Range(0, Places.Count).Where(i => double.IsFinite(series.Means[i].Mean))];
        BandedLine.Draw(
            svg,
            shown.Select(i => ((double)i, series.Means[i])),
            x,
            y,
            series.Ink,
            series.IsLead ? 2.6 : 1.8
        );
        foreach (int i in shown)
        {
            Estimate at = series.Means[i];
            if (at.HasInterval)
            {
                svg.Line(x[i], y[at.Low], x[i], y[at.High], series.Ink, 1.2);
            }

            svg.Mark(
                x[i],
                y[at.Mean],
                series.IsLead ? 4 : 3.2,
                Palette.MarkOf(series.Ink),
                $"{series.Title}, {Tick(Places[i])}\n{Sentences.Interval(at)} heads, n = "
                    + $"{Count(at.Count)}{series.NoteAt(i)}"
            );
        }

        return svg;
    }
}

/// <summary>A line of a panel.</summary>
/// <param name="Title">Name for people.</param>
/// <param name="Ink">Colour.</param>
/// <param name="IsLead">True: drawn stronger.</param>
/// <param name="Means">One a place.</param>
/// <param name="NotReached">Samples left out at a place because nothing crosses; null = none.</param>
internal sealed record EstimateSeries(
    string Title,
    Ink Ink,
    bool IsLead,
    IReadOnlyList<Estimate> Means,
    IReadOnlyList<int>? NotReached = null
)
{
    /// <summary>Values of the samples at every place, by sample; empty where they are not compared.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, double>> BySample { get; init; } = [];

    /// <summary>What a tip adds.</summary>
    public string NoteAt(int place) =>
        NotReached?[place] is > 0 and var missing ? $"\nnot reached in {Many(missing, "sample")}" : "";
}
