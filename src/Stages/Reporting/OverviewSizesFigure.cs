using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Fig. 3B: heads that head attribution needs against the size of the model, as a count and as a share of its heads.
/// </summary>
[Figure("fig3b-model-size", Section.Validation, Paper = "Fig. 3B", Order = 2)]
internal sealed class OverviewSizesFigure : IFigure<OverviewData>
{
    private static readonly (string Title, string Quantity, Ink Ink)[] Quantities =
    [
        ("completeness", KeyNumbers.CompleteHeads, Palette.Series[1]),
        ("faithfulness", KeyNumbers.FaithfulHeads, Palette.Series[0]),
    ];

    /// <summary>The figure; null where models of one size alone were validated.</summary>
    public static Drawing? Of(OverviewData data)
    {
        Size[] sizes =
        [
            .. data
                .BySize.Select(e => new Size(
                    e,
                    Needed(e, KeyNumbers.FaithfulHeads),
                    Needed(e, KeyNumbers.CompleteHeads)
                ))
                .Where(s => s.Faithful.Count > 0 && s.Complete.Count > 0),
        ];
        if (sizes.Select(s => s.Of.Heads).Distinct().Count() < 2)
        {
            return null;
        }

        var table = new FigureTable(
            ["experiment", "model", "family", "heads", "quantity", "heads_needed", "low95", "high95", "samples"],
            [
                .. sizes.SelectMany(s =>
                    Quantities
                        .Select(q => (Size: s, q.Title, Mean: s.Mean(q.Quantity)))
                        .Select(r =>
                            (IReadOnlyList<object?>)
                                [
                                    r.Size.Of.Name,
                                    r.Size.Of.Model,
                                    r.Size.Of.Family,
                                    r.Size.Of.Heads,
                                    r.Title,
                                    r.Mean.Mean,
                                    r.Mean.Low,
                                    r.Mean.High,
                                    r.Mean.Count,
                                ]
                        )
                ),
            ]
        );
        return new Drawing(
            "Heads needed as models grow",
            Shows(data, sizes),
            $"Marks: mean over samples of the smallest k, by head attribution, with "
                + $"{data.Threshold("faithfulness", ">", e => e.FaithfulnessThreshold)} and "
                + $"{data.Threshold("completeness", "<", e => e.CompletenessThreshold)}; bars: 95 % bootstrap interval "
                + "of the mean; lines join the models of a family. Left: so many heads; right: percent of the model's. "
                + "Logarithmic axis across. Samples that never cross are left out, and counted in each report.",
            table,
            canvas => Draw(sizes, canvas)
        );
    }

    private static Estimate Needed(OverviewExperiment e, string quantity) =>
        e.Number(quantity, Criteria.HeadAttribution)?.Value ?? Estimate.None;

    /// <summary>
    /// What each end of the range needs, and the paper's claim over all models; the interval of a gap, which is of two
    /// means over the same samples, is taken as if the worst ends met.
    /// </summary>
    private static string Shows(OverviewData data, Size[] sizes)
    {
        Size least = sizes.MinBy(s => s.Of.Heads)!,
            most = sizes.MaxBy(s => s.Of.Heads)!;
        string Words(Size s) =>
            $"{MeanHeads(s.Faithful.Mean)} and {MeanHeads(s.Complete.Mean)} of {Count(s.Of.Heads)} heads "
            + $"({Share(s.Faithful, s)} and {Share(s.Complete, s)} %)";
        return $"Faithfulness and completeness need {Words(least)} in the smallest model and {Words(most)} in the "
            + $"largest. Completeness takes {Gap(least)} heads more than faithfulness in the smallest, "
            + $"{Gap(most)} more in the largest{Growth(data)}.";
    }

    private static string Growth(OverviewData data)
    {
        IReadOnlyList<Evidence> parts = RedundancyGrowth.Of(data);
        if (parts.Count == 0)
        {
            return "";
        }

        Evidence deciding = Evidence.Deciding(parts);
        string of = deciding.Criterion == RedundancyGrowth.Ratio ? "their ratio" : "this difference",
            verdict = Verdicts.On(
                deciding,
                "it grows with the model, as the paper finds",
                "it does not grow with the model, unlike in the paper",
                "the models do not tell whether it grows with the model, as the paper finds",
                "too few models to tell whether it grows, as the paper finds"
            );
        return $"; over {Many(deciding.Value.Count, "model")} {of} goes with the number of heads by \u03c1 = "
            + $"{Verdicts.Number(deciding.Value, 2)}: {verdict}";
    }

    private static string Share(Estimate needed, Size size) => Fixed(100 * needed.Mean / size.Of.Heads, 1);

    private static string Gap(Size size) =>
        MeanHeads(size.Complete.Mean - size.Faithful.Mean) + Bracket(size.Gap.Low, size.Gap.High, MeanHeads);

    private static Svg Draw(Size[] sizes, Canvas canvas)
    {
        var keys = new KeyRow([.. Quantities.Select(q => (q.Title, q.Ink))], canvas);
        var (svg, panels) = Panel.Several(canvas, 2, keys.Height);
        keys.Draw(svg);
        DrawPanel(svg, panels[0], sizes, "heads needed", _ => 1, named: true);
        DrawPanel(svg, panels[1], sizes, "heads needed, % of the model's", s => 100.0 / s.Of.Heads, named: false);
        return svg;
    }

    private static void DrawPanel(Svg svg, Panel panel, Size[] sizes, string name, Func<Size, double> unit, bool named)
    {
        double[] at = [.. sizes.Select(s => (double)s.Of.Heads).Distinct().Order()];
        double high = sizes
            .SelectMany(s =>
                new[] { s.Faithful.Mean, s.Faithful.High, s.Complete.Mean, s.Complete.High }.Select(v => v * unit(s))
            )
            .Where(double.IsFinite)
            .Max();
        Panel inside = LineEnds.Beside(panel, Quantities.Select(q => q.Title));
        Scale x = inside.Across(at[0] / 1.15, at[^1] * 1.15, logarithmic: true),
            y = inside.Upwards(0, high * 1.05);
        svg.Axes(x, y, "heads of the model, N", name, [], y.Ticks(6))
            .NumbersBelow(x, y.Start, at.Select(n => (n, Count((long)n))));
        var ends = new LineEnds();
        for (int q = 0; q < Quantities.Length; q++)
        {
            var (title, quantity, ink) = Quantities[q];
            svg.BeginSeries(q);
            foreach (var family in sizes.GroupBy(s => s.Of.Family, StringComparer.Ordinal))
            {
                (double X, double Y)[] line =
                [
                    .. family.Select(s => (x[s.Of.Heads], y[s.Mean(quantity).Mean * unit(s)])),
                ];
                if (line.Length > 1)
                {
                    svg.Curve(line, ink, 1.8, Palette.DashesOf(ink));
                }
            }

            foreach (Size s in sizes)
            {
                DrawMark(svg, s, s.Mean(quantity), title, ink, x, y, unit(s));
            }

            svg.End();
            ends.Add(
                title,
                ink,
                q,
                [.. sizes.OrderBy(s => s.Of.Heads).Select(s => (x[s.Of.Heads], y[s.Mean(quantity).Mean * unit(s)]))]
            );
        }

        ends.Draw(svg, x, y, panel.Right);
        if (named)
        {
            (double X, double Y)[] marks =
            [
                .. sizes.SelectMany(s => new[] { s.Faithful, s.Complete }.Select(m => (x[s.Of.Heads], y[m.Mean]))),
            ];
            var place = new Panel(x.Start, y.End, x.End - x.Start, y.Start - y.End);
            new Labels().DrawOver(
                svg,
                place,
                sizes.Select(s => (s.Of.Model, (x[s.Of.Heads], y[s.Complete.Mean]))),
                marks
            );
        }
    }

    private static void DrawMark(
        Svg svg,
        Size size,
        Estimate mean,
        string title,
        Ink ink,
        Scale x,
        Scale y,
        double unit
    )
    {
        double at = x[size.Of.Heads];
        if (mean.HasInterval)
        {
            svg.Line(at, y.Clamped(mean.Low * unit), at, y.Clamped(mean.High * unit), ink, 1.4);
        }

        svg.Mark(
            at,
            y[mean.Mean * unit],
            4,
            Palette.MarkOf(ink),
            $"{size.Of.Title}\n{title}: {Sentences.Interval(mean)} of {Count(size.Of.Heads)} heads "
                + $"({Share(mean, size)} %), n = {Count(mean.Count)}"
        );
    }

    /// <summary>An experiment with what it needs.</summary>
    private sealed record Size(OverviewExperiment Of, Estimate Faithful, Estimate Complete)
    {
        /// <summary>Completeness less faithfulness, as if the worst ends met.</summary>
        public (double Low, double High) Gap => (Complete.Low - Faithful.High, Complete.High - Faithful.Low);

        public Estimate Mean(string quantity) => quantity == KeyNumbers.FaithfulHeads ? Faithful : Complete;
    }
}
