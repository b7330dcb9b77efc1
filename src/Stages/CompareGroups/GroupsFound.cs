using Pipelines.Domain.Errors;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages;

/// <summary>What a comparison of groups says: the two that are furthest apart, and how many are told apart.</summary>
/// <param name="Pair">The two for which it is least likely that they do not differ.</param>
/// <param name="Within">Cosine within the one.</param>
/// <param name="OtherWithin">Cosine within the other.</param>
/// <param name="P">By Holm's correction for all pairs, by their names in the order of the table.</param>
internal sealed record GroupsFound(
    GroupSimilarityRow Pair,
    Estimate Within,
    Estimate OtherWithin,
    IReadOnlyDictionary<(string Group, string Other), double> P
)
{
    private const double Level = 0.05;

    /// <summary>Null where no two groups were tested.</summary>
    public static GroupsFound? Of(IReadOnlyList<GroupSimilarityRow> rows)
    {
        GroupSimilarityRow[] tested =
        [
            .. rows.Where(r => r is { P: not null, CosineMean: not null })
                .OrderBy(r => r.P)
                .ThenByDescending(r => r.Apart),
        ];
        if (tested.Length == 0)
        {
            return null;
        }

        Estimate Within(string group) => rows.Single(r => r.IsWithin && r.Group == group).Cosine;
        double[] corrected = Holm([.. tested.Select(r => r.P!.Value)]);
        return new GroupsFound(
            tested[0],
            Within(tested[0].Group),
            Within(tested[0].OtherGroup),
            tested.Zip(corrected).ToDictionary(t => (t.First.Group, t.First.OtherGroup), t => t.Second)
        );
    }

    /// <summary>The samples tell the two groups apart.</summary>
    public bool IsToldApart(string group, string other) => P.TryGetValue((group, other), out double p) && p < Level;

    /// <summary>A sentence.</summary>
    public string Words
    {
        get
        {
            string one = Shown.Name(Pair.Group),
                other = Shown.Name(Pair.OtherGroup);
            string verdict = IsToldApart(Pair.Group, Pair.OtherGroup)
                ? $"The heads of {one} are not those of {other}"
                : $"Nothing tells the heads of {one} from those of {other}";
            string holm = P.Count > 1 ? $", Holm over {P.Count} pairs" : "";
            string told = P.Count > 1 ? $" Told apart are {P.Values.Count(p => p < Level)} of {P.Count} pairs." : "";
            return $"{verdict}: cosine of β {Cosine(Pair.Cosine)} between, {Score(Within.Mean)} and "
                + $"{Score(OtherWithin.Mean)} within ({Chance(P[(Pair.Group, Pair.OtherGroup)])}{holm}).{told}";
        }
    }

    /// <summary>A mean cosine with its interval.</summary>
    public static string Cosine(Estimate cosine) => cosine.Written(Score);

    /// <summary>A p value.</summary>
    public static string Chance(double p) => p < 0.001 ? "p < 0.001" : $"p = {Fixed(p, 3)}";

    /// <summary>Holm's correction (Holm 1979) of p values that ascend.</summary>
    private static double[] Holm(double[] ascending)
    {
        double least = 0;
        return [.. ascending.Select((p, i) => least = Math.Max(least, Math.Min(1, p * (ascending.Length - i))))];
    }
}
