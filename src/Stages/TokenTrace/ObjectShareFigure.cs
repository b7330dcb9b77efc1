using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Object or background (paper, 5.2): the share of beta and of weighted attention on the object, against the share of
/// the image tokens that it covers.
/// </summary>
[Figure("fig-object-share", Section.Tokens, Paper = "§5.2", Order = 4)]
internal sealed class ObjectShareFigure : IFigure<Findings>
{
    private static readonly Marker OfBeta = new(Palette.Series[0], MarkShape.Circle),
        OfAttention = new(Palette.Series[1], MarkShape.Diamond),
        OfArea = new(Palette.Muted, MarkShape.Square);

    /// <summary>The figure; null where the data have no boxes or image tokens no place.</summary>
    public static Drawing? Of(Findings findings)
    {
        if (findings.Tokens is not { Objects.Count: > 0 } tokens)
        {
            return null;
        }

        var table = new FigureTable(
            ["sample_id", "area", "beta_on_object", "attention_on_object"],
            [.. tokens.Objects.Select(o => (IReadOnlyList<object?>)[o.SampleId, o.Area, BetaOf(o), AttentionOf(o)])]
        );
        return new Drawing(
            "Object or background?",
            Shows(tokens),
            $"Marks: samples (n = {Count(tokens.Objects.Count)}). Across: share of the image tokens that the "
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

    private static string Shows(TokenFindings tokens)
    {
        string Against(Estimate on, Func<ObjectShareRow, double> of, string what)
        {
            Estimate more = tokens.Mean(tokens.Objects.Select(o => of(o) - o.Area));
            string verdict = Verdicts.Against(
                more,
                0,
                "more than its share",
                "less than its share",
                "which the samples do not tell from its share",
                $"{Verdicts.Few(more.Count)} that from its share"
            );
            return $"{Verdicts.Share(on)} of {what} lies on it, {verdict} (difference {Points(more)})";
        }

        string area =
            $"The object's box covers {Verdicts.Share(tokens.ObjectArea)} of the image tokens "
            + $"({Many(tokens.Objects.Count, "sample")})";
        string attention = Against(tokens.AttentionOnObject, AttentionOf, "the weighted attention");
        return tokens.BetaOnObject.Count == 0
            ? $"{area}; {attention}."
            : $"{area}. {Against(tokens.BetaOnObject, BetaOf, "the positive β")}; {attention}. "
                + Beside(SparseTokens.OnObject(tokens))
                + string.Concat(SparseTokens.Sparse(tokens).Select(Sparse));
    }

    private static string Beside(Evidence on)
    {
        string share = Verdicts.Share(on.Value);
        return Verdicts.On(
            on,
            $"Most of β, {share}, lies on the object and some beside it, as the paper finds by eye.",
            on.Value.High < on.Demand.Above
                ? $"Most of β lies in the background, {share} on the object, unlike in the paper, which sees most "
                    + "there."
                : $"β lies on the object alone ({share}), unlike in the paper, which sees some in the background.",
            $"Whether most of β lies on the object and some beside it, as the paper finds by eye, the samples do not "
                + $"tell ({share}).",
            $"The paper finds by eye that most important tokens lie on the object; {Verdicts.Few(on.Value.Count)}."
        );
    }

    private static string Sparse(Evidence half)
    {
        string even =
            $" Half of the positive β lies on {Verdicts.Share(half.Value)} of the tokens, where an even use of the "
            + $"object's would take {Percent(half.Chance)} (difference {Points(half.LessChance!.Value)}): ";
        return even
            + Verdicts.On(
                half,
                "a sparse subset counts, as the paper finds by eye.",
                "no sparse subset, unlike in the paper.",
                "the samples do not tell whether a sparse subset counts, as the paper finds by eye.",
                $"{Verdicts.Few(half.Value.Count)} whether a sparse subset counts, as the paper finds by eye."
            );
    }

    /// <summary>A difference of shares in percentage points, with its interval.</summary>
    private static string Points(Estimate difference)
    {
        static string Signed(double share) => Format.Signed(100 * share, 0);
        return $"{difference.Written(Signed)} points";
    }

    private static double BetaOf(ObjectShareRow row) => row.BetaOnObject ?? double.NaN;

    private static double AttentionOf(ObjectShareRow row) => row.AttentionOnObject ?? double.NaN;

    private static Svg Draw(TokenFindings tokens, Canvas canvas)
    {
        bool hasBeta = tokens.BetaOnObject.Count > 0;
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
        var (samples, place) = Panel.WithStrip(canvas, strip.Height, MarkKey.Line);
        Svg svg = canvas.Svg(Math.Max(samples.Bottom, place.Bottom));
        DrawSamples(svg, tokens, hasBeta, samples.Across(0, 1), samples.Upwards(0, 1));
        strip.Draw(svg, place.Left, place.Top, place.Width, firstSeries: 2);
        return svg;
    }

    private static void DrawSamples(Svg svg, TokenFindings tokens, bool hasBeta, Scale x, Scale y)
    {
        svg.Axes(x, y, "share of the image tokens on the object", "share on the object", x.Ticks(5), y.Ticks(5));
        svg.Line(x[0], y[0], x[1], y[1], Palette.Muted, 1.2, "5 4");
        (string Title, Marker Mark, Func<ObjectShareRow, double> Of)[] series =
        [
            .. hasBeta ? [("β", OfBeta, BetaOf)] : Array.Empty<(string, Marker, Func<ObjectShareRow, double>)>(),
            ("weighted attention", OfAttention, AttentionOf),
        ];
        for (int s = series.Length - 1; s >= 0; s--)
        {
            svg.BeginSeries(s);
            foreach (ObjectShareRow sample in tokens.Objects.Where(o => double.IsFinite(series[s].Of(o))))
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

        DotSeries[] keys = [.. series.Select(s => new DotSeries(s.Title, s.Mark))];
        new MarkKey(keys, x.Start, 0, (x.End - x.Start) / keys.Length).Draw(svg);
    }
}
