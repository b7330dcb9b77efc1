using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Fig. 3C: in which share of the samples a head belongs to x*, and how many such heads each layer has.
/// </summary>
[Figure("fig3c-head-frequency", Section.Heads, Paper = "Fig. 3C", Order = 2)]
internal sealed class HeadFrequencyFigure : IFigure<Findings>
{
    private const double LateDepth = 0.4; // of the layers: where the middle begins

    private const double BarGap = 14,
        BarRoom = 40;

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
        Estimate depth = findings.Mean(
            findings.SelectedHeads.Select(heads =>
                heads
                    .Select(n => findings.Data.Model.Depth(n / findings.Data.Model.Heads))
                    .DefaultIfEmpty(double.NaN)
                    .Average()
            )
        );
        string verdict = Verdicts.Against(
            depth,
            LateDepth,
            "in the middle to late layers as the paper finds",
            "earlier than the paper's middle to late layers",
            "which the samples do not tell from the paper's middle to late layers",
            $"{Verdicts.Few(depth.Count)} whether in the middle to late layers as the paper finds"
        );
        int all = share.Count(s => s >= 0.9),
            none = share.Count(s => s == 0);
        string shared = $"{findings.Data.Model.NameOf(most)} ({Verdicts.Share(findings.FrequencyOf(share[most]))})";
        return $"{Many(all, "head")} {(all == 1 ? "serves" : "serve")} at least 90\u202f% of the samples and "
            + $"{Count(none)} of {Count(share.Length)} none; the most shared is {shared}. The heads of x* lie at "
            + $"{Verdicts.Share(depth)} of the depth on average, {verdict}.";
    }

    private static Svg Draw(Findings findings, double[,] share, Canvas canvas)
    {
        double bars = canvas.IsNarrow ? 96 : 220;
        var grid = HeadGrid.Fit(findings.Data.Model, canvas, panels: 1, margin: bars);
        Svg svg = canvas.Svg(grid.Bottom + 52);
        grid.Draw(svg, share, 0, "share of samples", Palette.OfShare, "layer {r}, head {c}\nshare of samples {v}");
        var (left, top) = grid.Corner(0);
        double[] perLayer =
        [
            .. Enumerable.Range(0, grid.Layers).Select(l => Enumerable.Range(0, grid.Heads).Sum(h => share[l, h])),
        ];
        double start = left + grid.GridWidth + BarGap;
        var x = new Scale(
            0,
            Math.Max(1e-9, perLayer.Max()),
            start,
            Math.Min(canvas.Width, start + bars - BarGap) - BarRoom
        );
        svg.Text(start, top - 10, canvas.IsNarrow ? "a layer" : "heads of x* in a layer", ink: Palette.Ink, bold: true);
        double thick = Math.Max(1, grid.Cell * 0.6);
        for (int layer = 0; layer < grid.Layers; layer++)
        {
            double y = top + (layer * grid.Cell) + ((grid.Cell - thick) / 2),
                value = perLayer[layer];
            svg.Rectangle(
                start,
                y,
                x[value] - start,
                thick,
                Palette.OfShare(0.62),
                $"layer {Count(layer)}: {Fixed(value, 2)} heads of x*"
            );
            if (grid.Cell >= 12 && value >= 0.05)
            {
                svg.Text(x[value] + 5, y + (thick / 2) + 4, Fixed(value, 1), size: 11);
            }
        }

        svg.Line(start, top, start, top + (grid.Layers * grid.Cell), Palette.Muted);
        return svg.Ramp(
            HeadGrid.Left,
            grid.Bottom + 24,
            200,
            "share of samples",
            Palette.OfShare,
            (0, "0"),
            (0.5, "0.5"),
            (1, "1")
        );
    }
}
