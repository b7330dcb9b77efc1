using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Fig. 4B: beta of the image tokens over the picture as the model sees it.</summary>
[Figure("fig4b-image-tokens", Section.Tokens, Paper = "Fig. 4B", Order = 2)]
internal sealed class ImageTokensFigure : IFigure<Findings>
{
    private const double Between = 28,
        Ramp = 40;

    /// <summary>The figure; null where no image tokens with a grid are attributed.</summary>
    public static Drawing? Of(Findings findings)
    {
        if (findings.Tokens is not { Mapped.Count: > 0 } tokens || findings.Settings<TokenTraceSpec>() is not { } spec)
        {
            return null;
        }

        var table = new FigureTable(
            ["sample_id", "token", "row", "column", "beta"],
            [
                .. tokens.Mapped.SelectMany(s =>
                    Enumerable
                        .Range(0, s.Rows * s.Columns)
                        .Select(j => (IReadOnlyList<object?>)[s.SampleId, j, j / s.Columns, j % s.Columns, s.Beta[j]])
                ),
            ]
        );
        TracedSample first = tokens.Mapped[0];
        return new Drawing(
            "Image tokens that carry the picture",
            Shows(tokens),
            $"Left: what the model sees, cropped and resized, under its {Count(first.Rows)} × {Count(first.Columns)} "
                + $"image tokens; right: β of each token over it (orange raises φ(x*, u*, v), blue lowers it; the "
                + $"more opaque, the stronger; each map has its own scale, its largest |β| below). "
                + $"Only the heads of x* and the text tokens of u* read the picture; {Count(spec.Count)} "
                + $"masks a sample, {Percent(spec.Ablate)} of the image tokens ablated."
                + (
                    tokens.Mapped.Count < tokens.Attributed.Count
                        ? " Samples run evenly from the lowest to the highest correlation with attention: none is "
                            + "picked by hand."
                        : ""
                )
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
        return $"{sparse}; {Verdicts.Share(zero)} of the tokens have none (mean over "
            + $"{Many(tokens.Attributed.Count, "sample")}). The sum of single tokens explains "
            + $"{(tokens.R2.Mean > 0 ? Verdicts.Share(tokens.R2) : "none")} of the variance of φ(x*, u*, v) on masks "
            + $"that did not train (R² {Sentences.WithInterval(tokens.R2)}).";
    }

    private static Svg Draw(IReadOnlyList<TracedSample> samples, Canvas canvas)
    {
        var (tiles, bottom) = Tile.Rows(
            canvas,
            samples.Count,
            canvas.IsNarrow ? 1 : 2,
            Between,
            tile => samples.Max(s => TokenMap.HeightOf(s, tile.Halves().Second))
        );
        Svg svg = canvas.Svg(bottom + Ramp);
        for (int i = 0; i < samples.Count; i++)
        {
            TracedSample sample = samples[i];
            var (seen, map) = tiles[i].Halves();
            double tall = TokenMap.HeightOf(sample, map);
            string picture = TokenMap.PictureId(canvas, i);
            svg.Define(picture, sample.Seen!, seen.Width, tall);
            tiles[i].DrawHeading(svg, sample.Answer);
            svg.Use(picture, seen.X, seen.Y);
            TokenMap.Draw(svg, picture, sample, sample.Beta, map, "β");
            map.DrawCaption(svg, tall, $"|β| up to {TokenMap.Most(sample, sample.Beta)} · R² {Fixed(sample.R2, 2)}");
        }

        return svg.Ramp(0, bottom + 14, 200, "", Palette.SignedAt, (0, "−max |β|"), (0.5, "0"), (1, "max |β|"));
    }
}
