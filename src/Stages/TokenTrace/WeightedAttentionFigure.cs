using Pipelines.Domain.Errors;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Fig. 4C: beta of the image tokens against their weighted attention, the correlation of every sample, and the
/// attention over the pictures of Fig. 4B.
/// </summary>
[Figure("fig4c-weighted-attention", Section.Tokens, Paper = "Fig. 4C", Order = 3)]
internal sealed class WeightedAttentionFigure : IFigure<Findings>
{
    private const string PaperModel = "LLaVA-1.5-7B";
    private const double PaperRho = 0.70;

    private const double Left = 52,
        Top = 34,
        Foot = 46,
        Gap = 10,
        Head = 30,
        Below = 22;
    private const int PointsAtMost = 4000;

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
            Shows(tokens),
            "w sums a token's attention in the intact run over the heads of x*, weighted by their β, and over the "
                + "text tokens of u*, weighted by their δ. "
                + $"Dots at the left: image tokens of all "
                + $"samples{(points.Length < all ? $" (every {Ordinal(Every(all))} of {Count(all)})" : "")}; at the "
                + $"right: ρ of every sample, with the mean and its 95 % bootstrap interval."
                + (tokens.Mapped.Count > 0 ? " Below: w over the pictures of Fig. 4B, each on its own scale." : ""),
            table,
            canvas => Draw(tokens, points, canvas)
        );
    }

    private static string Shows(TokenFindings tokens)
    {
        if (!double.IsFinite(tokens.PooledRho.Mean))
        {
            return "β or weighted attention is the same for every image token: there is no correlation to state.";
        }

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
            $" The paper has {Fixed(PaperRho, 2)} for {PaperModel}: {verdict} (difference "
            + $"{Verdicts.Number(tokens.PooledRho.Less(PaperRho))}).";
        int negative = tokens.Attributed.Count(s => s.AttentionRho < 0);
        return $"Over the image tokens of {Many(tokens.Attributed.Count, "sample")}, β and weighted attention "
            + $"correlate with ρ = {Verdicts.Number(tokens.PooledRho)}; "
            + $"{within}{(negative > 0 ? $", and negative in {Count(negative)}" : "")}.{paper}";
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
        double side = canvas.IsNarrow ? canvas.Width - Left - 12 : 330,
            chart = Top + (canvas.IsNarrow ? side * 0.85 : 300);
        double stripTop = canvas.IsNarrow ? chart + Foot + Top : Top,
            stripBottom = canvas.IsNarrow ? stripTop + 60 : chart;
        double maps = (canvas.IsNarrow ? stripBottom + 50 : chart + Foot + 6) + Head;
        int across = canvas.IsNarrow ? 2 : 4;
        double width = (canvas.Width - ((across - 1) * Gap)) / across;
        int rows = (tokens.Mapped.Count + across - 1) / across;
        double tall = tokens.Mapped.Count > 0 ? tokens.Mapped.Max(s => TokenMap.HeightOf(s, width)) : 0;
        Svg svg = canvas.Svg(
            tokens.Mapped.Count > 0 ? maps + (rows * (tall + Below + Head)) - Head + 4 : maps - Head + 4
        );
        DrawScatter(svg, tokens, points, Left, Left + side, chart);
        if (canvas.IsNarrow)
        {
            DrawStripAcross(
                svg,
                tokens,
                new Scale(Math.Min(0, LeastRho(tokens)), 1, Left, canvas.Width - 12),
                stripTop,
                stripBottom
            );
        }
        else
        {
            DrawStripAcross(
                svg,
                tokens,
                new Scale(Math.Min(0, LeastRho(tokens)), 1, Left + side + 60, canvas.Width - 12),
                Top + 70,
                Top + 150
            );
        }

        for (int i = 0; i < tokens.Mapped.Count; i++)
        {
            TracedSample sample = tokens.Mapped[i];
            double x = i % across * (width + Gap),
                y = maps + (i / across * (tall + Below + Head));
            string picture = TokenMap.PictureId(canvas, i);
            svg.Define(picture, sample.Seen!, width, TokenMap.HeightOf(sample, width))
                .Text(x, y - 8, Cut(sample.Answer, (int)(width / 9)), ink: Palette.Ink, bold: true);
            TokenMap.Draw(svg, picture, sample, sample.Attention, x, y, width, "w");
            svg.Text(
                x,
                y + TokenMap.HeightOf(sample, width) + 15,
                $"w up to {TokenMap.Most(sample, sample.Attention)} · ρ {Fixed(sample.AttentionRho, 2)}",
                size: 11
            );
        }

        return svg;
    }

    private static void DrawScatter(
        Svg svg,
        TokenFindings tokens,
        (double W, double Beta)[] points,
        double left,
        double right,
        double bottom
    )
    {
        Scale x = Around(points.Select(p => p.W), left, right),
            y = Around(points.Select(p => p.Beta), bottom, Top);
        svg.Axes(x, y, "weighted attention w", "β of an image token", x.Ticks(4), y.Ticks(5));
        svg.Cloud(
            [.. points.Select(p => (x[p.W], y[p.Beta]))],
            points.Length > 1000 ? 1.4 : 2,
            Palette.Series[0],
            points.Length > 1000 ? 0.3 : 0.5
        );
        svg.Text(
            right,
            Top - 12,
            $"ρ = {Fixed(tokens.PooledRho.Mean, 2)}, n = {Count(tokens.Attributed.Sum(s => s.Beta.Count))}",
            "end"
        );
    }

    private static void DrawStripAcross(Svg svg, TokenFindings tokens, Scale x, double top, double bottom)
    {
        svg.Text(x.Start, top - 12, $"ρ of every sample, n = {Count(tokens.Rho.Count)}", ink: Palette.Ink, bold: true);
        RowAxis.Draw(svg, x, top, bottom, "Pearson ρ of β and w", ticks: 5);
        double middle = (top + bottom) / 2;
        foreach (
            var (sample, i) in tokens
                .Attributed.Where(s => double.IsFinite(s.AttentionRho))
                .OrderBy(s => s.AttentionRho)
                .Select((s, i) => (s, i))
        )
        {
            svg.Dot(
                x.Clamped(sample.AttentionRho),
                middle + (((i % 5) - 2) * 6),
                3,
                Palette.Series[0],
                $"{Shown.Name(sample.Answer)} ({Shown.Name(sample.SampleId)})\nρ = {Fixed(sample.AttentionRho, 3)}",
                0.55
            );
        }

        if (tokens.Rho.HasInterval)
        {
            svg.Line(x.Clamped(tokens.Rho.Low), middle, x.Clamped(tokens.Rho.High), middle, Palette.Ink, 2.4);
        }

        if (tokens.Rho.Count > 0)
        {
            svg.Dot(x.Clamped(tokens.Rho.Mean), middle, 5, Palette.Ink, $"mean ρ = {Fixed(tokens.Rho.Mean, 3)}");
        }
    }

    private static double LeastRho(TokenFindings tokens) =>
        Math.Floor(10 * tokens.Attributed.Select(s => s.AttentionRho).Where(double.IsFinite).DefaultIfEmpty(0).Min())
        / 10;

    private static Scale Around(IEnumerable<double> values, double start, double end)
    {
        double[] all = [.. values];
        double least = Math.Min(0, all.DefaultIfEmpty(0).Min()),
            most = Math.Max(0, all.DefaultIfEmpty(1).Max()),
            room = Math.Max(1e-9, 0.04 * (most - least));
        return new Scale(least - room, most + room, start, end);
    }
}
