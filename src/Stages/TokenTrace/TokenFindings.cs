using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Reporting;

/// <summary>What the traced tokens say: means with intervals, and the samples that figures show.</summary>
internal sealed class TokenFindings
{
    private const int Shown = 24; // the pictures of a page weigh most: a few kilobytes each, twice

    private readonly Bootstrap bootstrap;

    private TokenFindings(
        IReadOnlyList<TracedSample> samples,
        IReadOnlyList<ObjectShareRow> objects,
        SampleResult? typical,
        Bootstrap bootstrap
    )
    {
        this.bootstrap = bootstrap;
        Objects = objects;
        Texts = samples;
        Roles = RoleFindings.Of(samples, bootstrap);
        Tokens = Roles is null ? samples[0].Tokens : [];
        Delta = [.. Enumerable.Range(0, Tokens.Count).Select(i => bootstrap.Of(Texts.Select(s => s.Delta[i])))];
        Importance =
        [
            .. Enumerable.Range(0, Tokens.Count).Select(i => bootstrap.Of(Texts.Select(s => s.Important[i] ? 1.0 : 0))),
        ];
        LogitKept = bootstrap.Of(samples.Select(s => s.LogitKept));
        TokensKept = bootstrap.Of(samples.Select(s => (double)s.Important.Count(i => i)));
        Typical = Texts.FirstOrDefault(s => s.SampleId == typical?.SampleId) ?? Texts[0];
        Attributed = [.. samples.Where(s => s.Beta.Count > 0 && s.Beta.Count == s.Attention.Count)];
        Rho = bootstrap.Of(Attributed.Select(s => s.AttentionRho));
        R2 = bootstrap.Of(Attributed.Select(s => s.R2));
        PooledRho = Pooled(Attributed, bootstrap);
        ObjectArea = bootstrap.Of(objects.Select(o => o.Area));
        BetaOnObject = bootstrap.Of(objects.Select(o => Undefined.ToNaN(o.BetaOnObject)));
        AttentionOnObject = bootstrap.Of(objects.Select(o => Undefined.ToNaN(o.AttentionOnObject)));
        Mapped = Chosen([
            .. Attributed.Where(s =>
                s.Seen is not null && s.Rows * s.Columns > 0 && s.Rows * s.Columns <= s.Beta.Count
            ),
        ]);
    }

    /// <summary>What lies on the object, one a sample whose annotations have a box.</summary>
    public IReadOnlyList<ObjectShareRow> Objects { get; }

    /// <summary>The samples.</summary>
    public IReadOnlyList<TracedSample> Texts { get; }

    /// <summary>
    /// Text tokens by role; null where they are the same in all samples. Questions differ, or what is given before the
    /// target does where answers do not begin with it.
    /// </summary>
    public RoleFindings? Roles { get; }

    /// <summary>Text tokens of all samples, T; empty where they differ.</summary>
    public IReadOnlyList<string> Tokens { get; }

    /// <summary>Mean of delta at every text token.</summary>
    public IReadOnlyList<Estimate> Delta { get; }

    /// <summary>Share of samples in which a text token is important.</summary>
    public IReadOnlyList<Estimate> Importance { get; }

    /// <summary>Table 3: logit kept with the important text tokens only.</summary>
    public Estimate LogitKept { get; }

    /// <summary>Number of important text tokens.</summary>
    public Estimate TokensKept { get; }

    /// <summary>The sample shown in detail: the report's.</summary>
    public TracedSample Typical { get; }

    /// <summary>Samples whose image tokens are attributed.</summary>
    public IReadOnlyList<TracedSample> Attributed { get; }

    /// <summary>Correlation of beta and w within a sample, over samples.</summary>
    public Estimate Rho { get; }

    /// <summary>Explained variance of the fits over image tokens, over samples.</summary>
    public Estimate R2 { get; }

    /// <summary>Correlation of beta and w over the image tokens of all samples together (paper, Fig. 4C).</summary>
    public Estimate PooledRho { get; }

    /// <summary>
    /// Share of the image tokens that the object covers (paper, 5.2); no samples where the data have no boxes.
    /// </summary>
    public Estimate ObjectArea { get; }

    /// <summary>Share of the positive beta of image tokens on the object.</summary>
    public Estimate BetaOnObject { get; }

    /// <summary>Share of the positive weighted attention on the object.</summary>
    public Estimate AttentionOnObject { get; }

    /// <summary>Samples whose maps are shown: from the lowest correlation to the highest, evenly.</summary>
    public IReadOnlyList<TracedSample> Mapped { get; }

    /// <summary>The findings; null without traced samples.</summary>
    public static TokenFindings? Of(ReportData data, SampleResult? typical, Bootstrap bootstrap) =>
        TracedSample.Of(data) is { Count: > 0 } samples
            ? new TokenFindings(samples, data.Tables.Rows<ObjectShareRow>(), typical, bootstrap)
            : null;

    /// <summary>Mean and interval of a quantity that has one value a sample.</summary>
    public Estimate Mean(IEnumerable<double> values) => bootstrap.Of(values);

    /// <summary>A sample's map as [rows, columns].</summary>
    public static double[,] Map(TracedSample sample, IReadOnlyList<double> values)
    {
        var map = new double[sample.Rows, sample.Columns];
        for (int j = 0; j < map.Length; j++)
        {
            map[j / sample.Columns, j % sample.Columns] = values[j];
        }

        return map;
    }

    /// <summary>The correlation over all tokens of the samples, with its interval over samples.</summary>
    private static Estimate Pooled(IReadOnlyList<TracedSample> samples, Bootstrap bootstrap)
    {
        double meanBeta = samples.SelectMany(s => s.Beta).DefaultIfEmpty(0).Average(),
            meanAttention = samples.SelectMany(s => s.Attention).DefaultIfEmpty(0).Average();
        CrossSums[] sums = [.. samples.Select(s => CrossSums.Of(s.Beta, meanBeta, s.Attention, meanAttention))];
        var (low, high) = bootstrap.Interval(sums.Length, drawn => CrossSums.Correlation(sums, drawn));
        return new Estimate(
            Metrics.Pearson([.. samples.SelectMany(s => s.Beta)], [.. samples.SelectMany(s => s.Attention)]),
            double.NaN,
            low,
            high,
            samples.Count
        );
    }

    private static TracedSample[] Chosen(TracedSample[] samples)
    {
        TracedSample[] ordered =
        [
            .. samples.OrderBy(s => s.AttentionRho).ThenBy(s => s.SampleId, StringComparer.Ordinal),
        ];
        return ordered.Length <= Shown
            ? ordered
            :
            [
                .. Enumerable
                    .Range(0, Shown)
                    .Select(i => ordered[(int)Math.Round((double)i * (ordered.Length - 1) / (Shown - 1))]),
            ];
    }
}
