using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Paper, 4.2: that completeness takes more heads than faithfulness "becomes more pronounced as the model size
/// increases". Only models can tell: a model counts once, however many experiments are of it.
/// </summary>
[Claim(
    5,
    "redundancy_growth",
    "Redundancy grows with the size of the model",
    Paper = "§4.2, Fig. 3B",
    Number = "grows over ten models (drawn)",
    Rule = "ρ > 0",
    Why = "rank correlation over models of the number of heads N with heads for completeness by those for "
        + "faithfulness (ratio), and less those for faithfulness (heads); bootstrap over models",
    Topic = "redundancy that grows with size",
    Needs = "models of several sizes, validate",
    Figure = typeof(OverviewSizesFigure)
)]
internal sealed class RedundancyGrowth : IClaim<OverviewData>
{
    /// <summary>Which part is about the ratio of the two numbers of heads.</summary>
    public const string Ratio = "ratio";

    /// <inheritdoc/>
    public static IReadOnlyList<Evidence> Of(OverviewData data)
    {
        OverviewExperiment[] models =
        [
            .. data.OncePerModel(e => e.Number(Redundancy.Quantity) is { Value: var v } && double.IsFinite(v.Mean)),
        ];
        return models.Select(m => m.Heads).Distinct().Count() < 2
            ? []
            :
            [
                Growth(Ratio, models, e => e.Number(Redundancy.Quantity)!.Value.Value.Mean),
                Growth("heads", models, Extra),
            ];
    }

    private static double Extra(OverviewExperiment model) =>
        Needed(model, KeyNumbers.CompleteHeads) - Needed(model, KeyNumbers.FaithfulHeads);

    private static double Needed(OverviewExperiment model, string quantity) =>
        model.Number(quantity, Criteria.HeadAttribution)?.Value.Mean ?? double.NaN;

    private static Evidence Growth(string part, OverviewExperiment[] models, Func<OverviewExperiment, double> of)
    {
        (double Heads, double More)[] known =
        [
            .. models.Select(m => (Heads: (double)m.Heads, More: of(m))).Where(m => double.IsFinite(m.More)),
        ];
        double Correlation(ReadOnlySpan<int> drawn)
        {
            double[] heads = new double[drawn.Length],
                more = new double[drawn.Length];
            for (int i = 0; i < drawn.Length; i++)
            {
                (heads[i], more[i]) = known[drawn[i]];
            }

            return Metrics.Spearman(heads, more);
        }

        var (low, high) = new Bootstrap().Interval(known.Length, Correlation);
        double all = Correlation([.. Enumerable.Range(0, known.Length)]);
        return new Evidence(new Estimate(all, double.NaN, low, high, known.Length), Demand.MoreThan(0))
        {
            Criterion = part,
        };
    }
}
