using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Fig. 2: phi as the sum of coefficients predicts it, against the model's own phi on masks that did not train, for
/// samples from the worst to the best fit.
/// </summary>
[Figure("fig2-predicted-phi", Section.Fit, Paper = "Fig. 2", Order = 2)]
internal sealed class PredictedPhiFigure : IFigure<Findings>
{
    private const int Panels = 6,
        PointsAtMost = 2000;

    /// <summary>The figure; null without test masks.</summary>
    public static Drawing? Of(Findings findings)
    {
        SampleResult[] samples = Chosen([
            .. findings.Fitted.Where(s => s.TestPhi.Count > 0 && s.TestPhi.Count == s.TestPredicted.Count),
        ]);
        if (samples.Length == 0)
        {
            return null;
        }

        var table = new FigureTable(
            ["sample_id", "phi", "predicted"],
            [
                .. samples.SelectMany(s =>
                    s.TestPhi.Select((phi, i) => (IReadOnlyList<object?>)[s.SampleId, phi, s.TestPredicted[i]])
                ),
            ]
        );
        return new Drawing(
            $"Predicted and true normalised {(findings.Data.MeasuresAdjustedLogit ? "logit" : "f,")} φ",
            Shows(findings),
            $"Each dot is a test mask ({Many(samples[0].TestPhi.Count, "mask")} a sample); on the dashed line "
                + $"prediction and truth agree. "
                + (
                    samples.Length > 1
                        ? "Samples are spread evenly from the worst to the best R²: none is picked by hand."
                        : ""
                )
                + " All panels share their axes."
                + (
                    samples.Any(s => s.TestPhi.Count > PointsAtMost)
                        ? $" The first {Count(PointsAtMost)} masks of a sample are drawn."
                        : ""
                ),
            table,
            canvas => Draw(samples, canvas)
        );
    }

    private static string Shows(Findings findings)
    {
        (double Phi, double Predicted)[][] bySample =
        [
            .. findings
                .Fitted.Where(s => s.TestPhi.Count == s.TestPredicted.Count)
                .Select(s =>
                    s.TestPhi.Zip(s.TestPredicted)
                        .Where(p => double.IsFinite(p.First) && double.IsFinite(p.Second))
                        .ToArray()
                )
                .Where(pairs => pairs.Length > 0),
        ];
        if (bySample.Length == 0)
        {
            return "No test mask has a finite φ.";
        }

        double mean = bySample.SelectMany(s => s).Average(p => p.Phi);
        string error = RootMeanSquare(findings, bySample, p => p.Phi - p.Predicted),
            spread = RootMeanSquare(findings, bySample, p => p.Phi - mean);
        return $"Over {Many(bySample.Sum(s => s.Length), "test mask")} of {Many(bySample.Length, "sample")} the "
            + $"prediction misses φ by {error} (root mean square), where φ itself spreads by {spread} around "
            + $"{Fixed(mean, 2)}.";
    }

    /// <summary>Over all masks, with the interval over samples.</summary>
    private static string RootMeanSquare(
        Findings findings,
        (double Phi, double Predicted)[][] bySample,
        Func<(double Phi, double Predicted), double> of
    )
    {
        (double Squares, int Count)[] sums = [.. bySample.Select(s => (s.Sum(p => of(p) * of(p)), s.Length))];
        double Root(ReadOnlySpan<int> drawn)
        {
            double squares = 0;
            int count = 0;
            foreach (int i in drawn)
            {
                (squares, count) = (squares + sums[i].Squares, count + sums[i].Count);
            }

            return Math.Sqrt(squares / count);
        }

        var (low, high) = findings.Intervals.Interval(sums.Length, Root);
        return Fixed(Root([.. Enumerable.Range(0, sums.Length)]), 3) + Bracket(low, high, v => Fixed(v, 3));
    }

    /// <summary>Evenly spaced in the order of R^2, worst and best included.</summary>
    private static SampleResult[] Chosen(SampleResult[] samples)
    {
        SampleResult[] ordered = [.. samples.OrderBy(s => s.R2).ThenBy(s => s.SampleId, StringComparer.Ordinal)];
        int count = Math.Min(Panels, ordered.Length);
        return count < 2
            ? ordered
            :
            [
                .. Enumerable
                    .Range(0, count)
                    .Select(i => ordered[(int)Math.Round((double)i * (ordered.Length - 1) / (count - 1))]),
            ];
    }

    private static Svg Draw(SampleResult[] samples, Canvas canvas)
    {
        IReadOnlyList<GridPanel> grid = Panel.Grid(canvas, samples.Length);
        double[] values = [.. samples.SelectMany(s => s.TestPhi.Concat(s.TestPredicted)).Where(double.IsFinite)];
        double least = values.DefaultIfEmpty(0).Min(),
            most = values.DefaultIfEmpty(1).Max(),
            room = Math.Max(1e-6, 0.04 * (most - least));
        Svg svg = canvas.Svg(grid[^1].Panel.Bottom);
        foreach (var (sample, place) in samples.Zip(grid))
        {
            Scale x = place.Panel.Across(least - room, most + room),
                y = place.Panel.Upwards(least - room, most + room);
            DrawPanel(svg, sample, x, y, names: place.IsLowest, first: place.IsFirst);
        }

        return svg;
    }

    private static void DrawPanel(Svg svg, SampleResult sample, Scale x, Scale y, bool names, bool first)
    {
        int ticks = x.End - x.Start < 140 ? 3 : 5;
        svg.Axes(x, y, names ? "predicted φ" : "", "", x.Ticks(ticks), y.Ticks(ticks));
        string answer = FigureFont.Fit(sample.Answer, x.End - x.Start, bold: true);
        svg.Text(x.Start, y.End - 22, answer, ink: Palette.Ink, bold: true)
            .Text(x.Start, y.End - 7, $"R² {Fixed(sample.R2, 2)}", size: 11);
        if (first)
        {
            svg.Text(x.Start - 34, (y.Start + y.End) / 2, "true φ", "middle", Palette.Ink, upwards: true);
        }

        svg.Line(x.Start, y.Start, x.End, y.End, Palette.Muted, 1, "4 4");
        (double X, double Y)[] points =
        [
            .. sample
                .TestPredicted.Zip(sample.TestPhi)
                .Where(p => double.IsFinite(p.First) && double.IsFinite(p.Second))
                .Take(PointsAtMost)
                .Select(p => (x[p.First], y[p.Second])),
        ];
        svg.Cloud(points, points.Length > 500 ? 1.4 : 2, Palette.Series[0], points.Length > 500 ? 0.28 : 0.45);
    }
}
