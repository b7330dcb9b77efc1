using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Coefficients beta by layer and head: one sample beside the mean (paper, Fig. 2).</summary>
[Figure("fig2-beta", Section.Heads, Paper = "Fig. 2", Order = 1)]
internal sealed class BetaFigure : IFigure<Findings>
{
    /// <summary>The figure; null without a regression.</summary>
    public static Drawing? Of(Findings findings)
    {
        if (findings is not { MeanBeta: { } mean, Typical: { } sample } || sample.Beta.Count == 0)
        {
            return null;
        }

        double[,] one = findings.BetaOf(sample);
        double most = Math.Max(Greatest(mean), Greatest(one));
        int heads = findings.Data.Model.Heads;
        var table = new FigureTable(
            ["layer", "head", "beta_sample", "beta_mean", "beta_low95", "beta_high95"],
            [
                .. Enumerable
                    .Range(0, findings.HeadCount)
                    .Select(n => (N: n, Mean: findings.Mean(findings.Fitted.Select(s => s.Beta[n]))))
                    .Select(h =>
                        (IReadOnlyList<object?>)
                            [
                                h.N / heads,
                                h.N % heads,
                                one[h.N / heads, h.N % heads],
                                h.Mean.Mean,
                                h.Mean.Low,
                                h.Mean.High,
                            ]
                    ),
            ]
        );
        return new Drawing(
            "Attribution coefficients β by layer and head",
            Sentences.Beta(findings),
            $"Orange: an intact head raises the answer's logit; blue: lowers it; the scale (up to {Beta(most)}) is "
                + $"common. β = 0.1 means that the head alone carries a tenth of what the picture adds. "
                + $"First the sample above, “{Cut(sample.Answer, 24)}”, then the mean over "
                + $"{Many(findings.Fitted.Count, "sample")}. Layer 0 is the first.",
            table,
            canvas => Draw(findings, sample, one, mean, most, canvas)
        );
    }

    /// <summary>A small heat map without axes, for a card.</summary>
    /// <param name="findings">The findings.</param>
    /// <param name="sample">A fitted sample.</param>
    /// <param name="id">Unique in a page.</param>
    /// <param name="side">Longest side in pixels.</param>
    public static string Card(Findings findings, SampleResult sample, string id, double side)
    {
        double[,] beta = findings.BetaOf(sample);
        double cell = side / Math.Max(beta.GetLength(0), beta.GetLength(1)),
            most = Greatest(beta);
        var svg = new Svg(
            id,
            cell * beta.GetLength(1),
            cell * beta.GetLength(0),
            $"β of {sample.File}",
            "Heat map of layers by heads, " + Strongest(findings, sample)
        );
        return svg.Cells(beta, 0, 0, cell, v => Palette.OfSigned(v, most), "layer {r}, head {c}\nβ = {v}").ToString();
    }

    /// <summary>The strongest head in words.</summary>
    public static string Strongest(Findings findings, SampleResult sample)
    {
        int n = Findings.Ranking(sample.Beta).First();
        return $"strongest: layer {Count(n / findings.Data.Model.Heads)} head {Count(n % findings.Data.Model.Heads)} "
            + $"(β {Beta(sample.Beta[n])})";
    }

    private static Svg Draw(
        Findings findings,
        SampleResult sample,
        double[,] one,
        double[,] mean,
        double most,
        Canvas canvas
    )
    {
        var grid = HeadGrid.Fit(findings.Data.Model, canvas, panels: 2);
        Svg svg = canvas.Svg(grid.Bottom + 52);
        grid.Draw(
            svg,
            one,
            0,
            $"one sample: {Cut(sample.Answer, 20)}",
            v => Palette.OfSigned(v, most),
            "layer {r}, head {c}\nβ = {v}"
        );
        grid.Draw(
            svg,
            mean,
            1,
            $"mean of {Many(findings.Fitted.Count, "sample")}",
            v => Palette.OfSigned(v, most),
            "layer {r}, head {c}\nmean β = {v}"
        );
        return svg.Ramp(
            HeadGrid.Left,
            grid.Bottom + 24,
            200,
            "β",
            at => Palette.OfSigned((2 * at) - 1, 1),
            (0, Beta(-most)),
            (0.5, "0"),
            (1, Beta(most))
        );
    }

    private static double Greatest(double[,] values) =>
        values.Cast<double>().Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max();
}
