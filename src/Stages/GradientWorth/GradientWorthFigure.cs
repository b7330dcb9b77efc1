using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Beyond the paper: what gradients are worth at the model's size, by held-out R^2, by beta of the largest fit, and by
/// heads needed, against passes whose cost was measured.
/// </summary>
[Figure("fig-gradient-worth", Section.Beyond, Order = 4)]
internal sealed class GradientWorthFigure : IFigure<Findings>
{
    private const double Floor = 0; // of R^2: below, the mean of phi alone says more

    private static readonly (string Title, Ink Ink)[] Ways =
    [
        ("elastic net on masks", Palette.Series[0]),
        ("gradients", Palette.Series[3]),
    ];

    /// <summary>The figure; null without the rows.</summary>
    public static Drawing? Of(Findings findings)
    {
        if (WorthFindings.Of(findings.Rows<WorthRow>(), findings.Rows<PassSecondsRow>()) is not { } worth)
        {
            return null;
        }

        bool isCut = Both(worth).Any(p => p.R2.Mean < Floor);
        return new Drawing(
            $"What gradients are worth at N = {Count(findings.HeadCount)}",
            Shows(findings, worth),
            "Lines: mean over samples; bands: 95 % bootstrap interval of the mean "
                + $"(n = {Count(worth.Samples)}). A pass is one mask; a gradient counts as the passes that take as "
                + $"long, measured by turns in this run: {Verdicts.Number(worth.CostOfGradient, 1)}. R² is of the same "
                + "held-out forward masks for both; the intercept of gradients comes from their own passes. "
                + "Correlation (Pearson) is of β with that of the elastic net on most masks. Heads: the first so many "
                + "in the order of β; fewer is better. Logarithmic axis."
                + (isCut ? $" R² below {Tick(Floor)} is not drawn; the data have it." : ""),
            GradientWorthTable.Data(worth),
            canvas => Draw(findings, worth, canvas)
        );
    }

    private static IEnumerable<WorthPoint> Both(WorthFindings worth) =>
        [.. worth.Masks, .. worth.Gradients.Select(g => g.Point)];

    private static string Shows(Findings findings, WorthFindings worth)
    {
        GradientsWorth most = worth.Gradients[^1];
        WorthPoint rival = most.Rival;
        string cost = rival.Passes >= most.Point.Passes ? "as much or more" : "less, and there are no more";
        string r2 = Verdicts.Against(
            most.R2Gained,
            0,
            $"{Verdicts.Number(most.R2Gained, 3)} more",
            $"{Verdicts.Number(most.R2Gained.Negated, 3)} less",
            $"a difference of {Verdicts.Number(most.R2Gained, 3)} that the samples do not tell from none"
        );
        string heads = Verdicts.Against(
            most.HeadsSaved,
            0,
            $"{Verdicts.Number(most.HeadsSaved, 1)} fewer",
            $"{Verdicts.Number(most.HeadsSaved.Negated, 1)} more",
            $"a difference of {Verdicts.Number(most.HeadsSaved.Negated, 1)} that the samples do not tell from none"
        );
        GradientWorthSpec spec = findings.Settings<GradientWorthSpec>() ?? new();
        return $"At {Count(findings.HeadCount)} heads {Many(most.Point.Observations, "gradient")} cost "
            + $"{Count((long)Math.Round(most.Point.Passes))} passes and predict held-out masks with R² "
            + $"{Verdicts.Number(most.Point.R2, 3)}; an elastic net on {Count(rival.Observations)} masks, which costs "
            + $"{cost}, reaches {Verdicts.Number(rival.R2, 3)}: for the gradients {r2}. They are worth "
            + $"{most.MasksWorth}, {Verdicts.Number(most.PerPass, 1)} for every pass that they cost. Faithfulness "
            + $"above {Tick(spec.Faithfulness)} takes {MeanHeads(most.Point.Faithful.Mean)} heads in their order and "
            + $"{MeanHeads(rival.Faithful.Mean)} in that of the elastic net: {heads}.";
    }

    private static Svg Draw(Findings findings, WorthFindings worth, Canvas canvas)
    {
        const double tall = 280;
        GradientWorthSpec spec = findings.Settings<GradientWorthSpec>() ?? new();
        (string Name, Func<WorthPoint, Estimate> Of, bool IsShare)[] shown =
        [
            ("R² on held-out masks", p => p.R2, true),
            ("correlation with the largest fit", p => p.Pearson, true),
            ($"heads for faithfulness > {Tick(spec.Faithfulness)}", p => p.Faithful, false),
            ($"heads for completeness < {Tick(spec.Completeness)}", p => p.Complete, false),
        ];
        int columns = canvas.IsNarrow ? 1 : 2;
        var keys = new KeyRow(Ways, canvas);
        Svg svg = canvas.Svg(keys.Height + (shown.Length / columns * tall));
        keys.Draw(svg);
        WorthPoint[][] lines =
        [
            [.. worth.Masks],
            [.. worth.Gradients.Select(g => g.Point)],
        ];
        foreach (var (place, quantity) in Panel.Grid(canvas, shown.Length, keys.Height, tall, columns).Zip(shown))
        {
            DrawPanel(svg, place.Panel, lines, quantity, canvas.IsNarrow ? 5 : 6);
        }

        return svg;
    }

    private static void DrawPanel(
        Svg svg,
        Panel panel,
        WorthPoint[][] lines,
        (string Name, Func<WorthPoint, Estimate> Of, bool IsShare) quantity,
        int ticks
    )
    {
        WorthPoint[] all = [.. lines.SelectMany(l => l).Where(p => double.IsFinite(p.Passes))];
        double[] values = [.. all.Select(p => quantity.Of(p)).SelectMany(Ends).Where(double.IsFinite)];
        if (values.Length == 0)
        {
            return;
        }

        double least = all.Min(p => p.Passes),
            most = Math.Max(all.Max(p => p.Passes), least + 1);
        Panel inside = LineEnds.Beside(panel, Ways.Select(w => w.Title));
        Scale x = inside.Across(least, most, logarithmic: true),
            y = quantity.IsShare
                ? inside.Upwards(Math.Clamp(Math.Floor(values.Min() * 5) / 5, Floor, 0.8), 1)
                : inside.Upwards(0, values.Max() * 1.05);
        var ends = new LineEnds();
        svg.Axes(x, y, "passes a sample", quantity.Name, [.. Decades(least, most, ticks)], y.Ticks(6));
        for (int series = lines.Length - 1; series >= 0; series--)
        {
            WorthPoint[] points =
            [
                .. lines[series]
                    .Where(p => double.IsFinite(p.Passes) && quantity.Of(p).Mean >= (quantity.IsShare ? Floor : 0)),
            ];
            svg.BeginSeries(series);
            BandedLine.Draw(svg, points.Select(p => (p.Passes, quantity.Of(p))), x, y, Ways[series].Ink);
            foreach (WorthPoint p in points)
            {
                string what = Many(p.Observations, series == 0 ? "mask" : "gradient"),
                    value = Verdicts.Number(quantity.Of(p), quantity.IsShare ? 3 : 1);
                svg.Mark(
                    x[p.Passes],
                    y.Clamped(quantity.Of(p).Mean),
                    3.4,
                    Palette.MarkOf(Ways[series].Ink),
                    $"{what}, {Count((long)Math.Round(p.Passes))} passes\n{quantity.Name}: {value}"
                );
            }

            svg.End();
            ends.Add(
                Ways[series].Title,
                Ways[series].Ink,
                series,
                [.. points.Select(p => (x[p.Passes], y.Clamped(quantity.Of(p).Mean)))]
            );
        }

        ends.Draw(svg, x, y, panel.Right);
    }

    private static double[] Ends(Estimate value) => [value.Mean, value.Low, value.High];

    /// <summary>1, 3, 10, 30, ... inside the scale; powers of ten alone where those are too many.</summary>
    private static double[] Decades(double least, double most, int count)
    {
        double[] all =
        [
            .. Enumerable
                .Range(0, 10)
                .SelectMany(e => new[] { Math.Pow(10, e), 3 * Math.Pow(10, e) })
                .Where(v => v >= least && v <= most),
        ];
        return all.Length <= count ? all : [.. all.Where((_, i) => i % 2 == all.Length % 2)];
    }
}
