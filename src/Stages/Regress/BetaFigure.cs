using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Coefficients beta by layer and head: one sample beside the mean (paper, Fig. 2).</summary>
[Figure("fig2-beta", Section.Heads, Paper = "Fig. 2", Order = 1)]
internal sealed class BetaFigure : IFigure<Findings>
{
    private const int TopHeads = 5;

    /// <summary>The figure; null without a regression.</summary>
    public static Drawing? Of(Findings findings)
    {
        if (findings is not { MeanBeta: { } mean, Typical: { } sample } || sample.Beta.Count == 0)
        {
            return null;
        }

        double[,] one = findings.BetaOf(sample);
        var scale = SignedScale.Of(mean.Cast<double>().Concat(one.Cast<double>()));
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
            Shows(findings),
            $"Orange: an intact head raises {findings.Data.Measured}; blue: lowers it; the scale (up to "
                + $"{Beta(scale.Most)}) is common. β = 0.1 means that the head alone carries a tenth of what the "
                + $"picture adds. First the sample above, “{Cut(sample.Answer, 24)}”, then the mean over "
                + $"{Many(findings.Fitted.Count, "sample")}. Layer 0 is the first."
                + scale.Words("|β|"),
            table,
            canvas => Draw(findings, sample, one, mean, scale, canvas)
        );
    }

    private static string Shows(Findings findings)
    {
        double[] mean = [.. findings.MeanBeta!.Cast<double>()];
        int[] ranking = [.. Findings.Ranking(mean)];
        string strongest =
            $"The strongest head on average is {findings.Data.Model.NameOf(ranking[0])} (mean β "
            + $"{BetaOf(findings, ranking[0])}){Second(findings, ranking)}";
        if (!mean.Any(b => b > 0))
        {
            return strongest + "; no head has a positive mean.";
        }

        int[] top = [.. ranking.Take(TopHeads)];
        double Held(double[] beta) => top.Sum(n => Math.Max(0, beta[n])) / beta.Sum(b => Math.Max(0, b));
        double Depth(double[] beta) =>
            beta.Select((b, n) => Math.Max(0, b) * findings.Data.Model.Depth(n / findings.Data.Model.Heads)).Sum()
            / beta.Sum(b => Math.Max(0, b));
        return $"{strongest}. The top {Count(top.Length)} of {Count(mean.Length)} heads hold "
            + $"{OfMeanBeta(findings, mean, Held)} of the positive mean β, whose centre lies at "
            + $"{OfMeanBeta(findings, mean, Depth)} of the depth.";
    }

    private static string BetaOf(Findings findings, int n)
    {
        return findings.Mean(findings.Fitted.Select(s => s.Beta[n])).Written(Beta);
    }

    /// <summary>Whether the samples tell the strongest head from the next.</summary>
    private static string Second(Findings findings, int[] ranking)
    {
        if (ranking.Length < 2)
        {
            return "";
        }

        Estimate ahead = findings.Mean(findings.Fitted.Select(s => s.Beta[ranking[0]] - s.Beta[ranking[1]]));
        return !ahead.CanTell ? $"; {Verdicts.Few(ahead.Count)} it from the next"
            : ahead.Direction > 0
                ? $", ahead of {findings.Data.Model.NameOf(ranking[1])} ({BetaOf(findings, ranking[1])})"
            : $", level with {findings.Data.Model.NameOf(ranking[1])} ({BetaOf(findings, ranking[1])})";
    }

    /// <summary>A share that the mean beta has, with its interval over samples.</summary>
    private static string OfMeanBeta(Findings findings, double[] mean, Func<double[], double> share)
    {
        double[] Mean(ReadOnlySpan<int> drawn)
        {
            var sum = new double[mean.Length];
            foreach (int i in drawn)
            {
                for (int n = 0; n < sum.Length; n++)
                {
                    sum[n] += findings.Fitted[i].Beta[n];
                }
            }

            return Array.ConvertAll(sum, s => s / findings.Fitted.Count);
        }

        var (low, high) = findings.Intervals.Interval(findings.Fitted.Count, drawn => share(Mean(drawn)));
        return Percent(share(mean)) + Bracket(low, high, Percent);
    }

    /// <summary>A small heat map without axes, for a card.</summary>
    /// <param name="findings">The findings.</param>
    /// <param name="sample">A fitted sample.</param>
    /// <param name="id">Unique in a page.</param>
    /// <param name="side">Longest side in pixels.</param>
    public static string Card(Findings findings, SampleResult sample, string id, double side)
    {
        double[,] beta = findings.BetaOf(sample);
        double cell = side / Math.Max(beta.GetLength(0), beta.GetLength(1));
        var scale = SignedScale.Of(beta.Cast<double>());
        var svg = new Svg(
            id,
            cell * beta.GetLength(1),
            cell * beta.GetLength(0),
            $"β of {sample.File}",
            "Heat map of layers by heads, " + Strongest(findings, sample)
        );
        return svg.Cells(beta, 0, 0, cell, scale.InkOf, "layer {r}, head {c}\nβ = {v}", leadsTo: HeadGrid.LeadsTo)
            .ToString();
    }

    /// <summary>The strongest head in words.</summary>
    public static string Strongest(Findings findings, SampleResult sample)
    {
        int n = Findings.Ranking(sample.Beta).First();
        return $"strongest: {findings.Data.Model.NameOf(n)} (β {Beta(sample.Beta[n])})";
    }

    private static Svg Draw(
        Findings findings,
        SampleResult sample,
        double[,] one,
        double[,] mean,
        SignedScale scale,
        Canvas canvas
    )
    {
        var grid = HeadGrid.Fit(findings.Data.Model, canvas, panels: 2);
        Svg svg = canvas.Svg(grid.Height);
        grid.Draw(svg, one, 0, $"one sample: {Cut(sample.Answer, 20)}", scale.InkOf, "layer {r}, head {c}\nβ = {v}");
        grid.Draw(
            svg,
            mean,
            1,
            $"mean of {Many(findings.Fitted.Count, "sample")}",
            scale.InkOf,
            "layer {r}, head {c}\nmean β = {v}"
        );
        return grid.DrawRamp(svg, "β", Palette.SignedAt, scale.Labels);
    }
}
