using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Fig. 3C: in which share of the samples a head belongs to x*, and how many such heads each layer has.
/// </summary>
[Figure("fig3c-head-frequency", Section.Heads, Paper = "Fig. 3C", Order = 2)]
internal sealed class HeadFrequencyFigure : IFigure<Findings>
{
    /// <summary>The figure; null without x*.</summary>
    public static Drawing? Of(Findings findings)
    {
        if (findings.Frequency is not { } share)
        {
            return null;
        }

        int heads = findings.Data.Model.Heads;
        var table = new FigureTable(
            ["layer", "head", "share_of_samples", "low95", "high95"],
            [
                .. Enumerable
                    .Range(0, findings.HeadCount)
                    .Select(n => (N: n, Share: findings.FrequencyOf(share[n / heads, n % heads])))
                    .Select(h =>
                        (IReadOnlyList<object?>)
                            [h.N / heads, h.N % heads, share[h.N / heads, h.N % heads], h.Share.Low, h.Share.High]
                    ),
            ]
        );
        return new Drawing(
            "Heads that samples rely on",
            Shows(findings),
            $"A cell: the share of {Many(findings.Selected, "sample")} whose x* contains the head; x* is the "
                + $"smallest set of heads, in the order of β, with faithfulness > "
                + $"{Tick(findings.Data.FaithfulnessThreshold)}. "
                + "Bars: heads of x* in a layer, mean over samples.",
            table,
            canvas => Draw(findings, share, canvas)
        );
    }

    private static string Shows(Findings findings)
    {
        double[] share = [.. findings.Frequency!.Cast<double>()];
        int most = Findings.Ranking(share).First();
        string depth = LateHeads.Of(findings) is [var late]
            ? $" Of the heads of x*, {Verdicts.Share(late.Value)} lie beyond the first third of the layers "
                + $"({Percent(late.Chance)} by chance), {Verdict(late)}."
            : "";
        int all = share.Count(s => s >= 0.9),
            none = share.Count(s => s == 0);
        string shared = $"{findings.Data.Model.NameOf(most)} ({Verdicts.Share(findings.FrequencyOf(share[most]))})";
        return $"{Many(all, "head")} {(all == 1 ? "serves" : "serve")} at least 90\u202f% of the samples and "
            + $"{Count(none)} of {Count(share.Length)} none; the most shared is {shared}.{depth}";
    }

    private static string Verdict(Evidence late) =>
        Verdicts.On(
            late,
            "in the middle to late layers as the paper finds",
            "earlier than the paper's middle to late layers",
            "which the samples do not tell from heads anywhere; the paper finds them in the middle to late layers",
            $"{Verdicts.Few(late.Value.Count)} whether in the middle to late layers as the paper finds"
        );

    private static Svg Draw(Findings findings, double[,] share, Canvas canvas)
    {
        var grid = HeadGrid.WithBars(findings.Data.Model, canvas);
        Svg svg = canvas.Svg(grid.Height);
        grid.Draw(svg, share, 0, "share of samples", Palette.OfShare, "layer {r}, head {c}\nshare of samples {v}");
        double[] perLayer =
        [
            .. Enumerable.Range(0, grid.Layers).Select(l => Enumerable.Range(0, grid.Heads).Sum(h => share[l, h])),
        ];
        grid.DrawBars(
            svg,
            perLayer,
            canvas.IsNarrow ? "a layer" : "heads of x* in a layer",
            Palette.Bar,
            layer => $"layer {Count(layer)}: {Fixed(perLayer[layer], 2)} heads of x*"
        );
        return grid.DrawRamp(svg, "share of samples", Palette.OfShare, (0, "0"), (0.5, "0.5"), (1, "1"));
    }
}
