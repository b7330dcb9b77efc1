using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Object or background (paper, 5.2): the share of beta and of weighted attention on the object, against the share of
/// the image tokens that it covers.
/// </summary>
[Figure("fig-object-share", Section.Tokens, Paper = "§5.2", Order = 4)]
internal sealed class ObjectShareFigure : IFigure<Findings>
{
    private const double Left = 52,
        Right = 16,
        Top = 54,
        Foot = 46,
        Widest = 460,
        Panel = 250;

    private static readonly Marker OfBeta = new(Palette.Series[0], MarkShape.Circle),
        OfAttention = new(Palette.Series[1], MarkShape.Diamond),
        OfArea = new(Palette.Muted, MarkShape.Square);

    /// <summary>The figure; null where the data have no boxes or image tokens no place.</summary>
    public static Drawing? Of(Findings findings)
    {
        if (findings.Tokens is not { Data.Objects.Count: > 0 } tokens)
        {
            return null;
        }

        var table = new FigureTable(
            ["sample_id", "area", "beta_on_object", "attention_on_object"],
            [.. tokens.Data.Objects.Select(o => (IReadOnlyList<object?>)[o.SampleId, o.Area, o.Beta, o.Attention])]
        );
        return new Drawing(
            "Object or background?",
            TokenSentences.Objects(tokens),
            $"Marks: samples (n = {Count(tokens.Data.Objects.Count)}). Across: share of the image tokens that the "
                + "object's box covers, a token that it covers in part counted by that part; upwards: share of the "
                + "positive β, and of the positive weighted attention, on them. "
                + "Dashed: as if spread evenly over the tokens; above it, the object carries more than its "
                + "share. Bars: "
                + "mean and its 95 % bootstrap interval. Tokens are laid over the picture through crop, padding and "
                + "resize; the box is the annotations', "
                + "so that some of it is background; line ends between tiles have no place and count for nothing.",
            table,
            canvas => Draw(tokens, canvas)
        );
    }

    private static Svg Draw(TokenFindings tokens, Canvas canvas)
    {
        bool hasBeta = tokens.BetaOnObject.Count > 0;
        double side = Math.Min(canvas.IsNarrow ? canvas.Width : Widest, canvas.Width),
            bottom = Top + side - Left - Right;
        (string, Estimate, Marker)[] means =
        [
            ("tokens", tokens.ObjectArea, OfArea),
            .. hasBeta ? [("β", tokens.BetaOnObject, OfBeta)] : Array.Empty<(string, Estimate, Marker)>(),
            ("attention", tokens.AttentionOnObject, OfAttention),
        ];
        var strip = new DotPanel(
            "on the object, mean",
            "share",
            [.. means.Select(m => new DotRow(m.Item1, [m.Item2], IsStrong: true))],
            [new DotSeries("", OfArea)],
            (0, 1),
            Verdicts.Share
        )
        {
            Gap = 20,
            MarkOf = row => means[row].Item3,
        };
        Svg svg = canvas.Svg(canvas.IsNarrow ? bottom + Foot + strip.Height : Math.Max(bottom + Foot, strip.Height));
        DrawSamples(svg, tokens, hasBeta, new Scale(0, 1, Left, side - Right), new Scale(0, 1, bottom, Top));
        strip.Draw(
            svg,
            canvas.IsNarrow ? 0 : side + 10,
            canvas.IsNarrow ? bottom + Foot : Top - 28,
            canvas.IsNarrow ? canvas.Width : Math.Min(Panel + 40, canvas.Width - side - 10),
            firstSeries: 2
        );
        return svg;
    }

    private static void DrawSamples(Svg svg, TokenFindings tokens, bool hasBeta, Scale x, Scale y)
    {
        svg.Axes(x, y, "share of the image tokens on the object", "share on the object", x.Ticks(5), y.Ticks(5));
        svg.Line(x[0], y[0], x[1], y[1], Palette.Muted, 1.2, "5 4");
        (string Title, Marker Mark, Func<ObjectOnTokens, double> Of)[] series =
        [
            .. hasBeta ? [("β", OfBeta, o => o.Beta)] : Array.Empty<(string, Marker, Func<ObjectOnTokens, double>)>(),
            ("weighted attention", OfAttention, o => o.Attention),
        ];
        for (int s = series.Length - 1; s >= 0; s--)
        {
            svg.BeginSeries(s);
            foreach (ObjectOnTokens sample in tokens.Data.Objects.Where(o => double.IsFinite(series[s].Of(o))))
            {
                svg.Mark(
                    x[sample.Area],
                    y[series[s].Of(sample)],
                    4,
                    series[s].Mark,
                    $"{sample.SampleId}\n{series[s].Title} {Percent(series[s].Of(sample))} on "
                        + $"{Percent(sample.Area)} of the tokens",
                    0.75
                );
            }

            svg.End();
        }

        for (int s = 0; s < series.Length; s++)
        {
            double left = x.Start + (s * 60);
            svg.BeginKey(s)
                .Mark(left + 4, 10, 4.6, series[s].Mark)
                .Text(left + 14, 14, series[s].Title, ink: Palette.Ink)
                .End();
        }
    }
}
