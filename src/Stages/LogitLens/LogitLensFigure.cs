using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Fig. 8: the vocabulary items that the strongest heads write towards.</summary>
[Figure("fig8-logit-lens", Section.Lens, Paper = "Fig. 8", Order = 1)]
internal sealed class LogitLensFigure : IFigure<Findings>
{
    private const double Head = 30,
        Row = 30,
        Between = 18,
        Label = 96,
        Box = 24;
    private const int Shown = 3,
        NarrowItems = 4;

    /// <summary>The figure; null without a logit lens.</summary>
    public static Drawing? Of(Findings findings)
    {
        LensSample[] samples = LensSample.Of(findings);
        if (samples.Length == 0 || findings.Settings<LogitLensSpec>() is not { } lens)
        {
            return null;
        }

        LensSample[] shown = Chosen(findings, samples);
        var table = new FigureTable(
            ["sample_id", "answer", "layer", "head", "beta", "rank", "token", "logit", "is_answer"],
            [
                .. samples.SelectMany(s =>
                    s.Heads.SelectMany(h =>
                        h.Select(
                            (item, i) =>
                                (IReadOnlyList<object?>)
                                    [
                                        s.SampleId,
                                        s.Answer,
                                        item.Layer,
                                        item.Head,
                                        item.Beta,
                                        i + 1,
                                        item.Token,
                                        item.Logit,
                                        item.IsTarget ? "yes" : "no",
                                    ]
                        )
                    )
                ),
            ]
        );
        return new Drawing(
            "What the strongest heads say",
            Shows(findings, lens, samples),
            $"For each of the {Count(lens.Heads)} heads of largest β: what it adds at the last position (a V W_O) "
                + $"through the final norm and the unembedding; the {Count(lens.Items)} items of largest logit, "
                + $"falling to the right"
                + $"{(lens.Items > NarrowItems ? $" (on a narrow screen the first {Count(NarrowItems)})" : "")}. "
                + $"Shade: logit, on one scale a sample; framed: the answer's first token. "
                + (
                    shown.Length < samples.Length
                        ? $"{Many(shown.Length, "sample")} of {Count(samples.Length)}: the one shown above, then "
                            + $"evenly in seed order, each with another answer."
                        : ""
                ),
            table,
            canvas => Draw(lens, shown, canvas)
        );
    }

    private static string Shows(Findings findings, LogitLensSpec lens, LensSample[] samples)
    {
        int naming = samples.Count(s => s.Heads.Any(Names)),
            first = samples.Count(s => s.Heads.Any(h => h[0].IsTarget));
        Estimate share = findings.Mean(samples.Select(s => s.Heads.Count(Names) / (double)s.Heads.Count));
        string verdict = Verdicts.Against(
            share,
            0.5,
            "as in the paper, most top heads write towards the answer",
            "the paper finds that most top heads write towards the answer; here fewer than half do",
            "the samples do not tell whether most top heads write towards the answer, as in the paper",
            $"{Verdicts.Few(share.Count)} whether most top heads write towards the answer, as in the paper"
        );
        return $"In {Count(naming)} of {Many(samples.Length, "sample")} the answer's token is among the top "
            + $"{Count(lens.Items)} items of at least one of the {Count(lens.Heads)} strongest heads (the very first "
            + $"item in {Count(first)}); "
            + $"{Verdicts.Share(share)} of these heads name it: {verdict}.";
    }

    private static bool Names(LensRow[] head) => head.Any(i => i.IsTarget);

    private static LensSample[] Chosen(Findings findings, LensSample[] samples)
    {
        LensSample first = samples.FirstOrDefault(s => s.SampleId == findings.Typical?.SampleId) ?? samples[0];
        LensSample[] others = [.. samples.Where(s => s.Answer != first.Answer).DistinctBy(s => s.Answer)];
        int more = Math.Min(Shown - 1, others.Length);
        return [first, .. Enumerable.Range(0, more).Select(i => others[i * others.Length / more])];
    }

    private static Svg Draw(LogitLensSpec lens, LensSample[] samples, Canvas canvas)
    {
        double top = 0;
        double[] tops = [.. samples.Select(s => (top, top += Head + (RowOf(canvas) * s.Heads.Count) + Between).top)];
        Svg svg = canvas.Svg(Math.Max(50, top - Between + 4));
        for (int i = 0; i < samples.Length; i++)
        {
            DrawSample(svg, lens, samples[i], canvas, tops[i]);
        }

        return svg;
    }

    private static double RowOf(Canvas canvas) => canvas.IsNarrow ? Row + 18 : Row;

    private static void DrawSample(Svg svg, LogitLensSpec lens, LensSample sample, Canvas canvas, double top)
    {
        double most = sample
            .Heads.SelectMany(h => h)
            .Select(i => i.Logit)
            .Where(double.IsFinite)
            .DefaultIfEmpty(1)
            .Max();
        double label = canvas.IsNarrow ? 0 : Label;
        int items = Math.Max(1, Math.Min(lens.Items, canvas.IsNarrow ? NarrowItems : 10));
        double step = (canvas.Width - label) / items;
        svg.Text(0, top + 16, $"answer: {Cut(sample.Answer, 28)}", ink: Palette.Ink, size: 13, bold: true);
        for (int h = 0; h < sample.Heads.Count; h++)
        {
            LensRow[] head = sample.Heads[h];
            double y = top + Head + (h * RowOf(canvas));
            string name = $"layer {Count(head[0].Layer)} head {Count(head[0].Head)}",
                beta = $"β {Beta(head[0].Beta)}";
            if (canvas.IsNarrow)
            {
                svg.Text(0, y + 8, $"{name}, {beta}", size: 11);
            }
            else
            {
                svg.Text(0, y + 10, name, size: 11).Text(0, y + 23, beta, size: 11);
            }

            double box = canvas.IsNarrow ? y + 14 : y;
            foreach (var (item, i) in head.Take(items).Select((item, i) => (item, i)))
            {
                double x = label + 2 + (i * step),
                    share = most > 0 ? Math.Clamp(item.Logit / most, 0, 1) : 0;
                if (item.IsTarget)
                {
                    svg.Rectangle(x - 2, box - 2, step - 2, Box + 4, Palette.Series[1]);
                }

                svg.Rectangle(
                    x,
                    box,
                    step - 6,
                    Box,
                    Palette.OfShare(share),
                    $"{TokenText.Shown(item.Token)}\nlogit "
                        + $"{Fixed(item.Logit, 2)}{(item.IsTarget ? ", the answer's first token" : "")}"
                );
                svg.Text(
                    x + ((step - 6) / 2),
                    box + 16,
                    Cut(TokenText.Shown(item.Token).Trim(), Math.Max(2, (int)((step - 8) / 6.6))),
                    "middle",
                    TokenText.TextOn(share),
                    11,
                    bold: item.IsTarget
                );
            }
        }
    }

    /// <summary>The heads of a sample.</summary>
    /// <param name="SampleId">Sample.</param>
    /// <param name="Answer">The model's answer.</param>
    /// <param name="Heads">Of largest beta, strongest first; of each the items of largest logit, falling.</param>
    private sealed record LensSample(string SampleId, string Answer, IReadOnlyList<LensRow[]> Heads)
    {
        /// <summary>The samples that have rows, in seed order.</summary>
        public static LensSample[] Of(Findings findings)
        {
            var rows = findings.Rows<LensRow>().ToLookup(r => r.SampleId, StringComparer.Ordinal);
            return
            [
                .. findings
                    .Samples.Where(s => rows.Contains(s.SampleId))
                    .Select(s => new LensSample(
                        s.SampleId,
                        s.Answer,
                        [
                            .. rows[s.SampleId]
                                .GroupBy(r => r.HeadRank)
                                .OrderBy(g => g.Key)
                                .Select(g => g.OrderBy(r => r.ItemRank).ToArray()),
                        ]
                    )),
            ];
        }
    }
}
