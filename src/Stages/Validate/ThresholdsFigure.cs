using Pipelines.Domain;
using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Fig. 5: heads that each criterion needs, against the threshold.</summary>
[Figure("fig5-thresholds", Section.Validation, Paper = "Fig. 5", Order = 3)]
internal sealed class ThresholdsFigure : IFigure<Findings>
{
    /// <summary>The figure; null without a threshold study.</summary>
    public static Drawing? Of(Findings findings)
    {
        IReadOnlyList<NeededRow> rows = findings.Rows<NeededRow>();
        if (rows.Count == 0)
        {
            return null;
        }

        string[] criteria =
        [
            .. rows.Select(r => r.Criterion).Distinct().OrderBy(Criteria.Order).ThenBy(c => c, StringComparer.Ordinal),
        ];
        EstimatePanel[] panels =
        [
            PanelOf(
                findings,
                criteria,
                ValidationQuantity.Faithfulness,
                "heads for faithfulness",
                "faithfulness above"
            ),
            PanelOf(
                findings,
                criteria,
                ValidationQuantity.Completeness,
                "heads for completeness",
                "completeness below"
            ),
        ];
        panels = [.. panels.Where(p => p.Places.Count > 0)];
        var table = new FigureTable(
            ["quantity", "threshold", "criterion", "heads_needed", "low95", "high95", "samples", "not_reached"],
            [
                .. panels.SelectMany(p =>
                    p.Places.SelectMany(
                        (threshold, i) =>
                            p.Series.Select(
                                (s, c) =>
                                    (IReadOnlyList<object?>)
                                        [
                                            p.XName.Split(' ')[0],
                                            threshold,
                                            criteria[c],
                                            s.Means[i].Mean,
                                            s.Means[i].Low,
                                            s.Means[i].High,
                                            s.Means[i].Count,
                                            s.NotReached![i],
                                        ]
                            )
                    )
                ),
            ]
        );
        return new Drawing(
            "Heads needed at other thresholds",
            Shows(findings, panels, criteria),
            $"Dots: mean over samples of the smallest k that crosses the threshold (n = "
                + $"{Count(panels.SelectMany(p => p.Series).SelectMany(s => s.Means).Max(m => m.Count))}); bars and "
                + $"bands: 95 % bootstrap interval of the mean. "
                + $"Lower is better. Thresholds grow stricter to the right; both panels share one scale, out of "
                + $"{Count(findings.HeadCount)} heads. Samples that never cross are left out and counted in the "
                + $"table. Click a key to hide its line.",
            table,
            canvas => Draw(panels, [.. criteria.Select(c => (Criteria.Title(c), Criteria.InkOf(c)))], canvas)
        );
    }

    private static EstimatePanel PanelOf(
        Findings findings,
        string[] criteria,
        ValidationQuantity quantity,
        string name,
        string xName
    )
    {
        NeededRow[] rows = [.. findings.Rows<NeededRow>().Where(r => r.Quantity == quantity)];
        double[] thresholds = [.. rows.Select(r => r.Threshold).Distinct().Order()];
        thresholds = quantity == ValidationQuantity.Faithfulness ? thresholds : [.. thresholds.Reverse()];
        EstimateSeries Line(string criterion)
        {
            HeadsNeeded[] needed =
            [
                .. thresholds.Select(t =>
                    HeadsNeeded.Of(
                        rows.Where(r => r.Criterion == criterion && r.Threshold == t)
                            .Select(r => (r.SampleId, r.Heads ?? double.NaN)),
                        findings.Intervals
                    )
                ),
            ];
            return new EstimateSeries(
                Criteria.Title(criterion),
                Criteria.InkOf(criterion),
                criterion == Criteria.HeadAttribution,
                [.. needed.Select(n => n.Mean)],
                [.. needed.Select(n => n.NotReached)]
            )
            {
                BySample = [.. needed.Select(n => n.BySample)],
            };
        }

        return new EstimatePanel(name, xName, thresholds, [.. criteria.Select(Line)]);
    }

    private static string Shows(Findings findings, EstimatePanel[] panels, string[] criteria)
    {
        int own = Array.IndexOf(criteria, Criteria.HeadAttribution);
        bool ranked = criteria.Length > 1 && own >= 0;
        Place[][] places =
        [
            .. panels.Select(p =>
                Enumerable
                    .Range(0, p.Places.Count)
                    .Select(i => ranked ? PlaceOf(findings, p, own, i) : Place.Open)
                    .ToArray()
            ),
        ];
        string Words(EstimatePanel panel, Place[] at)
        {
            EstimateSeries lead = panel.Series[Math.Max(0, own)];
            string range =
                $"from {Sentences.Interval(lead.Means[0])} heads at {Tick(panel.Places[0])} to "
                + $"{Sentences.Interval(lead.Means[^1])} at {Tick(panel.Places[^1])}";
            string Counted(Place place, string what) =>
                at.Count(p => p == place) is > 0 and var count ? $", {what} at {Count(count)}" : "";
            string first = ranked
                ? $", and needs the fewest at {Count(at.Count(p => p == Place.First))} of "
                    + Many(at.Length, "threshold")
                    + Counted(Place.Level, "is level with another criterion")
                    + Counted(Place.Few, "has too few samples to tell")
                : "";
            return $"for {panel.XName.Split(' ')[0]} {lead.Title} goes {range}{first}";
        }

        string words = string.Join("; ", panels.Select((p, i) => Words(p, places[i])));
        bool isFirst = ranked && places.All(p => p.All(at => at == Place.First));
        string paper = Nearest(findings, panels, own) is not { } nearest
            ? ""
            : (
                isFirst
                    ? " It is first at every threshold, as in the paper: the nearest, "
                    : " The paper finds head attribution first at every threshold; here the nearest, "
            ) + $"{nearest}.";
        return $"{char.ToUpperInvariant(words[0])}{words[1..]}.{paper}";
    }

    /// <summary>
    /// The criterion that takes the fewest times as many heads as head attribution at any threshold, with the interval;
    /// null where nothing is compared with it.
    /// </summary>
    private static string? Nearest(Findings findings, EstimatePanel[] panels, int own)
    {
        var ratios =
            from panel in panels
            from place in Enumerable.Range(0, own < 0 ? 0 : panel.Places.Count)
            from series in panel.Series.Where((_, s) => s != own)
            let ratio = findings.Ratio(series.BySample[place], panel.Series[own].BySample[place])
            where ratio.Count > 0
            orderby ratio.Mean
            select $"{series.Title} at {panel.XName} {Tick(panel.Places[place])}, takes {Verdicts.Number(ratio)} times "
                + $"as many heads{(ratio.CanTell ? "" : $" ({Verdicts.Few(ratio.Count)})")}";
        return ratios.FirstOrDefault();
    }

    /// <summary>
    /// Where head attribution stands among the criteria at a threshold, by the differences within the samples that
    /// cross it by both.
    /// </summary>
    private static Place PlaceOf(Findings findings, EstimatePanel panel, int own, int place)
    {
        Estimate[] behind =
        [
            .. Enumerable
                .Range(0, panel.Series.Count)
                .Where(s => s != own && panel.Series[s].BySample[place].Count > 0)
                .Select(s => findings.Difference(panel.Series[s].BySample[place], panel.Series[own].BySample[place])),
        ];
        return behind.Any(b => b.Direction < 0) ? Place.Behind
            : behind.Any(b => !b.CanTell) ? Place.Few
            : behind.Any(b => b.Direction == 0) ? Place.Level
            : Place.First;
    }

    private static Svg Draw(EstimatePanel[] panels, (string Title, Ink Ink)[] series, Canvas canvas)
    {
        var keys = new KeyRow(series, canvas);
        var (svg, places) = Panel.Several(canvas, panels.Length, keys.Height);
        keys.Draw(svg);
        foreach (var (panel, place) in panels.Zip(places))
        {
            panel.Draw(svg, place, panels.Max(p => p.Most));
        }

        return svg;
    }

    private enum Place
    {
        First,
        Level,
        Behind,
        Few,
        Open,
    }
}
