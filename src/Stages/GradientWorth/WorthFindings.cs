using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>A number of masks or gradients, over samples.</summary>
/// <param name="Observations">Masks fitted, or gradients averaged.</param>
/// <param name="Passes">Their cost in passes under a mask.</param>
/// <param name="Seconds">Their cost by the clock: passes, and the fit.</param>
/// <param name="R2">On held-out masks.</param>
/// <param name="Pearson">Of beta with that of the largest fit.</param>
/// <param name="Spearman">Of its ranks.</param>
/// <param name="Faithful">Heads needed for faithfulness.</param>
/// <param name="Complete">Heads needed for completeness.</param>
internal sealed record WorthPoint(
    int Observations,
    double Passes,
    double Seconds,
    Estimate R2,
    Estimate Pearson,
    Estimate Spearman,
    Estimate Faithful,
    Estimate Complete
);

/// <summary>What a number of gradients is worth.</summary>
/// <param name="Point">The gradients.</param>
/// <param name="Masks">Masks on which the elastic net predicts held-out masks as well, between those that were fitted
/// by the logarithm; not below the fewest and not above the most.</param>
/// <param name="PerPass">That number by the gradients' cost: the masks that a pass spent on gradients is
/// worth.</param>
/// <param name="Fewest">The least number that was fitted.</param>
/// <param name="Most">The greatest.</param>
/// <param name="Rival">The elastic net at equal cost: the fewest masks that cost as much, or the most there
/// are.</param>
/// <param name="R2Gained">R^2 of the gradients less that of the rival, sample by sample.</param>
/// <param name="HeadsSaved">Heads for faithfulness that the rival needs more.</param>
internal sealed record GradientsWorth(
    WorthPoint Point,
    Estimate Masks,
    Estimate PerPass,
    int Fewest,
    int Most,
    WorthPoint Rival,
    Estimate R2Gained,
    Estimate HeadsSaved
)
{
    /// <summary>The number of masks in words: at the ends of what was fitted it is a bound.</summary>
    public string MasksWorth
    {
        get
        {
            string[] all = [Bound(Masks.Mean), Bound(Masks.Low), Bound(Masks.High)];
            bool hasInterval = Masks.HasInterval && all.Distinct(StringComparer.Ordinal).Count() > 1;
            return $"{all[0]}{(hasInterval ? Masks.Bracket(Bound) : "")} masks";
        }
    }

    /// <summary>For a line of text.</summary>
    public string Words =>
        $"R² {Fixed(Point.R2.Mean, 3)} on held-out masks for {Count((int)Math.Round(Point.Passes))} passes, worth "
        + $"{MasksWorth} of the elastic net";

    private string Bound(double masks) =>
        masks >= Most ? $"at least {Count(Most)}"
        : masks <= Fewest ? $"at most {Count(Fewest)}"
        : Count((int)Math.Round(masks));
}

/// <summary>What gradients are worth, over the samples of a run.</summary>
internal sealed class WorthFindings
{
    private readonly Bootstrap bootstrap = new();
    private readonly IReadOnlyList<Sampled> samples;

    private WorthFindings(IReadOnlyList<WorthRow> rows, IReadOnlyList<PassSecondsRow> seconds)
    {
        var times = seconds.ToLookup(s => s.SampleId, StringComparer.Ordinal);
        samples =
        [
            .. rows.GroupBy(r => r.SampleId, StringComparer.Ordinal)
                .Select(s => new Sampled(s.ToDictionary(r => (r.Way, r.Observations)), [.. times[s.Key]])),
        ];
        CostOfGradient = bootstrap.Of(samples.Select(s => s.CostOfGradient));
        Masks = Points(WorthRow.Masks);
        Gradients = [.. Points(WorthRow.Gradients).Select(Worth)];
    }

    /// <summary>Passes under a mask that a gradient takes as long as: a sample's is the median of its rounds.</summary>
    public Estimate CostOfGradient { get; }

    /// <summary>Elastic nets, by rising number of masks.</summary>
    public IReadOnlyList<WorthPoint> Masks { get; }

    /// <summary>Gradients, by rising number.</summary>
    public IReadOnlyList<GradientsWorth> Gradients { get; }

    /// <summary>Samples, n.</summary>
    public int Samples => samples.Count;

    /// <summary>Of some rows; null where one of the ways has none.</summary>
    public static WorthFindings? Of(IReadOnlyList<WorthRow> rows, IReadOnlyList<PassSecondsRow> seconds) =>
        rows.Any(r => r.Way == WorthRow.Masks) && rows.Any(r => r.Way == WorthRow.Gradients)
            ? new WorthFindings(rows, seconds)
            : null;

    private List<WorthPoint> Points(string way)
    {
        bool isGradient = way == WorthRow.Gradients;
        return
        [
            .. samples
                .SelectMany(s => s.Rows.Keys)
                .Where(k => k.Way == way)
                .Select(k => k.Observations)
                .Distinct()
                .Order()
                .Select(m =>
                {
                    Estimate Of(Func<WorthRow, double?> value) =>
                        bootstrap.Of(samples.Select(s => s.Value(way, m, value)));
                    return new WorthPoint(
                        m,
                        isGradient ? m * CostOfGradient.Mean : m,
                        Metrics.Mean([.. samples.Select(s => s.Seconds(way, m)).Where(double.IsFinite)]),
                        Of(r => r.R2),
                        Of(r => r.Pearson),
                        Of(r => r.Spearman),
                        Of(r => r.FaithfulHeads),
                        Of(r => r.CompleteHeads)
                    );
                }),
        ];
    }

    private GradientsWorth Worth(WorthPoint point)
    {
        int g = point.Observations;
        WorthPoint rival = Masks.FirstOrDefault(m => m.Passes >= point.Passes) ?? Masks[^1];
        double[][] nets = [.. Masks.Select(m => R2(WorthRow.Masks, m.Observations))];
        double[] own = R2(WorthRow.Gradients, g),
            cost = [.. samples.Select(s => s.CostOfGradient)];
        Estimate masks = Over(drawn => MasksAsGood(drawn, nets, own)),
            perPass = Over(drawn => MasksAsGood(drawn, nets, own) / (g * Mean(drawn, cost)));
        return new GradientsWorth(
            point,
            masks,
            perPass,
            Masks[0].Observations,
            Masks[^1].Observations,
            rival,
            bootstrap.Of(
                samples.Select(s =>
                    s.Value(WorthRow.Gradients, g, r => r.R2) - s.Value(WorthRow.Masks, rival.Observations, r => r.R2)
                )
            ),
            bootstrap.Of(
                samples.Select(s =>
                    s.Value(WorthRow.Masks, rival.Observations, r => r.FaithfulHeads)
                    - s.Value(WorthRow.Gradients, g, r => r.FaithfulHeads)
                )
            )
        );
    }

    private double[] R2(string way, int observations) =>
        [.. samples.Select(s => s.Value(way, observations, r => r.R2))];

    /// <summary>
    /// The number of masks whose mean R^2 is that of the gradients: on the line through the means over the logarithm
    /// of the number, from the last number on whose mean is below; held between the fewest and the most.
    /// </summary>
    private double MasksAsGood(ReadOnlySpan<int> drawn, double[][] nets, double[] own)
    {
        double goal = Mean(drawn, own);
        int at = nets.Length;
        while (at > 0 && Mean(drawn, nets[at - 1]) >= goal)
        {
            at--;
        }

        if (at == 0 || at == nets.Length)
        {
            return Masks[at == 0 ? 0 : ^1].Observations;
        }

        double below = Mean(drawn, nets[at - 1]),
            above = Mean(drawn, nets[at]),
            from = Math.Log(Masks[at - 1].Observations),
            to = Math.Log(Masks[at].Observations);
        return Math.Exp(from + ((to - from) * (goal - below) / (above - below)));
    }

    private Estimate Over(Func<ReadOnlySpan<int>, double> statistic)
    {
        double value = statistic([.. Enumerable.Range(0, samples.Count)]);
        var (low, high) = bootstrap.Interval(samples.Count, statistic);
        return double.IsFinite(value) ? new Estimate(value, double.NaN, low, high, samples.Count) : Estimate.None;
    }

    private static double Mean(ReadOnlySpan<int> drawn, double[] values)
    {
        double sum = 0;
        foreach (int i in drawn)
        {
            sum += values[i];
        }

        return sum / drawn.Length;
    }

    /// <summary>A sample.</summary>
    private sealed record Sampled(
        IReadOnlyDictionary<(string Way, int Observations), WorthRow> Rows,
        IReadOnlyList<PassSecondsRow> Times
    )
    {
        /// <summary>Median over the rounds of a gradient's time by a mask's.</summary>
        public double CostOfGradient
        {
            get
            {
                double[] ratios =
                [
                    .. from mask in Times.Where(t => t.Work == PassSecondsRow.Mask)
                    from gradient in Times.Where(t => t.Work == PassSecondsRow.Gradient)
                    where mask.Round == gradient.Round
                    select gradient.Seconds / mask.Seconds,
                ];
                return ratios.Length == 0 ? double.NaN : Metrics.Median(ratios);
            }
        }

        public double Value(string way, int observations, Func<WorthRow, double?> of) =>
            Rows.TryGetValue((way, observations), out WorthRow? row) ? of(row) ?? double.NaN : double.NaN;

        /// <summary>Passes at their median time, and of masks the fit.</summary>
        public double Seconds(string way, int observations) =>
            way == WorthRow.Gradients
                ? observations * MedianOf(PassSecondsRow.Gradient)
                : (observations * MedianOf(PassSecondsRow.Mask))
                    + Times
                        .Where(t => t.Work == PassSecondsRow.Net && t.Observations == observations)
                        .Select(t => t.Seconds)
                        .DefaultIfEmpty(double.NaN)
                        .First();

        private double MedianOf(string work)
        {
            double[] all = [.. Times.Where(t => t.Work == work).Select(t => t.Seconds)];
            return all.Length == 0 ? double.NaN : Metrics.Median(all);
        }
    }
}
