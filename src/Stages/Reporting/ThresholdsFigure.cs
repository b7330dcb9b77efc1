using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Fig. 5: heads that each criterion needs, against the threshold.</summary>
internal static class ThresholdsFigure
{
    private const double KeyLeft = 46;

    /// <summary>The figure; null without a threshold study.</summary>
    public static Figure? Of(Findings findings)
    {
        IReadOnlyList<ThresholdRow> rows = findings.Data.Thresholds;
        if (rows.Count == 0)
        {
            return null;
        }

        string[] criteria = [.. rows.Select(r => r.Criterion).Distinct().OrderBy(Criteria.Order).ThenBy(c => c, StringComparer.Ordinal)];
        EstimatePanel[] panels =
        [
            Panel(findings, criteria, ValidationQuantity.Faithfulness, "heads for faithfulness", "faithfulness above"),
            Panel(findings, criteria, ValidationQuantity.Completeness, "heads for completeness", "completeness below"),
        ];
        panels = [.. panels.Where(p => p.Places.Count > 0)];
        var table = new FigureTable(
            ["quantity", "threshold", "criterion", "heads_needed", "low95", "high95", "samples", "not_reached"],
            [.. panels.SelectMany(p => p.Places.SelectMany((threshold, i) => p.Series.Select((s, c) => (IReadOnlyList<object?>)
                [p.XName.Split(' ')[0], threshold, criteria[c], s.Means[i].Mean, s.Means[i].Low, s.Means[i].High, s.Means[i].Count, s.NotReached![i]])))]);
        return new Figure(
            "fig5-thresholds", "Fig. 5", "Heads needed at other thresholds", Shows(panels, criteria),
            $"Dots: mean over samples of the smallest k that crosses the threshold (n = {Count(panels.SelectMany(p => p.Series).SelectMany(s => s.Means).Max(m => m.Count))}); bars and bands: 95 % bootstrap interval of the mean. "
            + $"Lower is better. Thresholds grow stricter to the right; both panels share one scale, out of {Count(findings.HeadCount)} heads. Samples that never cross are left out and counted in the table. Click a key to hide its line.",
            table, canvas => Draw(panels, [.. criteria.Select(c => (Criteria.Title(c), Criteria.InkOf(c)))], canvas));
    }

    private static EstimatePanel Panel(Findings findings, string[] criteria, ValidationQuantity quantity, string name, string xName)
    {
        ThresholdRow[] rows = [.. findings.Data.Thresholds.Where(r => r.Quantity == quantity)];
        double[] thresholds = [.. rows.Select(r => r.Threshold).Distinct().Order()];
        thresholds = quantity == ValidationQuantity.Faithfulness ? thresholds : [.. thresholds.Reverse()];
        EstimateSeries Line(string criterion)
        {
            // a sample's number is the mean over the seeds of a random order
            double[][] bySample = [.. thresholds.Select(t => rows.Where(r => r.Criterion == criterion && r.Threshold == t).GroupBy(r => r.SampleId).Select(s => s.Average(r => r.Heads)).ToArray())];
            return new EstimateSeries(
                Criteria.Title(criterion), Criteria.InkOf(criterion), criterion == Criteria.HeadAttribution,
                [.. bySample.Select(findings.Intervals.Of)], [.. bySample.Select(s => s.Count(v => !double.IsFinite(v)))]);
        }

        return new EstimatePanel(name, xName, thresholds, [.. criteria.Select(Line)]);
    }

    private static string Shows(EstimatePanel[] panels, string[] criteria)
    {
        bool always = criteria.Length > 1 && panels.All(p => Enumerable.Range(0, p.Places.Count).All(i => Best(p, i) is { } best && criteria[best] == Criteria.HeadAttribution));
        string Words(EstimatePanel panel)
        {
            int leading = panel.Places.Where((_, i) => Best(panel, i) is { } best && criteria[best] == Criteria.HeadAttribution).Count();
            EstimateSeries lead = panel.Series[Math.Max(0, Array.IndexOf(criteria, Criteria.HeadAttribution))];
            string range = $"from {MeanHeads(lead.Means[0].Mean)} heads at {Tick(panel.Places[0])} to {MeanHeads(lead.Means[^1].Mean)} at {Tick(panel.Places[^1])}";
            string first = always || criteria.Length < 2 || !criteria.Contains(Criteria.HeadAttribution) ? "" : $", and it needs the fewest at {Count(leading)} of {Count(panel.Places.Count)} thresholds";
            return $"for {panel.XName.Split(' ')[0]} {lead.Title} goes {range}{first}";
        }

        string words = string.Join("; ", panels.Select(Words));
        return char.ToUpperInvariant(words[0]) + words[1..] + (always ? ". It needs the fewest at every threshold, as in the paper." : criteria.Length > 1 ? ". The paper finds head attribution first at every threshold." : ".");
    }

    private static int? Best(EstimatePanel panel, int place) =>
        Enumerable.Range(0, panel.Series.Count).Where(s => double.IsFinite(panel.Series[s].Means[place].Mean)).Select(s => (int?)s).MinBy(s => panel.Series[s!.Value].Means[place].Mean);

    private static Svg Draw(EstimatePanel[] panels, (string Title, Ink Ink)[] keys, Canvas canvas)
    {
        int perRow = canvas.IsNarrow ? 2 : 4;
        double key = SeriesKeys.Height(keys.Length, perRow), height = canvas.IsNarrow ? 250 : 300, most = panels.Max(p => p.Most);
        Svg svg = canvas.Svg(key + (canvas.IsNarrow ? panels.Length * height : height));
        SeriesKeys.Draw(svg, keys, KeyLeft, perRow);
        double width = canvas.IsNarrow ? canvas.Width : canvas.Width / panels.Length;
        for (int p = 0; p < panels.Length; p++)
        {
            panels[p].Draw(svg, canvas.IsNarrow ? 0 : p * width, key + (canvas.IsNarrow ? p * height : 0), width, height, most);
        }

        return svg;
    }
}
