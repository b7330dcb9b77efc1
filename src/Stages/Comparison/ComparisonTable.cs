using System.Globalization;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using static Pipelines.Stages.Comparison.ComparisonFormat;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Comparison;

/// <summary>A table for the terminal and for the page.</summary>
/// <param name="Columns">Names, and whether a column holds numbers.</param>
/// <param name="Rows">Cells.</param>
public sealed record ComparisonTable(
    IReadOnlyList<(string Title, bool IsNumber)> Columns,
    IReadOnlyList<IReadOnlyList<string>> Rows
)
{
    /// <summary>Settings that differ; null where none does.</summary>
    public static ComparisonTable? Settings(RunComparison runs) =>
        runs.Differences.Settings.Count == 0
            ? null
            : new ComparisonTable(
                [("setting", false), ("A", false), ("B", false)],
                [.. runs.Differences.Settings.Select(d => (string[])[d.Path, d.A ?? None, d.B ?? None])]
            );

    /// <summary>Stages that only one run has; null where there is none.</summary>
    public static ComparisonTable? Stages(RunComparison runs)
    {
        string[][] rows =
        [
            .. runs.Differences.OnlyA.Select(s => (string[])[s.Name, s.Kind, "A"]),
            .. runs.Differences.OnlyB.Select(s => (string[])[s.Name, s.Kind, "B"]),
        ];
        return rows.Length == 0
            ? null
            : new ComparisonTable([("stage", false), ("kind", false), ("only in", false)], rows);
    }

    /// <summary>Tables whose rows differ; null where none does.</summary>
    public static ComparisonTable? Tables(RunComparison runs)
    {
        string[][] rows =
        [
            .. runs
                .Tables.Where(t => !t.IsNone)
                .Select(t =>
                    (string[])
                        [
                            t.Name,
                            Count(t.Both),
                            Count(t.OnlyA),
                            Count(t.OnlyB),
                            Count(t.Differ),
                            string.Join(", ", t.Columns.Select(Words)),
                        ]
                ),
        ];
        return rows.Length == 0
            ? null
            : new ComparisonTable(
                [
                    ("table", false),
                    ("rows in both", true),
                    ("only in A", true),
                    ("only in B", true),
                    ("differ", true),
                    ("columns that differ (by at most)", false),
                ],
                rows
            );
    }

    private static string Words(ColumnDifference column) =>
        column.Largest is { } largest ? $"{column.Name} ({Exact(Rounded(largest))})" : column.Name;

    /// <summary>To three digits, whatever its size.</summary>
    private static double Rounded(double value) =>
        double.Parse(value.ToString("G3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>The samples in common.</summary>
    public static ComparisonTable Samples(SampleOverlap overlap)
    {
        int common = overlap.Common.Count;
        List<string[]> rows =
        [
            ["kept in both", Count(common)],
            ["only in A", Count(overlap.OnlyA)],
            ["only in B", Count(overlap.OnlyB)],
        ];
        if (common > 0)
        {
            rows.Add(["same answer in both", $"{Count(overlap.Common.Count(s => s.SameAnswer))} of {Count(common)}"]);
            rows.Add([
                "same target token in both",
                $"{Count(overlap.Common.Count(s => s.SameTarget))} of {Count(common)}",
            ]);
        }

        return new ComparisonTable([("samples", false), ("", true)], rows);
    }

    /// <summary>Table 2 side by side.</summary>
    public static ComparisonTable Fit(FitComparison fit) =>
        PairedRows("on test masks", [("R²", fit.R2, Sentences.PlusMinus, 3), ("ρ", fit.Rho, Sentences.PlusMinus, 3)]);

    /// <summary>How alike beta is; null where it cannot be compared.</summary>
    public static ComparisonTable? Beta(FitComparison fit)
    {
        if (fit.Beta is not { } beta)
        {
            return null;
        }

        MeanAgreement means = beta.OfMeans;
        List<string[]> rows =
        [
            ["mean β, Pearson", Fixed(means.Pearson, 3), ""],
            ["mean β, cosine", Fixed(means.Cosine, 3), ""],
        ];
        if (beta.Samples.Count > 0)
        {
            string least = beta.Least is { } worst ? $"least {Fixed(worst.Pearson, 3)}: {Named(worst.Sample)}" : "";
            rows.Add(["a sample's β, Pearson", Spread(beta.Pearson), least]);
            rows.Add([
                "a sample's β, cosine",
                Spread(beta.Cosine),
                beta.Samples.Where(s => double.IsFinite(s.Cosine)).MinBy(s => s.Cosine) is { } low
                    ? $"least {Fixed(low.Cosine, 3)}: {Named(low.Sample)}"
                    : "",
            ]);
        }

        foreach (TopHeads top in beta.Top)
        {
            string each = top.BySample.Count > 0 ? $"a sample's own: {MeanHeads(top.BySample.Mean)} on average" : "";
            rows.Add([
                $"top {Count(top.K)} heads of the mean in both",
                $"{Count(top.OfMeans)} of {Count(top.K)}",
                each,
            ]);
        }

        return new ComparisonTable([("β", false), ("", true), ("", false)], rows);
    }

    /// <summary>Heads needed by each criterion.</summary>
    public static ComparisonTable Needed(ScanComparison scan)
    {
        string faithful = $"faithfulness > {Tick(scan.A.Faithfulness)}",
            complete = $"completeness < {Tick(scan.A.Completeness)}";
        IEnumerable<string[]> Rows(string quantity, Func<CriterionComparison, NeededComparison> of) =>
            scan.Criteria.Select(c =>
                (string[])
                    [
                        c.Title,
                        quantity,
                        HeadsOf(of(c).Heads.A, of(c).NotReachedA, scan.SameHeads),
                        HeadsOf(of(c).Heads.B, of(c).NotReachedB, scan.SameHeads),
                        Signed(of(c).Heads.Difference, 1),
                        Count(of(c).Heads.Difference.Count),
                    ]
            );
        string unit = scan.SameHeads ? "" : ", % of heads";
        return new ComparisonTable(
            [
                ($"heads needed{unit}", false),
                ("for", false),
                .. Sides(scan.Criteria.SelectMany(c => (Paired[])[c.Faithful.Heads, c.Complete.Heads])),
            ],
            [.. Rows(faithful, c => c.Faithful), .. Rows(complete, c => c.Complete)]
        );
    }

    /// <summary>How far the mean curves lie apart.</summary>
    public static ComparisonTable Curves(ScanComparison scan) =>
        new(
            [
                ("mean curves", false),
                ("faithfulness: distance", true),
                ("ρ", true),
                ("completeness: distance", true),
                ("ρ", true),
                ("places", true),
            ],
            [
                .. scan.Criteria.Select(c =>
                    (string[])
                        [
                            c.Title,
                            Fixed(c.Faithfulness.Distance, 3),
                            Fixed(c.Faithfulness.Pearson, 3),
                            Fixed(c.Completeness.Distance, 3),
                            Fixed(c.Completeness.Pearson, 3),
                            Count(c.Faithfulness.Places),
                        ]
                ),
            ]
        );

    /// <summary>Token traces: Table 3 side by side, and how alike tokens are.</summary>
    /// <param name="trace">The traces.</param>
    /// <param name="areLogits">f is the paper's logit in both runs.</param>
    public static IReadOnlyList<ComparisonTable> Traces(TraceComparison trace, bool areLogits = true)
    {
        ComparisonTable kept = PairedRows(
            "tokens",
            [
                ($"{(areLogits ? "logit" : "φ")} kept φ(x*, u*, 1) / φ(x*)", trace.LogitKept, Sentences.PlusMinus, 3),
                ("heads in x*", trace.HeadsKept, Heads, 1),
                ("important text tokens", trace.TokensKept, Heads, 1),
            ]
        );
        List<string[]> rows = [];
        if (trace.Delta.Count > 0)
        {
            rows.Add(["δ over a sample's text tokens", Spread(trace.Delta), Count(trace.Delta.Count)]);
        }

        if (trace.ImageBeta.Count > 0)
        {
            rows.Add(["β over a sample's image tokens", Spread(trace.ImageBeta), Count(trace.ImageBeta.Count)]);
        }

        return rows.Count == 0
            ? [kept]
            : [kept, new ComparisonTable([("A against B", false), ("Pearson", true), ("samples", true)], rows)];
    }

    private static ComparisonTable PairedRows(
        string name,
        (string Title, Paired Value, Func<Estimate, string> Shown, int Decimals)[] rows
    ) =>
        new(
            [(name, false), .. Sides(rows.Select(r => r.Value))],
            [
                .. rows.Select(r =>
                    (string[])
                        [
                            r.Title,
                            r.Shown(r.Value.A),
                            r.Shown(r.Value.B),
                            Signed(r.Value.Difference, r.Decimals),
                            Count(r.Value.Difference.Count),
                        ]
                ),
            ]
        );

    /// <summary>
    /// The columns of both runs and of their difference. A run's mean is over all its samples, as its report has it:
    /// where they are not those of the difference, this is said, because B - A then is not B minus A.
    /// </summary>
    private static IEnumerable<(string Title, bool IsNumber)> Sides(IEnumerable<Paired> rows)
    {
        bool same = rows.All(p => p.A.Count == p.Difference.Count && p.B.Count == p.Difference.Count);
        string of = same ? "" : ", all its samples";
        return [($"A{of}", true), ($"B{of}", true), ("B − A, paired", true), ("samples", true)];
    }

    private static string Heads(Estimate mean) => MeanHeads(mean.Mean);

    private static string HeadsOf(Estimate mean, int notReached, bool areHeads) =>
        mean.Count == 0
            ? "not reached"
            : (areHeads ? MeanHeads(mean.Mean) : Fixed(mean.Mean, 1))
                + (notReached > 0 ? $" ({Many(notReached, "sample")} not reached)" : "");
}
