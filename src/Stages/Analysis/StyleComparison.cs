namespace Pipelines.Stages.Analysis;

/// <summary>A sample of a style.</summary>
/// <param name="Style">Its style, DomainNet's domain.</param>
/// <param name="Object">What it shows.</param>
/// <param name="Beta">Attribution coefficients [N].</param>
public sealed record StyledBeta(string Style, string Object, double[] Beta);

/// <summary>Cosine of beta over the pairs of samples of two styles.</summary>
/// <param name="Style">Style of one sample of a pair.</param>
/// <param name="OtherStyle">Style of the other.</param>
/// <param name="SameObject">The two show the same object, or another.</param>
/// <param name="Cosine">Mean, deviation over pairs, interval over samples, and the count of pairs.</param>
public sealed record StylePairs(string Style, string OtherStyle, bool SameObject, Estimate Cosine);

/// <summary>Cosine of beta over all pairs of samples that stand in a relation.</summary>
/// <param name="SameObject">The two show the same object, or another.</param>
/// <param name="SameStyle">They are of the same style, or of another.</param>
/// <param name="Cosine">Mean, deviation over pairs, interval over samples, and the count of pairs.</param>
public sealed record StyleRelation(bool SameObject, bool SameStyle, Estimate Cosine);

/// <summary>
/// How alike beta is between styles (paper, Fig. 9). Pairs that share a sample are not independent, so that intervals
/// come from resampling samples, not pairs: a sample drawn c times counts c times in each of its pairs, and never makes
/// a pair with itself.
/// </summary>
/// <param name="Pairs">One for two styles (or one twice) and the same or another object, styles in their order.</param>
/// <param name="Relations">Pooled over styles: the same object in the same style and in another, then another
/// object.</param>
/// <param name="ObjectOverStyle">Mean over pairs of the same object in another style, less that over pairs of another
/// object in the same style: above 0, beta follows the object more than the style. Without a deviation; its count is
/// that of the samples.</param>
public sealed record StyleComparison(
    IReadOnlyList<StylePairs> Pairs,
    IReadOnlyList<StyleRelation> Relations,
    Estimate ObjectOverStyle
)
{
    /// <summary>The relation, pooled over styles.</summary>
    public Estimate Of(bool sameObject, bool sameStyle) =>
        Relations.Single(r => r.SameObject == sameObject && r.SameStyle == sameStyle).Cosine;

    /// <summary>
    /// Compares all pairs of samples; those of which one beta is zero have no cosine and are left out.
    /// </summary>
    /// <param name="samples">The samples.</param>
    /// <param name="styles">The styles in the order wanted; samples of other styles count in none.</param>
    public static StyleComparison Of(IReadOnlyList<StyledBeta> samples, IReadOnlyList<string> styles)
    {
        int[] styleOf =
        [
            .. samples.Select(s =>
                styles
                    .Select((name, i) => (name, i))
                    .Where(t => t.name == s.Style)
                    .Select(t => t.i)
                    .DefaultIfEmpty(-1)
                    .First()
            ),
        ];
        Pair[] all =
        [
            .. from i in Enumerable.Range(0, samples.Count)
            where styleOf[i] >= 0
            from j in Enumerable.Range(i + 1, samples.Count - i - 1)
            where styleOf[j] >= 0
            let cosine = Metrics.Cosine(samples[i].Beta, samples[j].Beta)
            where double.IsFinite(cosine)
            select new Pair(
                i,
                j,
                cosine,
                Math.Min(styleOf[i], styleOf[j]),
                Math.Max(styleOf[i], styleOf[j]),
                samples[i].Object == samples[j].Object
            ),
        ];
        var bootstrap = new Bootstrap();
        (double Low, double High) Interval(Func<int[], double> statistic) =>
            bootstrap.Interval(samples.Count, drawn => statistic(Counts(drawn, samples.Count)));
        Estimate Over(Pair[] pairs)
        {
            if (pairs.Length == 0)
            {
                return Estimate.None;
            }

            var (low, high) = Interval(counts => Mean(pairs, counts));
            double[] cosines = [.. pairs.Select(p => p.Cosine)];
            return new Estimate(Metrics.Mean(cosines), Moments.Of(cosines).StdSample, low, high, pairs.Length);
        }

        Pair[] Related(bool sameObject, bool sameStyle) =>
            [.. all.Where(p => p.SameObject == sameObject && (p.Style == p.OtherStyle) == sameStyle)];
        var pairs =
            from a in Enumerable.Range(0, styles.Count)
            from b in Enumerable.Range(a, styles.Count - a)
            from sameObject in new[] { true, false }
            select new StylePairs(
                styles[a],
                styles[b],
                sameObject,
                Over([.. all.Where(p => p.Style == a && p.OtherStyle == b && p.SameObject == sameObject)])
            );
        var relations =
            from sameObject in new[] { true, false }
            from sameStyle in new[] { true, false }
            select new StyleRelation(sameObject, sameStyle, Over(Related(sameObject, sameStyle)));
        Pair[] object1 = Related(sameObject: true, sameStyle: false),
            style = Related(sameObject: false, sameStyle: true);
        int[] once = [.. Enumerable.Repeat(1, samples.Count)];
        var (least, most) = Interval(counts => Mean(object1, counts) - Mean(style, counts));
        return new StyleComparison(
            [.. pairs],
            [.. relations],
            new Estimate(Mean(object1, once) - Mean(style, once), double.NaN, least, most, samples.Count)
        );
    }

    private static int[] Counts(ReadOnlySpan<int> drawn, int samples)
    {
        var counts = new int[samples];
        foreach (int i in drawn)
        {
            counts[i]++;
        }

        return counts;
    }

    /// <summary>Mean over pairs, each as often as its samples were drawn; NaN where none was.</summary>
    private static double Mean(Pair[] pairs, int[] counts)
    {
        double sum = 0,
            weight = 0;
        foreach (Pair pair in pairs)
        {
            double times = (double)counts[pair.First] * counts[pair.Second];
            sum += times * pair.Cosine;
            weight += times;
        }

        return sum / weight;
    }

    private readonly record struct Pair(
        int First,
        int Second,
        double Cosine,
        int Style,
        int OtherStyle,
        bool SameObject
    );
}
