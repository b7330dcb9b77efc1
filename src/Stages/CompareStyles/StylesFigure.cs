using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Fig. 9: how alike beta is between styles of pictures, where they lie in the plane, and how many heads each style
/// needs.
/// </summary>
[Figure("fig9-styles", Section.Alike, Paper = "Fig. 9", Order = 2)]
internal sealed class StylesFigure : IFigure<Findings>
{
    private const double ObjectKey = 118,
        CriterionKey = 140;
    private const int KeysOfPhone = 3; // in a line
    private const string Faithfulness = StyleMeanRow.Faithfulness,
        Completeness = StyleMeanRow.Completeness;

    private static readonly DotSeries[] Objects =
    [
        new("same object", Palette.OfGroup(0)),
        new("another object", Palette.OfGroup(1)),
    ];

    /// <summary>The figure; null where styles were not compared.</summary>
    public static Drawing? Of(Findings findings)
    {
        if (StyleData.Of(findings) is not { } data)
        {
            return null;
        }

        DotPanel cosines = Cosines(data);
        LayoutMap? map = LayoutPoint.Of(findings) is { Count: > 0 } points
            ? new LayoutMap(points, data.Styles, p => p.Style, Palette.OfGroup, LeastNamed: 2, Spokes: true)
            : null;
        DotPanel[] needed =
        [
            .. new[]
            {
                HeadsOf(findings, data, Faithfulness),
                HeadsOf(findings, data, Completeness),
            }.OfType<DotPanel>(),
        ];
        StylePictures? pictures = StylePictures.Of(findings, data.Styles);
        string mapped = map is null
            ? ""
            : $" Samples in the plane: form and colour tell the style, thin lines join an object's samples. "
                + $"{findings.Data.Tables.Note<LayoutRow>()}.";
        string heads =
            needed.Length == 0
                ? ""
                : $" Heads needed, of {Count(findings.HeadCount)}: mean over the samples of a style of the smallest "
                    + $"k that crosses the threshold; each panel has its own scale.";
        string examples = pictures is null
            ? ""
            : $" Pictures: of {Many(pictures.Objects.Count, "object")} the first sample of each style, as Fig. 9D has "
                + "them.";
        return new Drawing(
            "The same object in other styles",
            Shows(findings, data),
            $"Cosine of β between two samples (n = {Count(data.Cosines.ObjectOverStyle.Count)}), mean over pairs; "
                + $"bars: 95 % bootstrap interval over samples; large marks: all styles together; dashed: another "
                + $"object in the same style.{mapped}{heads}{examples} Click a key to hide its marks.",
            Table(data),
            canvas => Draw(cosines, map, needed, pictures, canvas)
        );
    }

    private static string Shows(Findings findings, StyleData data)
    {
        Estimate across = data.Cosines.Of(sameObject: true, sameStyle: false),
            within = data.Cosines.Of(sameObject: false, sameStyle: true),
            difference = data.Cosines.ObjectOverStyle;
        if (across.Count == 0)
        {
            return "No two samples show the same object in different styles, so that object and style cannot be told "
                + "apart: more samples are needed.";
        }

        if (within.Count == 0)
        {
            return $"β of the same object in different styles has a mean cosine of {Words(across)}; no two samples "
                + $"show different objects in the same style to compare it with.";
        }

        const string few = "; too few samples to tell which β follows.";
        string verdict = OtherStyles.Of(findings) is [var over]
            ? Verdicts.On(
                over,
                ": β follows the object more than the style, as the paper finds.",
                ": β follows the style more than the object, unlike in the paper.",
                ": the samples do not tell whether β follows the object or the style.",
                few
            )
            : few;
        StylePairs[] crossed =
        [
            .. data
                .Cosines.Pairs.Where(p => p.SameObject && p.Style != p.OtherStyle && p.Cosine.Count > 0)
                .OrderBy(p => p.Cosine.Mean),
        ];
        string range = "";
        if (crossed is [var least, .., var most])
        {
            string overlap = least.Cosine.High < most.Cosine.Low ? "" : "; their intervals overlap";
            range =
                $" Least alike are {Pair(least)} ({Words(least.Cosine)}), "
                + $"most {Pair(most)} ({Words(most.Cosine)}){overlap}.";
        }

        return $"Two samples of the same object in different styles have a mean cosine of β of {Words(across)}; two "
            + $"of different objects in the same style {Words(within)}. "
            + $"The difference is {Words(difference)}{verdict}{range}{Needed(data)}";
    }

    private static string Needed(StyleData data)
    {
        StyleMeanRow[] faithful =
        [
            .. data
                .Means.Where(m => m is { Quantity: Faithfulness, Criterion: Criteria.HeadAttribution, Samples: > 0 })
                .OrderBy(m => m.Mean),
        ];
        return faithful.Length < 2
            ? ""
            : $" For faithfulness head attribution needs from {Sentences.Interval(faithful[0].Estimate)} heads "
                + $"({faithful[0].Style}) to {Sentences.Interval(faithful[^1].Estimate)} ({faithful[^1].Style}).";
    }

    private static string Pair(StylePairs pair) => $"{pair.Style} and {pair.OtherStyle}";

    private static string Words(Estimate cosine) =>
        Fixed(cosine.Mean, 2) + (cosine.Count > 2 ? cosine.Bracket(Score) : "");

    private static DotPanel Cosines(StyleData data)
    {
        DotRow Relation(bool sameStyle) =>
            new(
                sameStyle ? "same style" : "another style",
                [data.Cosines.Of(true, sameStyle), data.Cosines.Of(false, sameStyle)],
                IsStrong: true
            );
        IEnumerable<DotRow> Rows(bool sameStyle) =>
            data
                .Cosines.Pairs.Where(p => p.Style == p.OtherStyle == sameStyle)
                .GroupBy(p => (p.Style, p.OtherStyle))
                .Select(g => new DotRow(
                    sameStyle ? g.Key.Style : $"{g.Key.Style}, {g.Key.OtherStyle}",
                    [g.Single(p => p.SameObject).Cosine, g.Single(p => !p.SameObject).Cosine]
                ));
        DotRow[] rows = [Relation(true), .. Rows(true), Relation(false), .. Rows(false)];
        double[] ends =
        [
            .. rows.SelectMany(r => r.Estimates).SelectMany(e => new[] { e.Mean, e.Low }).Where(double.IsFinite),
        ];
        double least = Math.Clamp(Math.Floor((ends.DefaultIfEmpty(0).Min() - 0.02) * 10) / 10, -1, 0.9);
        return new DotPanel("cosine of β", "mean cosine over pairs of samples", rows, Objects, (least, 1), e =>
            $"{Words(e)}, {Many(e.Count, "pair")}"
        )
        {
            Reference = data.Cosines.Of(false, true).Mean,
        };
    }

    private static DotPanel? HeadsOf(Findings findings, StyleData data, string quantity)
    {
        StyleMeanRow[] means = [.. data.Means.Where(m => m.Quantity == quantity)];
        string[] criteria =
        [
            .. means
                .Select(m => m.Criterion!)
                .Distinct()
                .OrderBy(Criteria.Order)
                .ThenBy(c => c, StringComparer.Ordinal),
        ];
        if (criteria.Length == 0)
        {
            return null;
        }

        StyleMeanRow? Find(string style, string criterion) =>
            Array.Find(means, m => m.Style == style && m.Criterion == criterion);
        DotRow[] rows =
        [
            .. data.Styles.Select(s => new DotRow(
                s,
                [.. criteria.Select(c => Find(s, c)?.Estimate ?? Estimate.None)],
                NotReached: [.. criteria.Select(c => Find(s, c)?.NotReached ?? 0)]
            )),
        ];
        double most = means
            .SelectMany(m => new[] { m.Estimate.Mean, m.Estimate.High })
            .Where(double.IsFinite)
            .DefaultIfEmpty(1)
            .Max();
        string name =
            quantity == Faithfulness
                ? $"faithfulness > {Tick(findings.Data.FaithfulnessThreshold)}"
                : $"completeness < {Tick(findings.Data.CompletenessThreshold)}";
        return new DotPanel(
            name,
            $"heads needed, of {Count(findings.HeadCount)}",
            rows,
            [.. criteria.Select(c => new DotSeries(Criteria.Title(c), Palette.MarkOf(Criteria.InkOf(c))))],
            (0, most),
            e => $"{Sentences.Interval(e)} heads, n = {Count(e.Count)}"
        );
    }

    private static Svg Draw(DotPanel cosines, LayoutMap? map, DotPanel[] heads, StylePictures? pictures, Canvas canvas)
    {
        var halves = new Halves(canvas);
        IReadOnlyList<Panel> first = map is null
            ? [new Panel(0, 0, canvas.Width, MarkKey.Line + cosines.Height)]
            : halves.Row(0, MarkKey.Line + cosines.Height, MarkKey.Line + halves.Width + Halves.Space);
        double bottom = first.Max(p => p.Bottom);
        var keys = heads.Length > 0 ? KeysOfHeads(heads[0], canvas, bottom + Halves.Space) : null;
        IReadOnlyList<Panel> second = halves.Row(keys?.Bottom ?? bottom, [.. heads.Select(h => h.Height)]);
        double below = second.Select(p => p.Bottom).DefaultIfEmpty(bottom).Max();
        Svg svg = canvas.Svg(below + (pictures?.HeightOn(canvas) ?? 0));
        pictures?.Draw(svg, canvas, below);
        if (map is not null && !canvas.IsNarrow)
        {
            cosines = cosines.Stretched(halves.Width);
        }

        new MarkKey(cosines.Series, KeysAt(canvas), first[0].Top, ObjectKey).Draw(svg);
        cosines.Draw(svg, first[0].Left, first[0].Top + MarkKey.Line, first[0].Width, 0);
        if (map is not null)
        {
            Panel plane = MarkKey.DrawAbove(svg, map.Keys, first[1], Objects.Length);
            map.Draw(svg, plane with { Height = plane.Width }, Objects.Length);
        }

        int series = Objects.Length + (map?.Groups.Count ?? 0);
        (keys is null ? null : keys with { FirstSeries = series })?.Draw(svg);
        foreach (var (panel, place) in heads.Zip(second))
        {
            panel.Draw(svg, place.Left, place.Top, place.Width, series);
        }

        return svg;
    }

    private static double KeysAt(Canvas canvas) => canvas.IsNarrow ? MarkKey.AtEdge : DotPanel.Label;

    private static MarkKey KeysOfHeads(DotPanel panel, Canvas canvas, double top)
    {
        int perLine = canvas.IsNarrow && panel.Series.Count > KeysOfPhone ? 2 : panel.Series.Count;
        return new MarkKey(
            panel.Series,
            KeysAt(canvas),
            top,
            canvas.IsNarrow ? (canvas.Width - MarkKey.AtEdge) / perLine : CriterionKey,
            perLine
        );
    }

    private static FigureTable Table(StyleData data)
    {
        IReadOnlyList<object?> Row(
            string quantity,
            string style,
            string otherStyle,
            string shows,
            string? criterion,
            Estimate mean,
            int? missing
        ) =>
            [
                quantity,
                style,
                otherStyle,
                shows,
                criterion,
                mean.Mean,
                mean.Deviation,
                mean.Low,
                mean.High,
                mean.Count,
                missing,
            ];
        string Which(bool same) => same ? "same" : "another";
        return new FigureTable(
            [
                "quantity",
                "style",
                "other_style",
                "object",
                "criterion",
                "mean",
                "sd",
                "low95",
                "high95",
                "count",
                "not_reached",
            ],
            [
                .. data.Cosines.Relations.Select(r =>
                    Row("cosine", "all", Which(r.SameStyle), Which(r.SameObject), null, r.Cosine, null)
                ),
                Row("cosine, object over style", "all", "", "", null, data.Cosines.ObjectOverStyle, null),
                .. data.Cosines.Pairs.Select(p =>
                    Row("cosine", p.Style, p.OtherStyle, Which(p.SameObject), null, p.Cosine, null)
                ),
                .. data.Means.Select(m => Row(m.Quantity, m.Style, "", "", m.Criterion, m.Estimate, m.NotReached)),
            ]
        );
    }

    /// <param name="Styles">The styles in the order of the spec.</param>
    /// <param name="Cosines">Cosine of beta by styles and objects.</param>
    /// <param name="Means">What a style has.</param>
    private sealed record StyleData(
        IReadOnlyList<string> Styles,
        StyleComparison Cosines,
        IReadOnlyList<StyleMeanRow> Means
    )
    {
        /// <summary>Null where styles were not compared.</summary>
        public static StyleData? Of(Findings findings)
        {
            StylePairs[] pairs = [.. findings.Rows<StylePairsRow>().Select(r => r.ToPairs())];
            var relations = findings.Rows<StyleRelationRow>().ToLookup(r => r.Object == Likeness.Difference);
            return relations[true].SingleOrDefault() is not { } difference
                ? null
                : new StyleData(
                    [.. pairs.SelectMany(p => new[] { p.Style, p.OtherStyle }).Distinct()],
                    new StyleComparison(
                        pairs,
                        [
                            .. relations[false]
                                .Select(r => new StyleRelation(
                                    r.Object == Likeness.Same,
                                    r.Style == Likeness.Same,
                                    r.Cosine
                                )),
                        ],
                        difference.Cosine
                    ),
                    findings.Rows<StyleMeanRow>()
                );
        }
    }
}
