using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Fig. 8: the vocabulary items that the strongest heads write towards.</summary>
[Figure("fig8-logit-lens", Section.Lens, Paper = "Fig. 8", Order = 1)]
internal sealed class LogitLensFigure : IFigure<Findings>
{
    private const int Shown = 3,
        MostItems = 10,
        NarrowItems = 4;

    private const string NormHeld =
        " (and before it through the layer's norm of what attention adds, its scale held at the intact run's)";

    /// <summary>The figure; null without a logit lens.</summary>
    public static Drawing? Of(Findings findings)
    {
        LensSample[] samples = LensSample.Of(findings);
        if (samples.Length == 0 || findings.Settings<LogitLensSpec>() is not { } lens)
        {
            return null;
        }

        LensSample[] shown = Chosen(findings, samples);
        Thumbnail?[] pictures = [.. shown.Select(s => Thumbnail.Of(s.Picture))];
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
            $"For each of the {Count(lens.Heads)} heads of largest β: what it adds at the last position "
                + $"{(IsWhole(findings) ? "before the answer " : "")}(a V W_O) through the final norm and the "
                + $"unembedding{(findings.Data.Model.NormsHeadsTogether ? NormHeld : "")}; "
                + $"the {Count(lens.Items)} items of largest logit, "
                + $"falling to the right"
                + $"{(lens.Items > NarrowItems ? $" (on a narrow screen the first {Count(NarrowItems)})" : "")}. "
                + $"Shade: logit, on one scale a sample; framed: {Framed(findings)}. "
                + (
                    shown.Length < samples.Length
                        ? $"{Many(shown.Length, "sample")} of {Count(samples.Length)}: the one shown above, then "
                            + $"evenly in seed order, each with another answer."
                        : ""
                ),
            table,
            canvas => Draw(findings, lens, shown, pictures, canvas)
        );
    }

    /// <summary>Share of a sample's strongest heads that have the measured token among their items.</summary>
    public static Estimate NamingOf(Findings findings) =>
        findings.Mean(LensSample.Of(findings).Select(s => s.Heads.Count(Names) / (double)s.Heads.Count));

    private static string Shows(Findings findings, LogitLensSpec lens, LensSample[] samples)
    {
        int naming = samples.Count(s => s.Heads.Any(Names)),
            first = samples.Count(s => s.Heads.Any(h => h[0].IsTarget));
        Estimate share = NamingOf(findings);
        string verdict = Verdicts.On(
            WordsOfHeads.Of(findings)[0],
            "as in the paper, most top heads write towards the answer",
            "the paper finds that most top heads write towards the answer; here fewer than half do",
            "the samples do not tell whether most top heads write towards the answer, as in the paper",
            $"{Verdicts.Few(share.Count)} whether most top heads write towards the answer, as in the paper"
        );
        string token = findings.Data.MeasuresAdjustedLogit ? "the answer's token" : Framed(findings);
        return $"In {Count(naming)} of {Many(samples.Length, "sample")} {token} is among the top "
            + $"{Count(lens.Items)} items of at least one of the {Count(lens.Heads)} strongest heads (the very first "
            + $"item in {Count(first)}); "
            + $"{Verdicts.Share(share)} of these heads name it: {verdict}.";
    }

    /// <summary>The token that stands out, in words.</summary>
    private static string Framed(Findings findings) =>
        findings.Data.MeasuresAdjustedLogit ? "the answer's first token"
        : IsWhole(findings) ? "the first of the tokens that f measures"
        : "the token that f measures";

    /// <summary>f measures all tokens of an answer.</summary>
    private static bool IsWhole(Findings findings) => findings.Rows<MeasuredRow>().Any(r => r.Sequence.Length > 0);

    private static bool Names(LensRow[] head) => head.Any(i => i.IsTarget);

    private static LensSample[] Chosen(Findings findings, LensSample[] samples)
    {
        LensSample first = samples.FirstOrDefault(s => s.SampleId == findings.Typical?.SampleId) ?? samples[0];
        LensSample[] others = [.. samples.Where(s => s.Answer != first.Answer).DistinctBy(s => s.Answer)];
        int more = Math.Min(Shown - 1, others.Length);
        return [first, .. Enumerable.Range(0, more).Select(i => others[i * others.Length / more])];
    }

    private static Svg Draw(
        Findings findings,
        LogitLensSpec lens,
        LensSample[] samples,
        Thumbnail?[] pictures,
        Canvas canvas
    )
    {
        int items = Math.Max(1, Math.Min(lens.Items, canvas.IsNarrow ? NarrowItems : MostItems));
        return BoxBlock.Stack(
            canvas,
            [
                .. samples.Select(
                    (s, i) =>
                        new BoxBlock(
                            findings.Data.MeasuresAdjustedLogit
                                ? $"answer: {Cut(s.Answer, 28)}"
                                : $"answer: {Cut(s.Answer, 20)}, measured: {Cut(s.Target, 20)}",
                            [.. s.Heads.Select(h => RowOf(findings, h, s.MostLogit))],
                            items,
                            pictures[i]
                        )
                ),
            ]
        );
    }

    private static BoxRow RowOf(Findings findings, LensRow[] head, double most) =>
        new(
            $"layer {Count(head[0].Layer)} head {Count(head[0].Head)}",
            $"β {Fixed(head[0].Beta, 3)}",
            [
                .. head.Select(item => new WordBox(
                    TokenText.Shown(item.Token).Trim(),
                    most > 0 ? Math.Clamp(item.Logit / most, 0, 1) : 0,
                    item.IsTarget,
                    $"{TokenText.Shown(item.Token)}\nlogit {Fixed(item.Logit, 2)}"
                        + (item.IsTarget ? $", {Framed(findings)}" : "")
                )),
            ]
        );

    /// <summary>The heads of a sample.</summary>
    /// <param name="SampleId">Sample.</param>
    /// <param name="Answer">The model's answer.</param>
    /// <param name="Target">The token that is measured.</param>
    /// <param name="Heads">Of largest beta, strongest first; of each the items of largest logit, falling.</param>
    private sealed record LensSample(string SampleId, string Answer, string Target, IReadOnlyList<LensRow[]> Heads)
    {
        /// <summary>The picture's file; null where the report does not hold it.</summary>
        public byte[]? Picture { get; init; }

        /// <summary>Where the scale of the shades ends.</summary>
        public double MostLogit =>
            Heads.SelectMany(h => h).Select(i => i.Logit).Where(double.IsFinite).DefaultIfEmpty(1).Max();

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
                        s.Target,
                        [
                            .. rows[s.SampleId]
                                .GroupBy(r => r.HeadRank)
                                .OrderBy(g => g.Key)
                                .Select(g => g.OrderBy(r => r.ItemRank).ToArray()),
                        ]
                    )
                    {
                        Picture = s.Picture,
                    }),
            ];
        }
    }
}
