namespace Pipelines.Stages.Analysis;

/// <summary>
/// How often the sample whose coefficients are nearest shares a name, beside how often any sample would.
/// </summary>
/// <param name="Share">Over samples; its interval is over objects (<see cref="Estimate.Count"/>), because samples of
/// one object have the same neighbourhood and are no independent witnesses.</param>
/// <param name="Chance">The share that a neighbour drawn at random from the same candidates would give.</param>
/// <param name="Excess">Share less chance, sample by sample.</param>
/// <param name="Samples">Samples that could go either way: some candidate has the name, and some has not.</param>
internal sealed record NeighbourAgreement(Estimate Share, double Chance, Estimate Excess, int Samples)
{
    /// <summary>Nearest among all other samples: does it show the same object?</summary>
    /// <param name="samples">Samples with their coefficients.</param>
    /// <param name="bootstrap">Intervals.</param>
    public static NeighbourAgreement OfObjects(IReadOnlyList<NamedBeta> samples, Bootstrap bootstrap) =>
        Of(samples, (i, j) => i != j, (i, j) => samples[i].Object == samples[j].Object, bootstrap);

    /// <summary>
    /// Nearest among the samples of <em>other</em> objects: is it of the same group? Samples of the own object are of
    /// the same group by name alone; counted, they would make objects look like groups.
    /// </summary>
    /// <param name="samples">Samples with their coefficients; those without a group take no part.</param>
    /// <param name="bootstrap">Intervals.</param>
    public static NeighbourAgreement OfGroups(IReadOnlyList<NamedBeta> samples, Bootstrap bootstrap)
    {
        NamedBeta[] known = [.. samples.Where(s => s.Group.Length > 0)];
        return Of(
            known,
            (i, j) => known[i].Object != known[j].Object,
            (i, j) => known[i].Group == known[j].Group,
            bootstrap
        );
    }

    private static NeighbourAgreement Of(
        IReadOnlyList<NamedBeta> samples,
        Func<int, int, bool> isCandidate,
        Func<int, int, bool> agree,
        Bootstrap bootstrap
    )
    {
        var found = new List<(string Object, double Hit, double Chance)>();
        for (int i = 0; i < samples.Count; i++)
        {
            int self = i;
            int[] candidates = [.. Enumerable.Range(0, samples.Count).Where(j => isCandidate(self, j))];
            double chance =
                candidates.Length == 0 ? 0 : candidates.Count(j => agree(self, j)) / (double)candidates.Length;
            if (chance is > 0 and < 1)
            {
                found.Add((samples[i].Object, HitOf(samples, self, candidates, agree), chance));
            }
        }

        var objects = found
            .GroupBy(f => f.Object, StringComparer.Ordinal)
            .Select(g => (Hits: g.Sum(f => f.Hit), Chance: g.Sum(f => f.Chance), Count: g.Count()))
            .ToArray();
        Estimate Over(Func<(double Hits, double Chance, int Count), double> sum)
        {
            double Mean(ReadOnlySpan<int> drawn)
            {
                double all = 0;
                int count = 0;
                foreach (int o in drawn)
                {
                    all += sum(objects[o]);
                    count += objects[o].Count;
                }

                return all / count;
            }

            if (objects.Length == 0)
            {
                return Estimate.None;
            }

            var (low, high) = bootstrap.Interval(objects.Length, Mean);
            return new Estimate(Mean([.. Enumerable.Range(0, objects.Length)]), double.NaN, low, high, objects.Length);
        }

        return new NeighbourAgreement(
            Over(o => o.Hits),
            found.Count > 0 ? found.Average(f => f.Chance) : double.NaN,
            Over(o => o.Hits - o.Chance),
            found.Count
        );
    }

    /// <summary>1 where the nearest candidate agrees; of several that are equally near the share that does.</summary>
    private static double HitOf(IReadOnlyList<NamedBeta> samples, int i, int[] candidates, Func<int, int, bool> agree)
    {
        double[] distances = [.. candidates.Select(j => Distances.SquaredEuclidean(samples[i].Beta, samples[j].Beta))];
        double least = distances.Min();
        int[] nearest = [.. candidates.Where((_, c) => distances[c] == least)];
        return nearest.Count(j => agree(i, j)) / (double)nearest.Length;
    }
}

/// <summary>A sample's coefficients with what it shows.</summary>
/// <param name="Object">Its main object.</param>
/// <param name="Group">The object's super-category; empty = not known.</param>
/// <param name="Beta">Coefficients [N].</param>
internal readonly record struct NamedBeta(string Object, string Group, double[] Beta);
