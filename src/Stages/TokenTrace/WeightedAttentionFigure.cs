using Pipelines.Domain.Errors;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Fig. 4C: beta of the image tokens against their weighted attention, and the correlation of every sample. Both over
/// the pictures are Fig. 4B (<see cref="ImageTokensFigure"/>).
/// </summary>
[Figure("fig4c-weighted-attention", Section.Tokens, Paper = "Fig. 4C", Order = 3)]
internal sealed class WeightedAttentionFigure : IFigure<Findings>
{
    private const double PaperRho = Published.AttentionOfTokens;

    private const int PointsAtMost = 4000;

    private const string Says = "attention tells which image tokens count";

    /// <summary>The figure; null where no image tokens are attributed.</summary>
    public static Drawing? Of(Findings findings)
    {
        if (findings.Tokens is not { Attributed.Count: > 0 } tokens)
        {
            return null;
        }

        var table = new FigureTable(
            ["sample_id", "token", "weighted_attention", "beta"],
            [
                .. tokens.Attributed.SelectMany(s =>
                    s.Beta.Select((beta, j) => (IReadOnlyList<object?>)[s.SampleId, j, s.Attention[j], beta])
                ),
            ]
        );
        (double W, double Beta)[] points = Points(tokens);
        int all = tokens.Attributed.Sum(s => s.Beta.Count);
        return new Drawing(
            "Image tokens: β against weighted attention",
            Shows(findings, tokens),
            "w sums a token's attention in the intact run over the heads of x*, weighted by their β, and over the "
                + "text tokens of u*, weighted by their δ. "
                + $"Dots at the left: image tokens of all "
                + $"samples{(points.Length < all ? $" (every {Ordinal(Every(all))} of {Count(all)})" : "")}; at the "
                + $"right: ρ of every sample, with the mean and its 95 % bootstrap interval."
                + (tokens.Mapped.Count > 0 ? " w over the pictures is in Fig. 4B." : ""),
            table,
            canvas => Draw(tokens, points, canvas)
        );
    }

    private static string Shows(Findings findings, TokenFindings tokens)
    {
        if (!double.IsFinite(tokens.PooledRho.Mean))
        {
            return "β or weighted attention is the same for every image token: there is no correlation to state.";
        }

        int negative = tokens.Attributed.Count(s => s.AttentionRho < 0);
        string within = $"within a sample it is {Verdicts.Number(tokens.Rho)} on average";
        string verdict = Verdicts.Against(
            tokens.PooledRho,
            PaperRho,
            "ours is higher",
            "ours is lower",
            "the samples do not tell ours from it",
            $"{Verdicts.Few(tokens.PooledRho.Count)} ours from it"
        );
        string paper =
            $" The paper has {Fixed(PaperRho, 2)} for {Published.MainModel}: {verdict} (difference "
            + $"{Verdicts.Number(tokens.PooledRho.Less(PaperRho))}).";
        string extent = Verdicts.On(
            AttentionOfTokens.Of(findings)[0],
            $"{Says} to some extent, as the paper finds",
            $"{Says} hardly at all, unlike in the paper",
            $"the samples do not tell whether {Says}, as the paper finds",
            $"{Verdicts.Few(tokens.PooledRho.Count)} whether {Says}, as the paper finds"
        );
        return $"Over the image tokens of {Many(tokens.Attributed.Count, "sample")}, β and weighted attention "
            + $"correlate with ρ = {Verdicts.Number(tokens.PooledRho)}: {extent}; "
            + $"{within}{(negative > 0 ? $", and negative in {Count(negative)}" : "")}."
            + (findings.Data.IsAsThePaper ? paper : "");
    }

    private static (double W, double Beta)[] Points(TokenFindings tokens)
    {
        int every = Every(tokens.Attributed.Sum(s => s.Beta.Count));
        return
        [
            .. tokens
                .Attributed.SelectMany(s => s.Attention.Zip(s.Beta))
                .Where((_, i) => i % every == 0)
                .Where(p => double.IsFinite(p.First) && double.IsFinite(p.Second)),
        ];
    }

    private static int Every(int count) => Math.Max(1, (count + PointsAtMost - 1) / PointsAtMost);

    private static string Ordinal(int n) =>
        Count(n)
        + (
            n == 2 ? "nd"
            : n == 3 ? "rd"
            : "th"
        );

    private static Svg Draw(TokenFindings tokens, (double W, double Beta)[] points, Canvas canvas)
    {
        SampleStrip strip = Strip(tokens);
        var (scatter, place) = Panel.WithStrip(canvas, SampleStrip.Height);
        Svg svg = canvas.Svg(Math.Max(scatter.Bottom, place.Bottom));
        DrawScatter(svg, tokens, points, scatter);
        strip.Draw(svg, place);
        return svg;
    }

    private static void DrawScatter(Svg svg, TokenFindings tokens, (double W, double Beta)[] points, Panel panel)
    {
        var (leastW, mostW) = Around(points.Select(p => p.W));
        var (leastBeta, mostBeta) = Around(points.Select(p => p.Beta));
        Scale x = panel.Across(leastW, mostW),
            y = panel.Upwards(leastBeta, mostBeta);
        svg.Axes(x, y, "weighted attention w", "β of an image token", x.Ticks(4), y.Ticks(5));
        svg.Cloud(
            [.. points.Select(p => (x[p.W], y[p.Beta]))],
            points.Length > 1000 ? 1.4 : 2,
            Palette.Series[0],
            points.Length > 1000 ? 0.3 : 0.5
        );
        int all = tokens.Attributed.Sum(s => s.Beta.Count);
        panel.DrawNote(svg, $"ρ = {Fixed(tokens.PooledRho.Mean, 2)}, n = {Count(all)}");
    }

    private static SampleStrip Strip(TokenFindings tokens) =>
        new(
            $"ρ of every sample, n = {Count(tokens.Rho.Count)}",
            "Pearson ρ of β and w",
            (Math.Min(0, LeastRho(tokens)), 1),
            [
                .. tokens
                    .Attributed.Where(s => double.IsFinite(s.AttentionRho))
                    .OrderBy(s => s.AttentionRho)
                    .Select(s =>
                        (
                            s.AttentionRho,
                            $"{Shown.Name(s.Answer)} ({Shown.Name(s.SampleId)})\nρ = {Fixed(s.AttentionRho, 3)}"
                        )
                    ),
            ],
            tokens.Rho,
            $"mean ρ = {Fixed(tokens.Rho.Mean, 3)}"
        );

    private static double LeastRho(TokenFindings tokens) =>
        Math.Floor(10 * tokens.Attributed.Select(s => s.AttentionRho).Where(double.IsFinite).DefaultIfEmpty(0).Min())
        / 10;

    private static (double Least, double Most) Around(IEnumerable<double> values)
    {
        double[] all = [.. values];
        double least = Math.Min(0, all.DefaultIfEmpty(0).Min()),
            most = Math.Max(0, all.DefaultIfEmpty(1).Max()),
            room = Math.Max(1e-9, 0.04 * (most - least));
        return (least - room, most + room);
    }
}
