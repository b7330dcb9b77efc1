using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// What the rows of a report say: means with intervals, heads needed, which heads. Computed once; page, figures,
/// sentences and the summary at the end of a run read it.
/// </summary>
internal sealed class Findings
{
    private readonly Lazy<IReadOnlyList<KeyNumber>> numbers;

    private Findings(ReportData data)
    {
        Data = data;
        Samples = SampleResult.Of(data);
        Fitted = [.. Samples.Where(s => s.Beta.Count == HeadCount)];
        R2 = Intervals.Of(Fitted.Select(s => s.R2));
        Rho = Intervals.Of(Fitted.Select(s => s.Rho));
        MaskCounts = [.. data.Samples.Select(s => s.Masks > 0 ? s.Masks : data.Masks)];
        Criteria = Reporting.Validation.Of(data, Intervals);
        Published = data.IsAsThePaper ? Published.Of(data.Model) : null;
        SampleResult[] judged =
        [
            .. Fitted
                .Where(s => double.IsFinite(s.R2))
                .OrderBy(s => s.R2)
                .ThenBy(s => s.SampleId, StringComparer.Ordinal),
        ];
        Typical = Middle(
            judged.Length > 0 ? judged
            : Fitted.Count > 0 ? Fitted
            : Samples
        );
        MeanBeta = Fitted.Count > 0 ? ByLayer(n => Fitted.Average(s => s.Beta[n])) : null;
        SelectedHeads = HeadsOfFaithfulSets();
        Frequency = Selected > 0 ? ShareOf(SelectedHeads) : null;
        Tokens = TokenFindings.Of(data, Typical, Intervals);
        numbers = new(() => KeyNumbers.Of(this));
    }

    /// <summary>The rows.</summary>
    public ReportData Data { get; }

    /// <summary>Intervals over samples.</summary>
    public Bootstrap Intervals { get; } = new();

    /// <summary>Heads of the model, N = L * H.</summary>
    public int HeadCount => Data.Model.Layers * Data.Model.Heads;

    /// <summary>Samples that were kept, in seed order.</summary>
    public IReadOnlyList<SampleResult> Samples { get; }

    /// <summary>Samples with a regression.</summary>
    public IReadOnlyList<SampleResult> Fitted { get; }

    /// <summary>Explained variance on test masks, over samples.</summary>
    public Estimate R2 { get; }

    /// <summary>Pearson correlation on test masks, over samples.</summary>
    public Estimate Rho { get; }

    /// <summary>Masks of every sample.</summary>
    public IReadOnlyList<int> MaskCounts { get; }

    /// <summary>Whether samples have different numbers of masks.</summary>
    public bool MasksDiffer => MaskCounts.Distinct().Count() > 1;

    /// <summary>One a criterion, in the order of display; empty without validation.</summary>
    public IReadOnlyList<CriterionFindings> Criteria { get; }

    /// <summary>
    /// The paper's numbers for this model; null for other models, and where f or what is asked is not the paper's.
    /// </summary>
    public Published? Published { get; }

    /// <summary>The paper's numbers to hold against those of the run: this model's, all models', or none.</summary>
    public IEnumerable<Published> Papers =>
        Published is { } same ? [same]
        : Data.IsAsThePaper ? Published.All
        : [];

    /// <summary>The sample shown in detail: the one with the median R^2 (no choice of ours), or null.</summary>
    public SampleResult? Typical { get; }

    /// <summary>Mean of beta over samples [L, H]; null without a regression.</summary>
    public double[,]? MeanBeta { get; }

    /// <summary>Share of samples whose x* contains a head [L, H] (paper, Fig. 3C); null where there is no x*.</summary>
    public double[,]? Frequency { get; }

    /// <summary>x* of every sample that has one: the heads of the smallest faithful set in the order of beta.</summary>
    public IReadOnlyList<IReadOnlyList<int>> SelectedHeads { get; }

    /// <summary>Samples that have an x*.</summary>
    public int Selected => SelectedHeads.Count;

    /// <summary>Which tokens carry the picture; null without token tracing.</summary>
    public TokenFindings? Tokens { get; }

    /// <summary>The numbers by which experiments are compared, with the verdicts on the paper's claims.</summary>
    public IReadOnlyList<KeyNumber> Numbers => numbers.Value;

    /// <summary>Computes them.</summary>
    public static Findings Of(ReportData data) => new(data);

    /// <summary>The rows of a table in its order; empty where the run has none.</summary>
    public IReadOnlyList<TRow> Rows<TRow>() => Data.Tables.Rows<TRow>();

    /// <summary>Settings of a stage; null where the run has no such stage.</summary>
    public TSettings? Settings<TSettings>()
        where TSettings : class => Data.Tables.Settings<TSettings>();

    /// <summary>The findings of a criterion, or null.</summary>
    public CriterionFindings? Criterion(string name) => Criteria.FirstOrDefault(c => c.Criterion == name);

    /// <summary>
    /// How many heads more one ranking needs than another, paired over the samples in which both cross.
    /// </summary>
    public Estimate Difference(HeadsNeeded one, HeadsNeeded other) => Difference(one.BySample, other.BySample);

    /// <summary>One less another, paired over the samples that have both.</summary>
    public Estimate Difference(IReadOnlyDictionary<string, double> one, IReadOnlyDictionary<string, double> other) =>
        Intervals.Of(one.Where(s => other.ContainsKey(s.Key)).Select(s => s.Value - other[s.Key]));

    /// <summary>
    /// How many times as many heads one ranking needs as another: ratio of the means over the samples in which both
    /// cross, with the interval of that ratio.
    /// </summary>
    public Estimate Ratio(HeadsNeeded one, HeadsNeeded other) => Ratio(one.BySample, other.BySample);

    /// <summary>The same of heads by sample.</summary>
    public Estimate Ratio(IReadOnlyDictionary<string, double> one, IReadOnlyDictionary<string, double> other)
    {
        (double One, double Other)[] pairs =
        [
            .. one.Where(s => other.ContainsKey(s.Key)).Select(s => (s.Value, other[s.Key])),
        ];
        double Of(ReadOnlySpan<int> drawn)
        {
            double above = 0,
                below = 0;
            foreach (int i in drawn)
            {
                (above, below) = (above + pairs[i].One, below + pairs[i].Other);
            }

            return below > 0 ? above / below : double.NaN;
        }

        double ratio = Of([.. Enumerable.Range(0, pairs.Length)]);
        if (!double.IsFinite(ratio))
        {
            return Estimate.None;
        }

        var (low, high) = Intervals.Interval(pairs.Length, Of);
        return new Estimate(ratio, double.NaN, low, high, pairs.Length);
    }

    /// <summary>Mean and interval of a quantity that has one value a sample.</summary>
    public Estimate Mean(IEnumerable<double> values) => Intervals.Of(values);

    /// <summary>A share of the samples that have an x*, with its interval.</summary>
    public Estimate FrequencyOf(double share) =>
        Intervals.Of(Enumerable.Range(0, Selected).Select(i => i < Math.Round(share * Selected) ? 1.0 : 0));

    /// <summary>Heads from most to least important: descending beta, ties by index.</summary>
    public static IEnumerable<int> Ranking(IReadOnlyList<double> beta) =>
        Enumerable.Range(0, beta.Count).OrderByDescending(n => beta[n]).ThenBy(n => n);

    /// <summary>A sample's beta as [L, H].</summary>
    public double[,] BetaOf(SampleResult sample) => ByLayer(n => sample.Beta[n]);

    private double[,] ByLayer(Func<int, double> valueOf)
    {
        int heads = Data.Model.Heads;
        var values = new double[Data.Model.Layers, heads];
        for (int n = 0; n < HeadCount; n++)
        {
            values[n / heads, n % heads] = valueOf(n);
        }

        return values;
    }

    private int[][] HeadsOfFaithfulSets() =>
        Criterion(Reporting.Criteria.HeadAttribution) is not { } attribution
            ? []
            :
            [
                .. Fitted
                    .Where(s => attribution.Faithful.BySample.ContainsKey(s.SampleId))
                    .Select(s => Ranking(s.Beta).Take((int)attribution.Faithful.BySample[s.SampleId]).ToArray()),
            ];

    private double[,] ShareOf(IReadOnlyList<IReadOnlyList<int>> sets)
    {
        var counts = new int[HeadCount];
        foreach (int n in sets.SelectMany(heads => heads))
        {
            counts[n]++;
        }

        return ByLayer(n => (double)counts[n] / sets.Count);
    }

    private static SampleResult? Middle(IReadOnlyList<SampleResult> samples) =>
        samples.Count > 0 ? samples[samples.Count / 2] : null;
}
