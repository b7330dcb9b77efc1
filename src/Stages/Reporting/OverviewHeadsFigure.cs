using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Fig. 11: heads that each criterion needs, experiment by experiment, in percent of the model's heads so that models
/// compare.
/// </summary>
[Figure("fig11-heads-needed", Section.Validation, Paper = "Fig. 11", Order = 1)]
internal sealed class OverviewHeadsFigure : IFigure<OverviewData>
{
    private const double Lane = 11,
        Gap = 16,
        Head = 30,
        Right = 22;

    /// <summary>The figure; null where no experiment was validated.</summary>
    public static Drawing? Of(OverviewData data)
    {
        OverviewExperiment[] validated =
        [
            .. data.BySize.Where(e => e.Numbers.Any(n => n.Quantity == KeyNumbers.FaithfulHeads)),
        ];
        if (validated.Length == 0)
        {
            return null;
        }

        string[] criteria =
        [
            .. validated
                .SelectMany(e => e.Numbers)
                .Where(n => n.Quantity is KeyNumbers.FaithfulHeads or KeyNumbers.CompleteHeads)
                .Select(n => n.Criterion)
                .Distinct()
                .OrderBy(Criteria.Order)
                .ThenBy(c => c, StringComparer.Ordinal),
        ];
        var table = new FigureTable(
            [
                "experiment",
                "model",
                "quantity",
                "criterion",
                "percent_of_heads",
                "low95",
                "high95",
                "heads_needed",
                "samples",
                "not_reached",
            ],
            [
                .. validated.SelectMany(e =>
                    e.Numbers.Where(n => n.Quantity is KeyNumbers.FaithfulHeads or KeyNumbers.CompleteHeads)
                        .Select(n =>
                            (IReadOnlyList<object?>)
                                [
                                    e.Name,
                                    e.Model,
                                    n.Quantity,
                                    n.Criterion,
                                    Share(e, n.Value.Mean),
                                    Share(e, n.Value.Low),
                                    Share(e, n.Value.High),
                                    n.Value.Mean,
                                    n.Value.Count,
                                    n.NotReached,
                                ]
                        )
                ),
            ]
        );
        return new Drawing(
            "Heads needed in every experiment",
            Shows(validated, criteria),
            "Marks: mean over samples of the smallest k that crosses the threshold, in percent of the model's heads; "
                + "bars: 95 % bootstrap interval of the mean. Further left is better. Thresholds are those of each "
                + "experiment. Click a key to hide its marks.",
            table,
            canvas => Draw(data, validated, criteria, canvas)
        );
    }

    private static double Share(OverviewExperiment experiment, double heads) => 100 * heads / experiment.Heads;

    private static string Shows(OverviewExperiment[] experiments, string[] criteria)
    {
        if (criteria.Length < 2)
        {
            return "One criterion was validated: there is nothing to compare it with.";
        }

        if (!criteria.Contains(Criteria.HeadAttribution))
        {
            return "Head attribution was not validated: it is what the others are compared with.";
        }

        string Words(string quantity, string name)
        {
            OverviewExperiment[] compared =
            [
                .. experiments.Where(e =>
                    e.Number(quantity, Criteria.HeadAttribution) is { Value.Count: > 0 }
                    && criteria.Any(c => c != Criteria.HeadAttribution && e.Number(quantity, c) is { Value.Count: > 0 })
                ),
            ];
            int Where(Func<Estimate, Estimate, bool> isFirst) =>
                compared.Count(e =>
                    criteria.All(c =>
                        c == Criteria.HeadAttribution
                        || e.Number(quantity, c) is not { Value.Count: > 0 } other
                        || isFirst(e.Number(quantity, Criteria.HeadAttribution)!.Value.Value, other.Value)
                    )
                );
            return $"{name} in {Count(Where((own, other) => own.Mean <= other.Mean))} of "
                + $"{Count(compared.Length)} (clear of every other's interval in "
                + $"{Count(Where((own, other) => own.CanTell && own.High < other.Low))})";
        }

        return $"Head attribution has the lowest mean of heads for "
            + $"{Words(KeyNumbers.FaithfulHeads, "faithfulness")} and for "
            + $"{Words(KeyNumbers.CompleteHeads, "completeness")} experiments that compare it.{Nearest(experiments)}";
    }

    /// <summary>Where it is hardest to say that head attribution comes first, as it does in the paper.</summary>
    private static string Nearest(OverviewExperiment[] experiments)
    {
        (OverviewExperiment Of, Claim Fewest)[] judged =
        [
            .. from e in experiments
            from claim in Claims.In(e.Numbers)
            where claim.Stated.Quantity == FewestHeads.Quantity
            select (e, claim),
        ];
        if (judged.Length == 0)
        {
            return "";
        }

        var (of, fewest) = judged
            .OrderByDescending(j => j.Fewest.Verdict)
            .ThenBy(j => j.Fewest.Deciding.Value.Mean)
            .First();
        KeyNumber nearest = fewest.Deciding;
        string few = nearest.Value.CanTell ? "" : $" ({Verdicts.Few(nearest.Value.Count)})";
        int clear = judged.Count(j => j.Fewest.Verdict == ClaimVerdict.Holds);
        return " In the paper it needs the fewest in all ten models; here the intervals say so in "
            + $"{Count(clear)} of {Many(judged.Length, "experiment")}, "
            + $"and the nearest, {nearest.Criterion} in {of.Name}, takes {Verdicts.Number(nearest.Value)} times as "
            + $"many heads{few}.";
    }

    private static Svg Draw(OverviewData data, OverviewExperiment[] experiments, string[] criteria, Canvas canvas)
    {
        double label = canvas.IsNarrow ? 8 : 180;
        var keys = new KeyRow([.. criteria.Select(c => (Criteria.Title(c), Criteria.InkOf(c)))], canvas, label);
        double key = keys.Height,
            row = (criteria.Length * Lane) + Gap,
            height = Head + (experiments.Length * (row + (canvas.IsNarrow ? 14 : 0))) + RowAxis.Height;
        double width = canvas.IsNarrow ? canvas.Width : (canvas.Width - label) / 2;
        Svg svg = canvas.Svg(key + (canvas.IsNarrow ? 2 * height : height));
        keys.Draw(svg);
        double most = experiments
            .SelectMany(e =>
                e.Numbers.Where(n => n.Quantity is KeyNumbers.FaithfulHeads or KeyNumbers.CompleteHeads)
                    .SelectMany(n => new[] { Share(e, n.Value.Mean), Share(e, n.Value.High) })
            )
            .Where(double.IsFinite)
            .DefaultIfEmpty(100)
            .Max();
        Panel(KeyNumbers.FaithfulHeads, data.Threshold("faithfulness", ">", e => e.FaithfulnessThreshold), label, key);
        Panel(
            KeyNumbers.CompleteHeads,
            data.Threshold("completeness", "<", e => e.CompletenessThreshold),
            canvas.IsNarrow ? label : label + width,
            key + (canvas.IsNarrow ? height : 0)
        );
        return svg;

        void Panel(string quantity, string name, double left, double top)
        {
            var x = new Scale(0, most, left, left + width - Right - (canvas.IsNarrow ? label : 0));
            double bottom = top + height - RowAxis.Height;
            svg.Text(x.Start, top + 18, name, ink: Palette.Ink, size: 14, bold: true);
            RowAxis.Draw(
                svg,
                x,
                top + Head,
                bottom,
                "heads needed, % of the model's",
                canvas.IsNarrow ? 6 : 5,
                from: 0
            );
            for (int e = 0; e < experiments.Length; e++)
            {
                double y = top + Head + (e * (row + (canvas.IsNarrow ? 14 : 0))) + (Gap / 2);
                if (canvas.IsNarrow)
                {
                    string shown = FigureFont.Fit(experiments[e].Name, x.End - x.Start, 11);
                    svg.Text(x.Start + 4, y + 8, shown, ink: Palette.Ink, size: 11, halo: true);
                    y += 14;
                }
                else if (left == label)
                {
                    svg.Text(
                        left - 8,
                        y + (criteria.Length * Lane / 2) + 4,
                        FigureFont.Fit(experiments[e].Name, label - 8),
                        "end",
                        Palette.Ink
                    );
                }

                for (int c = 0; c < criteria.Length; c++)
                {
                    if (experiments[e].Number(quantity, criteria[c]) is { } number)
                    {
                        DrawNumber(svg.BeginSeries(c), experiments[e], number, criteria[c], x, y + ((c + 0.5) * Lane))
                            .End();
                    }
                }
            }
        }
    }

    private static Svg DrawNumber(
        Svg svg,
        OverviewExperiment experiment,
        KeyNumber number,
        string criterion,
        Scale x,
        double y
    )
    {
        Estimate heads = number.Value;
        if (heads.Count == 0)
        {
            return svg.Text(x.Start + 4, y + 4, "not reached", ink: Criteria.InkOf(criterion), size: 10);
        }

        if (heads.HasInterval)
        {
            svg.Line(
                x[Share(experiment, heads.Low)],
                y,
                x[Share(experiment, heads.High)],
                y,
                Criteria.InkOf(criterion),
                2
            );
        }

        string missing = number.NotReached > 0 ? $"; not reached in {Many(number.NotReached, "sample")}" : "";
        return svg.Mark(
            x[Share(experiment, heads.Mean)],
            y,
            criterion == Criteria.HeadAttribution ? 4.6 : 3.6,
            Palette.MarkOf(Criteria.InkOf(criterion)),
            $"{experiment.Name}, {Criteria.Title(criterion)}\n{Sentences.Interval(heads)} of "
                + $"{Count(experiment.Heads)} heads ({Fixed(Share(experiment, heads.Mean), 1)} %), n = "
                + $"{Count(heads.Count)}{missing}"
        );
    }
}
