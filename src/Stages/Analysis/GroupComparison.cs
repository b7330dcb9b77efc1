using Pipelines.Domain;

namespace Pipelines.Stages.Analysis;

/// <summary>A sample and what it belongs to.</summary>
/// <param name="Picture">Number of its picture: samples of one picture are not independent.</param>
/// <param name="Groups">Its groups, perhaps several.</param>
/// <param name="Beta">Attribution coefficients [N].</param>
internal sealed record GroupedBeta(int Picture, IReadOnlyList<string> Groups, double[] Beta);

/// <summary>How alike beta is between the samples of two groups, or within one.</summary>
/// <param name="Group">One group.</param>
/// <param name="OtherGroup">The other; the same: pairs of different samples of the group.</param>
/// <param name="Samples">Samples of the one that are compared: those that are not of the other, too.</param>
/// <param name="OtherSamples">Samples of the other.</param>
/// <param name="InBoth">Samples of both, left out.</param>
/// <param name="Cosine">Mean over pairs, deviation over pairs, interval over pictures, and the count of pairs.</param>
/// <param name="Apart">Mean cosine over pairs of samples of one group, either of the two, less that between them; NaN
/// where a group has fewer than two samples.</param>
/// <param name="P">Share of relabellings that are as far apart; NaN where <paramref name="Apart"/> is.</param>
internal sealed record GroupPair(
    string Group,
    string OtherGroup,
    int Samples,
    int OtherSamples,
    int InBoth,
    Estimate Cosine,
    double Apart,
    double P
);

/// <summary>
/// Whether the heads of one group of samples are those of another. Where they are, samples of different groups are as
/// alike as samples of one, and the labels may be exchanged. The test does so: p = (1 + relabellings that are as far
/// apart) / (1 + relabellings). Samples of one picture stay together: the labels of a picture go to another with as
/// many samples as a whole, and within a picture they are shuffled. Where no two pictures have equally many samples,
/// and each is of one group, nothing can be exchanged, and p is 1.
/// <para>
/// Intervals come from resampling pictures, each with all its samples; a sample drawn c times counts c times in each of
/// its pairs, and never makes a pair with itself.
/// </para>
/// </summary>
internal sealed class GroupComparison
{
    private const double Rounding = 1e-12; // the same labels, summed in another order

    private readonly GroupedBeta[] samples;
    private readonly double[][] cosine; // [samples, samples]
    private readonly int permutations,
        seed;
    private readonly Bootstrap bootstrap = new();

    private GroupComparison(GroupedBeta[] samples, int permutations, int seed)
    {
        (this.samples, this.permutations, this.seed) = (samples, permutations, seed);
        cosine =
        [
            .. samples.Select(
                (a, i) => samples.Select((b, j) => j == i ? 0 : Metrics.Cosine(a.Beta, b.Beta)).ToArray()
            ),
        ];
    }

    /// <summary>Compares each group with itself and with those behind it.</summary>
    /// <param name="samples">The samples; those whose beta is zero have no cosine and are left out.</param>
    /// <param name="groups">The groups, in order.</param>
    /// <param name="permutations">Relabellings of each pair.</param>
    /// <param name="seed">The experiment's.</param>
    public static IReadOnlyList<GroupPair> Of(
        IReadOnlyList<GroupedBeta> samples,
        IReadOnlyList<string> groups,
        int permutations,
        int seed
    )
    {
        var comparison = new GroupComparison([.. samples.Where(s => s.Beta.Any(b => b != 0))], permutations, seed);
        return
        [
            .. from a in Enumerable.Range(0, groups.Count)
            from b in Enumerable.Range(a, groups.Count - a)
            select a == b ? comparison.Within(groups[a]) : comparison.Between(groups[a], groups[b]),
        ];
    }

    private GroupPair Within(string group)
    {
        int[] members = [.. Members(group)];
        (int, int)[] pairs =
        [
            .. from i in Enumerable.Range(0, members.Length)
            from j in Enumerable.Range(i + 1, members.Length - i - 1)
            select (members[i], members[j]),
        ];
        return new GroupPair(
            group,
            group,
            members.Length,
            members.Length,
            0,
            Over(pairs, members),
            double.NaN,
            double.NaN
        );
    }

    private GroupPair Between(string group, string other)
    {
        int[] both = [.. Members(group).Intersect(Members(other))],
            one = [.. Members(group).Except(both)],
            two = [.. Members(other).Except(both)];
        (int, int)[] pairs = [.. from i in one from j in two select (i, j)];
        bool canTell = one.Length > 1 && two.Length > 1;
        return new GroupPair(
            group,
            other,
            one.Length,
            two.Length,
            both.Length,
            Over(pairs, [.. one, .. two]),
            canTell ? Apart(one, two) : double.NaN,
            canTell ? Chance(one, two, group, other) : double.NaN
        );
    }

    private IEnumerable<int> Members(string group) =>
        Enumerable.Range(0, samples.Length).Where(i => samples[i].Groups.Contains(group, StringComparer.Ordinal));

    /// <summary>Mean over pairs, with an interval over the pictures of the members.</summary>
    private Estimate Over((int First, int Second)[] pairs, int[] members)
    {
        if (pairs.Length == 0)
        {
            return Estimate.None;
        }

        double[] cosines = [.. pairs.Select(p => cosine[p.First][p.Second])];
        int[] pictures = [.. members.Select(i => samples[i].Picture).Distinct()];
        var numberOf = pictures.Index().ToDictionary(p => p.Item, p => p.Index);
        int[] firsts = [.. pairs.Select(p => numberOf[samples[p.First].Picture])],
            seconds = [.. pairs.Select(p => numberOf[samples[p.Second].Picture])];
        var (low, high) = bootstrap.Interval(pictures.Length, drawn =>
        {
            var times = new int[pictures.Length];
            foreach (int picture in drawn)
            {
                times[picture]++;
            }

            double sum = 0,
                weight = 0;
            for (int p = 0; p < cosines.Length; p++)
            {
                double both = (double)times[firsts[p]] * times[seconds[p]];
                sum += both * cosines[p];
                weight += both;
            }

            return sum / weight;
        });
        return new Estimate(Metrics.Mean(cosines), Moments.Of(cosines).StdSample, low, high, cosines.Length);
    }

    private double Apart(int[] one, int[] two)
    {
        double within = Sum(one) + Sum(two),
            between = one.Sum(i => two.Sum(j => cosine[i][j]));
        return (within / (Pairs(one) + Pairs(two))) - (between / ((double)one.Length * two.Length));
    }

    /// <summary>Share of the relabellings, the labels as they are among them, that are as far apart.</summary>
    private double Chance(int[] one, int[] two, string group, string other)
    {
        double found = Apart(one, two);
        var isOne = one.ToHashSet();
        int[][] pictures =
        [
            .. one.Concat(two).Order().GroupBy(i => samples[i].Picture).OrderBy(p => p.Key).Select(p => p.ToArray()),
        ];
        int[][][] alike = [.. pictures.GroupBy(p => p.Length).OrderBy(p => p.Key).Select(p => p.ToArray())];
        string[] names = [.. new[] { group, other }.Order(StringComparer.Ordinal)]; // either way round
        string scope = $"compare-groups\0{names[0]}\0{names[1]}";
        int asFar = 0;
        for (int n = 0; n < permutations; n++)
        {
            var random = new CounterRandom(seed, scope, n);
            var (first, second) = (new List<int>(one.Length), new List<int>(two.Length));
            foreach (int[][] ofSize in alike)
            {
                bool[][] labels = [.. ofSize.Select(p => p.Select(isOne.Contains).ToArray())];
                Shuffle(labels, ref random);
                foreach (var (picture, own) in ofSize.Zip(labels))
                {
                    Shuffle(own, ref random);
                    foreach (var (sample, isFirst) in picture.Zip(own))
                    {
                        (isFirst ? first : second).Add(sample);
                    }
                }
            }

            asFar += Apart([.. first], [.. second]) >= found - Rounding ? 1 : 0;
        }

        return (1.0 + asFar) / (1.0 + permutations);
    }

    private double Sum(int[] members)
    {
        double sum = 0;
        for (int i = 0; i < members.Length; i++)
        {
            double[] row = cosine[members[i]];
            for (int j = i + 1; j < members.Length; j++)
            {
                sum += row[members[j]];
            }
        }

        return sum;
    }

    private static double Pairs(int[] members) => members.Length * (members.Length - 1.0) / 2;

    private static void Shuffle<T>(T[] items, ref CounterRandom random)
    {
        for (int last = items.Length - 1; last > 0; last--)
        {
            int other = random.Below(last + 1);
            (items[last], items[other]) = (items[other], items[last]);
        }
    }
}
