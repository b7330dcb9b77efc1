using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Fig. 3D: a head's coefficient against its image attention weight, coloured by depth.</summary>
[Figure("fig3d-beta-attention", Section.Heads, Paper = "Fig. 3D", Order = 3)]
internal sealed class BetaAttentionFigure : IFigure<Findings>
{
    private const int Top10 = 10;

    /// <summary>The figure; null without attention weights and coefficients of the same samples.</summary>
    public static Drawing? Of(Findings findings)
    {
        SampleResult[] samples = [.. AttentionOfHeads.Samples(findings)];
        if (samples.Length == 0)
        {
            return null;
        }

        Point[] heads =
        [
            .. Enumerable
                .Range(0, findings.HeadCount)
                .Select(n => new Point(n, samples.Average(s => s.ImageAttention[n]), samples.Average(s => s.Beta[n]))),
        ];
        int perLayer = findings.Data.Model.Heads;
        var table = new FigureTable(
            [
                "layer",
                "head",
                "image_attention_mean",
                "image_attention_low95",
                "image_attention_high95",
                "beta_mean",
                "beta_low95",
                "beta_high95",
            ],
            [
                .. heads
                    .Select(h =>
                        (
                            Point: h,
                            Attention: findings.Mean(samples.Select(s => s.ImageAttention[h.Head])),
                            Beta: findings.Mean(samples.Select(s => s.Beta[h.Head]))
                        )
                    )
                    .Select(h =>
                        (IReadOnlyList<object?>)
                            [
                                h.Point.Head / perLayer,
                                h.Point.Head % perLayer,
                                h.Point.Attention,
                                h.Attention.Low,
                                h.Attention.High,
                                h.Point.Beta,
                                h.Beta.Low,
                                h.Beta.High,
                            ]
                    ),
            ]
        );
        return new Drawing(
            "Attribution coefficient β against image attention weight",
            Shows(findings, samples, heads),
            $"A dot is a head, mean over {Many(samples.Length, "sample")}; colour: its depth in the model. Image "
                + $"attention weight: the attention that a text token pays to the picture, mean over text tokens. "
                + "ρ: Pearson correlation, over all heads of all samples and over the dots.",
            table,
            canvas => Draw(findings, heads, canvas)
        );
    }

    private static string Shows(Findings findings, SampleResult[] samples, Point[] heads)
    {
        double ofMeans = Metrics.Pearson([.. heads.Select(h => h.Attention)], [.. heads.Select(h => h.Beta)]);
        if (AttentionOfHeads.Of(findings) is not [var pooled])
        {
            return "β or image attention is the same for every head: there is no correlation to state.";
        }

        string meaning = Verdicts.On(
            pooled,
            "attention says little about which heads carry the picture, as the paper finds",
            pooled.Value.Mean > 0
                ? "attention goes along with importance more than the paper finds"
                : "the heads that look at the picture most matter least, unlike in the paper",
            "the samples do not tell whether attention says as little about which heads carry the picture as the "
                + "paper finds",
            $"{Verdicts.Few(pooled.Value.Count)} whether attention says as little about which heads carry the picture "
                + "as the paper finds"
        );
        int top = Math.Min(Top10, heads.Length);
        int common = heads
            .OrderByDescending(h => h.Attention)
            .ThenBy(h => h.Head)
            .Take(top)
            .Intersect(heads.OrderByDescending(h => h.Beta).ThenBy(h => h.Head).Take(top))
            .Count();
        return $"β and image attention correlate with ρ = {Verdicts.Number(pooled.Value)} over all heads of "
            + $"{Many(samples.Length, "sample")} (ρ = {Fixed(ofMeans, 2)} over the means): {meaning}. "
            + $"Of the {Count(top)} heads with the most attention "
            + $"{(common == 0 ? "none is" : common == 1 ? "1 is" : $"{Count(common)} are")} among the {Count(top)} "
            + $"with the greatest β.";
    }

    private static Svg Draw(Findings findings, Point[] heads, Canvas canvas)
    {
        var (svg, panel) = Panel.Single(canvas, Svg.RampHeight, isTall: true);
        Scale x = panel.Across(0, Math.Max(1e-9, heads.Max(h => h.Attention) * 1.03));
        double least = Math.Min(0, heads.Min(h => h.Beta)),
            most = Math.Max(1e-9, heads.Max(h => h.Beta)),
            room = 0.04 * (most - least);
        Scale y = panel.Upwards(least - room, most + room);
        svg.Axes(x, y, "image attention weight", "mean β", x.Ticks(canvas.IsNarrow ? 5 : 8), y.Ticks(6));
        svg.Line(x.Start, y[0], x.End, y[0], Palette.Muted, 1, "4 4");
        int perLayer = findings.Data.Model.Heads,
            layers = findings.Data.Model.Layers;
        double radius = heads.Length > 300 ? 2.8 : 4;
        foreach (Point h in heads.OrderBy(h => h.Beta))
        {
            int layer = h.Head / perLayer;
            string tip =
                $"layer {Count(layer)}, head {Count(h.Head % perLayer)}\nβ = {Beta(h.Beta)}\nimage attention "
                + $"{Fixed(h.Attention, 3)}";
            svg.Dot(
                x[h.Attention],
                y[h.Beta],
                radius,
                Palette.OfDepth(layers > 1 ? (double)layer / (layers - 1) : 0),
                tip,
                0.8
            );
        }

        return svg.Ramp(
            x.Start,
            panel.Top + panel.Height + 22,
            200,
            "layer",
            Palette.OfDepth,
            layers > 1 ? [(0, "0, first"), (1, $"{Count(layers - 1)}, last")] : [(0, "0")]
        );
    }

    private readonly record struct Point(int Head, double Attention, double Beta);
}
