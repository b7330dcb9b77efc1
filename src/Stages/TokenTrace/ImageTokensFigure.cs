using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Fig. 4B, 16 and 17: of every sample the picture as the model sees it, beta of its image tokens, and their weighted
/// attention.
/// </summary>
[Figure("fig4b-image-tokens", Section.Tokens, Paper = "Fig. 4B", Order = 2)]
internal sealed class ImageTokensFigure : IFigure<Findings>
{
    private const double Between = 16,
        Ramp = 40;
    private const int Few = 8, // samples that are shown larger
        MostOfPhone = 12;

    /// <summary>The figure; null where no image tokens with a grid are attributed.</summary>
    public static Drawing? Of(Findings findings)
    {
        if (findings.Tokens is not { Mapped.Count: > 0 } tokens || findings.Settings<TokenTraceSpec>() is not { } spec)
        {
            return null;
        }

        var table = new FigureTable(
            ["sample_id", "token", "row", "column", "beta", "weighted_attention"],
            [
                .. tokens.Mapped.SelectMany(s =>
                    Enumerable
                        .Range(0, s.Rows * s.Columns)
                        .Select(j =>
                            (IReadOnlyList<object?>)
                                [s.SampleId, j, j / s.Columns, j % s.Columns, s.Beta[j], s.Attention[j]]
                        )
                ),
            ]
        );
        TracedSample first = tokens.Mapped[0];
        return new Drawing(
            "Image tokens that carry the picture",
            Shows(tokens),
            $"Of each sample, from the left: what the model sees, cropped and resized, under its {Count(first.Rows)} × "
                + $"{Count(first.Columns)} image tokens"
                + (tokens.Mapped.Any(s => s.Object is not null) ? ", the annotations' box of the object framed" : "")
                + "; β of each token over it; weighted attention w of each token over it (orange raises φ(x*, u*, v), "
                + "blue lowers it; the more opaque, the stronger). Each map has its own scale, whose colours end at "
                + $"the {Fixed(100 * SignedScale.Percentile, 0)}th percentile of its |β| or |w|: the table has the "
                + "values. R²: of the fit on masks that did not train; ρ: of β and w. "
                + $"Only the heads of x* and the text tokens of u* read the picture; {Count(spec.Count)} "
                + $"masks a sample, {Percent(spec.Ablate)} of the image tokens ablated."
                + Chosen(tokens)
                + (
                    first.Beta.Count > first.Rows * first.Columns
                        ? $" The other {Count(first.Beta.Count - (first.Rows * first.Columns))} tokens (tiles and "
                            + $"line ends) are in the tables."
                        : ""
                ),
            table,
            canvas => Draw(tokens.Mapped, canvas)
        );
    }

    private static string Shows(TokenFindings tokens)
    {
        Estimate zero = tokens.Mean(tokens.Attributed.Select(s => s.Beta.Count(b => b == 0) / (double)s.Beta.Count)),
            half = tokens.Mean(tokens.Attributed.Select(s => SparseTokens.HalfShare(s.Beta)));
        string sparse =
            half.Count > 0
                ? $"Half of the positive β of a picture lies on {Verdicts.Share(half)} of its "
                    + $"{Count(tokens.Attributed[0].Beta.Count)} image tokens"
                : "No image token has a positive β";
        return $"{sparse}; {Verdicts.Share(zero)} of the tokens have a β of 0 (mean over "
            + $"{Many(tokens.Attributed.Count, "sample")}). The sum of single tokens explains "
            + $"{(tokens.R2.Mean > 0 ? Verdicts.Share(tokens.R2) : "none")} of the variance of φ(x*, u*, v) on masks "
            + $"that did not train (R² {Sentences.WithInterval(tokens.R2)}).";
    }

    /// <summary>Which samples are shown, where not all are.</summary>
    private static string Chosen(TokenFindings tokens)
    {
        int shown = tokens.Mapped.Count,
            narrow = Math.Min(shown, MostOfPhone);
        return (
                shown < tokens.Attributed.Count
                    ? $" {Count(shown)} of {Many(tokens.Attributed.Count, "sample")} run evenly from the lowest to the "
                        + "highest ρ: none is picked by hand; all are in the tables."
                    : ""
            ) + (narrow < shown ? $" A narrow screen shows {Count(narrow)} of them, likewise." : "");
    }

    private static Svg Draw(IReadOnlyList<TracedSample> all, Canvas canvas)
    {
        int most = canvas.IsNarrow ? Math.Min(all.Count, MostOfPhone) : all.Count;
        TracedSample[] samples =
        [
            .. Enumerable.Range(0, most).Select(i => all[i * (all.Count - 1) / Math.Max(1, most - 1)]),
        ];
        var (tiles, bottom) = Tile.Rows(
            canvas,
            samples.Length,
            canvas.IsNarrow ? 1
                : samples.Length <= Few ? 2
                : 3,
            Between,
            tile => samples.Max(s => TokenMap.HeightOf(s, tile.Parts(3)[0]))
        );
        Svg svg = canvas.Svg(bottom + Ramp);
        for (int i = 0; i < samples.Length; i++)
        {
            DrawSample(svg, samples[i], tiles[i], TokenMap.PictureId(canvas, i));
        }

        return svg.Ramp(
            0,
            bottom + 14,
            200,
            "",
            Palette.SignedAt,
            (0, "−"),
            (0.5, "0"),
            (1, $"{Fixed(100 * SignedScale.Percentile, 0)}th percentile")
        );
    }

    private static void DrawFrame(Svg svg, TracedSample sample, Tile part, double tall, bool isStrong)
    {
        if (sample.Object is not { } box)
        {
            return;
        }

        double x = part.X + (box.Left * part.Width),
            y = part.Y + (box.Top * tall),
            w = (box.Right - box.Left) * part.Width,
            h = (box.Bottom - box.Top) * tall;
        _ = isStrong
            ? svg.Frame(x, y, w, h, Palette.Series[1])
            : svg.Curve([(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)], Palette.Muted, 0.7);
    }

    private static void DrawSample(Svg svg, TracedSample sample, Tile tile, string picture)
    {
        IReadOnlyList<Tile> parts = tile.Parts(3);
        Tile seen = parts[0];
        double tall = TokenMap.HeightOf(sample, seen);
        svg.Define(picture, Thumbnail.Of(sample.Seen)?.Jpeg ?? sample.Seen!, seen.Width, tall);
        tile.DrawHeading(svg, sample.Answer);
        svg.Use(picture, seen.X, seen.Y);
        TokenMap.Draw(svg, picture, sample, sample.Beta, parts[1], "β");
        TokenMap.Draw(svg, picture, sample, sample.Attention, parts[2], "w");
        foreach (Tile part in parts)
        {
            DrawFrame(svg, sample, part, tall, isStrong: part == seen);
        }

        seen.DrawCaption(svg, tall, sample.Object is null ? "picture" : "object framed");
        parts[1].DrawCaption(svg, tall, $"β, R² {Fixed(sample.R2, 2)}");
        parts[2].DrawCaption(svg, tall, $"w, ρ {Fixed(sample.AttentionRho, 2)}");
    }
}
