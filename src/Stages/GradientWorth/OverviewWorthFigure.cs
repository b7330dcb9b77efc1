using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Beyond the paper: how the worth of gradients moves with the number of heads of the model.</summary>
[Figure("fig-gradient-worth-sizes", Section.Beyond)]
internal sealed class OverviewWorthFigure : IFigure<OverviewData>
{
    private const double Even = 1; // a pass spent on gradients is worth a pass spent on masks

    private static readonly Ink[] Inks = [Palette.Series[3], Palette.Series[5], Palette.Series[1], Palette.Series[2]];

    /// <summary>The figure; null where fewer than two sizes of models were looked at.</summary>
    public static Drawing? Of(OverviewData data)
    {
        OverviewExperiment[] sizes =
        [
            .. data
                .Experiments.Where(e => e.Numbers.Any(n => n.Quantity == KeyNumbers.WorthPerPass))
                .OrderBy(e => e.Heads),
        ];
        if (sizes.Select(e => e.Heads).Distinct().Count() < 2)
        {
            return null;
        }

        string[] gradients = [.. Counted(sizes, KeyNumbers.WorthPerPass).Select(c => c.Criterion)];
        string most = gradients[^1];
        (string Criterion, int Observations)[] masks =
        [
            .. Counted(sizes, KeyNumbers.WorthR2).Where(c => !gradients.Contains(c.Criterion)),
        ];
        var ((fewest, least), (largest, greatest)) = (masks[0], masks[^1]);
        Line[] perPass =
        [
            .. gradients.Select(
                (g, i) => new Line(g, Inks[i % Inks.Length], Points(sizes, KeyNumbers.WorthPerPass, g))
            ),
        ];
        Line[] heads =
        [
            new Line(most, perPass[^1].Ink, Shares(sizes, most)),
            new Line(fewest, Palette.Series[4], Shares(sizes, fewest)),
            new Line(largest, Palette.Series[0], Shares(sizes, largest)),
        ];
        return new Drawing(
            "What gradients are worth as models grow",
            Shows(sizes, most, least, greatest),
            "Left: masks whose elastic net predicts held-out masks as well as so many gradients do, for every pass "
                + "that these gradients cost (measured in each run); above 1 gradients are the better use of passes. "
                + "At the ends of what was fitted it is a bound. Right: heads in the order of β that faithfulness "
                + "takes, in percent of the model's; less is better. Marks: mean over samples; bands: 95 % bootstrap "
                + "interval over samples. Logarithmic axis across.",
            Table(sizes),
            canvas => Draw(perPass, heads, canvas)
        );
    }

    /// <summary>The criteria of a quantity by their number of masks or gradients, ascending.</summary>
    private static (string Criterion, int Observations)[] Counted(OverviewExperiment[] sizes, string quantity) =>
        [
            .. sizes
                .SelectMany(e => e.Numbers)
                .Where(n => n.Quantity == quantity)
                .Select(n => (n.Criterion, Observations: n.Observations!.Value))
                .Distinct()
                .OrderBy(c => c.Observations),
        ];

    private static (double Heads, Estimate Value)[] Points(
        OverviewExperiment[] sizes,
        string quantity,
        string criterion
    ) =>
        [
            .. sizes
                .Where(e => e.Number(quantity, criterion) is not null)
                .Select(e => ((double)e.Heads, e.Number(quantity, criterion)!.Value.Value)),
        ];

    private static (double Heads, Estimate Value)[] Shares(OverviewExperiment[] sizes, string criterion) =>
        [
            .. Points(sizes, KeyNumbers.WorthFaithful, criterion)
                .Select(p =>
                    (
                        p.Heads,
                        p.Value with
                        {
                            Mean = 100 * p.Value.Mean / p.Heads,
                            Low = 100 * p.Value.Low / p.Heads,
                            High = 100 * p.Value.High / p.Heads,
                        }
                    )
                ),
        ];

    /// <summary>What the most gradients give at each size.</summary>
    /// <param name="sizes">One experiment a size.</param>
    /// <param name="most">The most gradients.</param>
    /// <param name="least">Fewest masks that were fitted: what is worth no more is worth at most so many.</param>
    /// <param name="greatest">Most masks that were fitted.</param>
    private static string Shows(OverviewExperiment[] sizes, string most, int least, int greatest)
    {
        string Bound(OverviewExperiment e) =>
            e.Number(KeyNumbers.WorthInMasks, most)?.Value.Mean switch
            {
                { } masks when masks >= greatest => "at least ",
                { } masks when masks <= least => "at most ",
                _ => "",
            };

        string each = string.Join(
            "; ",
            sizes
                .Where(e => e.Number(KeyNumbers.WorthPerPass, most) is not null)
                .Select(e =>
                {
                    Estimate perPass = e.Number(KeyNumbers.WorthPerPass, most)!.Value.Value,
                        gained = e.Number(KeyNumbers.WorthR2Gained, most)?.Value ?? Estimate.None;
                    return $"at N = {Count(e.Heads)} they are worth {Bound(e)}{Verdicts.Number(perPass, 1)} masks for "
                        + $"every pass and have {Verdicts.Number(gained, 3)} more R² on held-out masks than an elastic "
                        + "net at equal cost";
                })
        );
        return $"What {most} give: {each}.";
    }

    private static FigureTable Table(OverviewExperiment[] sizes) =>
        new(
            ["experiment", "model", "heads", "quantity", "of", "mean", "low95", "high95", "samples"],
            [
                .. sizes.SelectMany(e =>
                    e.Numbers.Where(n =>
                            n.Quantity == KeyNumbers.GradientCost
                            || n.Quantity.StartsWith("worth_", StringComparison.Ordinal)
                        )
                        .Select(n =>
                            (IReadOnlyList<object?>)
                                [
                                    e.Name,
                                    e.Model,
                                    e.Heads,
                                    n.Quantity,
                                    n.Criterion,
                                    n.Value.Mean,
                                    n.Value.Low,
                                    n.Value.High,
                                    n.Value.Count,
                                ]
                        )
                ),
            ]
        );

    private static Svg Draw(Line[] perPass, Line[] heads, Canvas canvas)
    {
        Line[] keyed = [.. perPass, .. heads.Skip(1)];
        var keys = new KeyRow([.. keyed.Select(l => (l.Title, l.Ink))], canvas);
        var (svg, panels) = Panel.Several(canvas, 2, keys.Height);
        keys.Draw(svg);
        DrawPanel(svg, panels[0], perPass, keyed, "masks' worth of a pass", Even);
        DrawPanel(svg, panels[1], heads, keyed, "heads for faithfulness, %", null);
        return svg;
    }

    private static void DrawPanel(Svg svg, Panel panel, Line[] lines, Line[] keyed, string name, double? level)
    {
        double[] at = [.. lines.SelectMany(l => l.Points).Select(p => p.Heads).Distinct().Order()];
        double high = lines
            .SelectMany(l => l.Points)
            .SelectMany(p => new[] { p.Value.Mean, p.Value.High })
            .Where(double.IsFinite)
            .Append(level ?? 0)
            .Max();
        Panel inside = LineEnds.Beside(panel, lines.Select(l => l.Title));
        Scale x = inside.Across(at[0], at[^1], logarithmic: true),
            y = inside.Upwards(0, high * 1.05);
        var ends = new LineEnds();
        svg.Axes(x, y, "heads of the model, N", name, at, y.Ticks(6));
        if (level is { } even)
        {
            svg.Line(x.Start, y[even], x.End, y[even], Palette.Muted, 1);
        }

        foreach (Line line in lines.Reverse())
        {
            svg.BeginSeries(Array.FindIndex(keyed, k => k.Title == line.Title));
            BandedLine.Draw(svg, line.Points, x, y, line.Ink);
            foreach (var (n, value) in line.Points.Where(p => double.IsFinite(p.Value.Mean)))
            {
                string words = $"{line.Title}, N = {Count((long)n)}\n{name}: {Verdicts.Number(value, 1)}";
                svg.Mark(x[n], y[value.Mean], 3.6, Palette.MarkOf(line.Ink), words);
            }

            svg.End();
            ends.Add(
                line.Title,
                line.Ink,
                Array.FindIndex(keyed, k => k.Title == line.Title),
                [.. line.Points.Where(p => double.IsFinite(p.Value.Mean)).Select(p => (x[p.Heads], y[p.Value.Mean]))]
            );
        }

        ends.Draw(svg, x, y, panel.Right);
    }

    private sealed record Line(string Title, Ink Ink, (double Heads, Estimate Value)[] Points);
}
