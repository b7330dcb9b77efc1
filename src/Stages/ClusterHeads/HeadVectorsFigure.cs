using Pipelines.Domain;
using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Fig. 10: head vectors, beta of a head over samples, as a heat map in the order of their clustering, with its tree.
/// </summary>
[Figure("fig10-head-vectors", Section.Alike, Paper = "Fig. 10", Order = 3)]
internal sealed class HeadVectorsFigure : IFigure<Findings>
{
    private const int ColumnsAtMost = 300,
        CellsAtMost = 40_000,
        MostCuts = 12;
    private const double LeastBranch = 0.1; // of all heads
    private const int Several = 3;

    /// <summary>The figure; null without head vectors.</summary>
    public static Drawing? Of(Findings findings)
    {
        if (HeadVectors.Of(findings) is not { Heads.Count: > 0, Samples.Count: > 0 } vectors)
        {
            return null;
        }

        var map = Map.Of(vectors, findings.Data.Model.Heads);
        int heads = findings.Data.Model.Heads;
        var table = new FigureTable(
            ["place", "layer", "head", "branch", "sample_id", "category", "super_category", "beta"],
            [
                .. map.Rows.SelectMany(
                    (row, place) =>
                        vectors.Samples.Select(
                            (s, i) =>
                                (IReadOnlyList<object?>)
                                    [
                                        place,
                                        vectors.Heads[row] / heads,
                                        vectors.Heads[row] % heads,
                                        map.Branch[row],
                                        s.SampleId,
                                        s.Category,
                                        s.SuperCategory,
                                        vectors.Vectors[row][i],
                                    ]
                        )
                ),
            ]
        );
        string drawn =
            map.Columns.Length < vectors.Samples.Count
                ? $" {Count(map.Columns.Length)} of the {Count(vectors.Samples.Count)} samples are drawn, "
                    + $"evenly spread."
                : "";
        return new Drawing(
            "Head vectors, clustered",
            Shows(findings, vectors, map),
            $"A row is a head with β > {Tick(vectors.LeastBeta)} in some sample (n = {Count(vectors.Heads.Count)}), "
                + $"a column a sample (n = {Count(vectors.Samples.Count)}), grouped by "
                + $"{(map.BySuper ? "super-category" : "object")}. "
                + $"Rows are named layer.head. Tree: {vectors.Method}; the bars beside it mark the two main "
                + $"branches, of "
                + $"{Count(LeastOfBranch(vectors.Heads.Count))} heads at least (grey: heads of neither).{drawn}"
                + map.Scale.Words("|β|"),
            table,
            canvas => Draw(vectors, map, canvas)
        );
    }

    /// <summary>
    /// Mean silhouette of the two main branches, and the share of their heads that a sample uses, of the one that is
    /// used more first; null without two branches.
    /// </summary>
    public static (Estimate Apart, Estimate Often, Estimate Seldom)? ClustersOf(Findings findings) =>
        HeadVectors.Of(findings) is { Heads.Count: > 0, Samples.Count: > 0 } vectors
            ? ClustersOf(findings, vectors, Map.Of(vectors, findings.Data.Model.Heads))
            : null;

    private static (Estimate Apart, Estimate Often, Estimate Seldom)? ClustersOf(
        Findings findings,
        HeadVectors vectors,
        Map map
    ) =>
        Branches(vectors, map) is [var most, var some]
            ? (
                findings.Mean(Silhouette.OfTwo(Distances.Condensed(vectors.Vectors, vectors.Metric), map.Branch)),
                findings.Mean(vectors.UseOf(most)),
                findings.Mean(vectors.UseOf(some))
            )
            : null;

    /// <summary>The heads of the main branches, of the one that samples use more first.</summary>
    private static int[][] Branches(HeadVectors vectors, Map map) =>
        [
            .. map
                .Rows.Where(r => map.Branch[r] > 0)
                .GroupBy(r => map.Branch[r])
                .Select(g => g.ToArray())
                .OrderByDescending(rows => vectors.UseOf(rows).Average()),
        ];

    private static string Shows(Findings findings, HeadVectors vectors, Map map)
    {
        string Words(int[] rows, Estimate use) =>
            $"{Many(rows.Length, "head")} that {(rows.Length == 1 ? "passes" : "pass")} β > "
            + $"{Tick(vectors.LeastBeta)} in {Verdicts.Share(use)} of the "
            + $"samples{(rows.Length == 1 ? "" : " on average")}";
        if (ClustersOf(findings, vectors, map) is not var (apart, often, seldom))
        {
            return $"The tree has no two clusters of {Count(LeastOfBranch(vectors.Heads.Count))} heads or more: "
                + $"{Words(map.Rows, findings.Mean(vectors.UseOf(map.Rows)))}; the paper finds two clusters, heads "
                + "that serve most samples and heads that serve some.";
        }

        IReadOnlyList<Evidence> parts = AgnosticHeads.Of(findings);
        string Split(string ifSo, string ifNot, string open) =>
            Verdicts.On(Evidence.Deciding([parts[1], parts[2]]), ifSo, ifNot, open);
        const string kinds = "heads that serve most samples and heads that serve some";
        string verdict = Verdicts.On(
            parts[0],
            "the clusters lie apart, "
                + Split(
                    $"as {kinds}, as the paper finds",
                    $"but do not split into {kinds}, as they do in the paper",
                    $"but the samples do not tell whether as {kinds}, as in the paper"
                ),
            "these are no clusters that lie apart, unlike the paper's two",
            "the samples do not tell whether these are clusters that lie apart, as in the paper",
            $"{Verdicts.Few(apart.Count, "head")} whether these are clusters that lie apart, as in the paper"
        );
        int[][] branches = Branches(vectors, map);
        int aside = map.Rows.Count(r => map.Branch[r] == 0);
        string others = aside > 0 ? $"; {Many(aside, "head")} {(aside == 1 ? "stands" : "stand")} apart" : "";
        return $"The two main branches hold {Words(branches[0], often)} and {Words(branches[1], seldom)}{others}. "
            + $"Their mean silhouette is {Verdicts.Number(apart)} (1 = far apart, below "
            + $"{Tick(Silhouette.Reasonable)} = weak or none): {verdict}.";
    }

    /// <summary>Heads that make a cluster.</summary>
    private static int LeastOfBranch(int heads) => Math.Max(Several, (int)Math.Ceiling(heads * LeastBranch));

    private static Svg Draw(HeadVectors vectors, Map map, Canvas canvas)
    {
        IReadOnlyList<ColumnGroup> groups = map.GroupsOf(vectors);
        var (svg, grid) = TreeGrid.Of(canvas, map.Rows.Length, map.Columns.Length, groups);
        grid.DrawCells(
            svg,
            map.Values,
            map.Scale.InkOf,
            "{r}\n{c}\nβ = {v}",
            map.Rows.Select(r => map.NameOf(r)),
            map.Columns.Select(c => Label(vectors.Samples[c]))
        );
        grid.DrawGroups(svg, groups);
        grid.DrawTree(svg, vectors.Tree, map.Rows);
        for (int place = 0; place < map.Rows.Length; place++)
        {
            grid.DrawRow(svg, place, BranchInk(map.Branch[map.Rows[place]]), map.ShortNameOf(map.Rows[place]));
        }

        return grid.DrawRamp(svg, "β", Palette.SignedAt, map.Scale.Labels);
    }

    private static Ink BranchInk(int branch) =>
        branch switch
        {
            1 => Palette.Series[2],
            2 => Palette.Series[3],
            _ => Palette.Rule,
        };

    private static string Label(HeadVectorSample sample) =>
        sample.Category.Length > 0 ? $"{sample.Category}, {sample.SampleId}" : sample.SampleId;

    /// <summary>
    /// The heat map: rows in the order of the tree's leaves, columns by super-category, object, sample.
    /// </summary>
    /// <param name="Rows">Head vectors, from the top.</param>
    /// <param name="Columns">Samples drawn, from the left.</param>
    /// <param name="Values">[rows, columns].</param>
    /// <param name="Branch">1 or 2 of each head vector: the greater and the smaller main branch; 0 = neither.</param>
    /// <param name="Heads">Head numbers.</param>
    /// <param name="HeadsPerLayer">H.</param>
    /// <param name="BySuper">Columns are grouped by super-category; false where the data have none: by object.</param>
    private sealed record Map(
        int[] Rows,
        int[] Columns,
        double[,] Values,
        int[] Branch,
        IReadOnlyList<int> Heads,
        int HeadsPerLayer,
        bool BySuper
    )
    {
        public SignedScale Scale { get; } = SignedScale.Of(Values.Cast<double>());

        public static Map Of(HeadVectors vectors, int headsPerLayer)
        {
            int[] rows = vectors.Tree.Leaves();
            int[] sorted =
            [
                .. Enumerable
                    .Range(0, vectors.Samples.Count)
                    .OrderBy(i => vectors.Samples[i].SuperCategory, StringComparer.Ordinal)
                    .ThenBy(i => vectors.Samples[i].Category, StringComparer.Ordinal)
                    .ThenBy(i => vectors.Samples[i].SampleId, StringComparer.Ordinal),
            ];
            int drawn = Math.Min(sorted.Length, Math.Clamp(CellsAtMost / rows.Length, 1, ColumnsAtMost));
            int[] columns = [.. Enumerable.Range(0, drawn).Select(i => sorted[(int)((long)i * sorted.Length / drawn)])];
            var values = new double[rows.Length, columns.Length];
            for (int r = 0; r < rows.Length; r++)
            {
                for (int c = 0; c < columns.Length; c++)
                {
                    values[r, c] = vectors.Vectors[rows[r]][columns[c]];
                }
            }

            return new Map(
                rows,
                columns,
                values,
                MainBranches(vectors.Tree),
                vectors.Heads,
                headsPerLayer,
                vectors.Samples.Any(v => v.SuperCategory.Length > 0)
            );
        }

        /// <summary>Columns side by side that are of one group, from the left.</summary>
        public IReadOnlyList<ColumnGroup> GroupsOf(HeadVectors vectors)
        {
            var groups = new List<ColumnGroup>();
            foreach (HeadVectorSample sample in Columns.Select(c => vectors.Samples[c]))
            {
                string name = BySuper ? sample.SuperCategory : sample.Category;
                name = name.Length > 0 ? name : "not known";
                if (groups.Count > 0 && groups[^1].Name == name)
                {
                    groups[^1] = groups[^1] with { Columns = groups[^1].Columns + 1 };
                }
                else
                {
                    groups.Add(new ColumnGroup(name, 1));
                }
            }

            return groups;
        }

        /// <summary>
        /// The highest cut whose second largest branch holds several heads: one that joins last is no cluster. Where
        /// there is none, no head is in a branch.
        /// </summary>
        private static int[] MainBranches(Dendrogram tree)
        {
            int[][] cuts = [.. Enumerable.Range(2, MostCuts).Select(tree.Cut)];
            int[] Sizes(int[] labels) => [.. labels.GroupBy(l => l).Select(g => g.Count()).OrderDescending()];
            if (
                cuts.FirstOrDefault(c => Sizes(c) is [_, var second, ..] && second >= LeastOfBranch(tree.Count))
                is not { } labels
            )
            {
                return new int[tree.Count];
            }

            int[] largest =
            [
                .. labels
                    .GroupBy(l => l)
                    .OrderByDescending(g => g.Count())
                    .ThenBy(g => g.Key)
                    .Take(2)
                    .Select(g => g.Key),
            ];
            return [.. labels.Select(l => Array.IndexOf(largest, l) + 1)];
        }

        public string NameOf(int row) =>
            $"layer {Count(Heads[row] / HeadsPerLayer)}, head {Count(Heads[row] % HeadsPerLayer)}";

        public string ShortNameOf(int row) =>
            $"{Count(Heads[row] / HeadsPerLayer)}.{Count(Heads[row] % HeadsPerLayer)}";
    }

    /// <summary>Head vectors: beta of a head over samples, clustered.</summary>
    /// <param name="Heads">Heads n = layer * H + head, in the order of the tree's things.</param>
    /// <param name="Samples">The samples of a vector's entries.</param>
    /// <param name="Vectors">[heads][samples].</param>
    /// <param name="Tree">Clustering of the vectors.</param>
    /// <param name="LeastBeta">A head is in it where some sample's beta is above this.</param>
    /// <param name="Method">How they were clustered, in words.</param>
    /// <param name="Metric">How far apart two vectors are.</param>
    private sealed record HeadVectors(
        IReadOnlyList<int> Heads,
        IReadOnlyList<HeadVectorSample> Samples,
        IReadOnlyList<double[]> Vectors,
        Dendrogram Tree,
        double LeastBeta,
        string Method,
        VectorDistance Metric
    )
    {
        /// <summary>Of every sample, the share of some heads whose beta passes the least that counts.</summary>
        public double[] UseOf(int[] rows) =>
            [
                .. Enumerable
                    .Range(0, Samples.Count)
                    .Select(sample => rows.Count(r => Vectors[r][sample] > LeastBeta) / (double)rows.Length),
            ];

        /// <summary>Null where none were clustered.</summary>
        public static HeadVectors? Of(Findings findings)
        {
            if (findings.Settings<ClusterHeadsSpec>() is not { } spec)
            {
                return null;
            }

            var byHead = findings
                .Rows<HeadVectorRow>()
                .GroupBy(r => (r.Layer * findings.Data.Model.Heads) + r.Head)
                .ToList();
            var samples = findings.Samples.ToDictionary(s => s.SampleId, StringComparer.Ordinal);
            return new HeadVectors(
                [.. byHead.Select(h => h.Key)],
                [
                    .. byHead
                        .Take(1)
                        .SelectMany(h => h.Select(r => r.SampleId))
                        .Select(id => new HeadVectorSample(
                            id,
                            samples.GetValueOrDefault(id)?.Category ?? "",
                            samples.GetValueOrDefault(id)?.SuperCategory ?? ""
                        )),
                ],
                [.. byHead.Select(h => h.Select(r => r.Beta).ToArray())],
                new Dendrogram(byHead.Count, findings.Rows<ClusterMerge>()),
                spec.LeastBeta,
                findings.Data.Tables.Note<HeadVectorRow>(),
                spec.Distance
            );
        }
    }

    /// <summary>A column of the head vectors.</summary>
    private readonly record struct HeadVectorSample(string SampleId, string Category, string SuperCategory);
}
