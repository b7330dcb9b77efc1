using Pipelines.Stages.Reporting;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Comparison;

/// <summary>beta of A against beta of B: a dot a head.</summary>
[Figure("beta", Section.Heads, Paper = "Fig. 2", Order = 1)]
internal sealed class BetaPairFigure : IFigure<ComparedFits>
{
    private const double Right = 16,
        Top = 30,
        Side = 400,
        Line = 21,
        Ramp = 50;
    private const int Listed = 10;

    /// <summary>The figure; null where beta cannot be compared.</summary>
    public static Drawing? Of(ComparedFits compared)
    {
        var (runs, fit) = compared;
        if (fit.Beta is not { } beta)
        {
            return null;
        }

        double[] difference = beta.Difference;
        var table = new FigureTable(
            ["layer", "head", "beta_mean_a", "beta_mean_b", "difference"],
            [
                .. Enumerable
                    .Range(0, beta.MeanA.Length)
                    .Select(n =>
                        (IReadOnlyList<object?>)
                            [n / beta.Heads, n % beta.Heads, beta.MeanA[n], beta.MeanB[n], difference[n]]
                    ),
            ]
        );
        string over =
            beta.Samples.Count > 0
                ? $"mean over the {Many(beta.Samples.Count, "sample")} in common"
                : "mean over the samples of each run, which have none in common";
        return new Drawing(
            "β in A against β in B",
            ComparisonSentences.Beta(runs, fit),
            $"A dot is a head, {over}; colour: its depth in the model. On the dashed diagonal β is the same in both "
                + $"runs. ρ: Pearson correlation over the {Count(beta.MeanA.Length)} heads.",
            table,
            canvas => Draw(beta, difference, canvas)
        );
    }

    private static Svg Draw(BetaComparison beta, double[] difference, Canvas canvas)
    {
        Panel panel = Panel.Square(canvas.Width, Side);
        int[] apart =
        [
            .. Enumerable
                .Range(0, difference.Length)
                .OrderByDescending(n => Math.Abs(difference[n]))
                .ThenBy(n => n)
                .Take(Listed)
                .Where(n => difference[n] != 0),
        ];
        double list = (apart.Length > 0 ? 24 + (Line * apart.Length) : 0) + Ramp;
        Svg svg = canvas.Svg(canvas.IsNarrow ? panel.Bottom + 24 + list : Math.Max(panel.Bottom, Top + list));
        double least = Math.Min(0, beta.MeanA.Concat(beta.MeanB).Min()),
            most = Math.Max(1e-9, beta.MeanA.Concat(beta.MeanB).Max()),
            room = 0.04 * (most - least);
        Scale x = panel.Across(least - room, most + room),
            y = panel.Upwards(least - room, most + room);
        svg.Axes(x, y, "mean β in A", "mean β in B", x.Ticks(6), y.Ticks(6));
        svg.Line(x[x.Least], y[y.Least], x[x.Most], y[y.Most], Palette.Muted, 1, "4 4");
        double radius = beta.MeanA.Length > 300 ? 2.8 : 4;
        foreach (int n in Enumerable.Range(0, beta.MeanA.Length).OrderBy(n => beta.MeanA[n]))
        {
            svg.Dot(
                x[beta.MeanA[n]],
                y[beta.MeanB[n]],
                radius,
                Palette.OfDepth(Depth(beta, n)),
                $"{beta.NameOf(n)}\nA: β = {Beta(beta.MeanA[n])}\nB: β = {Beta(beta.MeanB[n])}",
                0.8
            );
        }

        svg.Text(
            x.Start + 10,
            y.End + 14,
            $"ρ = {Fixed(beta.OfMeans.Pearson, 3)}",
            ink: Palette.Ink,
            size: 14,
            bold: true,
            halo: true
        );
        double left = canvas.IsNarrow ? x.Start : panel.Right + 28,
            top = canvas.IsNarrow ? panel.Bottom + 24 : Top + 4;
        List(svg, beta, apart, left, top, canvas.Width - Right);
        string last = $"{Count(beta.Layers - 1)}, last";
        return svg.Ramp(
            left,
            top + list - 28,
            160,
            "layer",
            Palette.OfDepth,
            beta.Layers > 1 ? [(0, "0, first"), (1, last)] : [(0, "0")]
        );
    }

    private static void List(Svg svg, BetaComparison beta, int[] apart, double left, double top, double right)
    {
        if (apart.Length == 0)
        {
            return;
        }

        double ofB = right - 4,
            ofA = ofB - 62;
        svg.Text(left, top, "farthest apart", ink: Palette.Ink, bold: true)
            .Text(ofA, top, "A", "end", Palette.Ink, bold: true)
            .Text(ofB, top, "B", "end", Palette.Ink, bold: true);
        for (int i = 0; i < apart.Length; i++)
        {
            int n = apart[i];
            double y = top + 24 + (Line * i);
            svg.Dot(left + 5, y - 4, 4, Palette.OfDepth(Depth(beta, n)))
                .Text(left + 18, y, beta.NameOf(n))
                .Text(ofA, y, Fixed(beta.MeanA[n], 3), "end")
                .Text(ofB, y, Fixed(beta.MeanB[n], 3), "end");
        }
    }

    private static double Depth(BetaComparison beta, int n) =>
        beta.Layers > 1 ? (double)(n / beta.Heads) / (beta.Layers - 1) : 0;
}
