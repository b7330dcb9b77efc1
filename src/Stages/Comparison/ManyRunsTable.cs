using Pipelines.Stages.Reporting;
using static Pipelines.Stages.Comparison.ComparisonFormat;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Comparison;

/// <summary>Tables of several runs, for the terminal and for the page.</summary>
public static class ManyRunsTable
{
    /// <summary>
    /// A row a run: its fit and its heads, and how they differ from the first run's over the samples that both have,
    /// whose number stands beside, for it may be far from all.
    /// </summary>
    public static ComparisonTable Results(ManyRuns runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        bool asShare = runs.Others.SelectMany(o => o.Scans).Any(s => !s.SameHeads);
        return new ComparisonTable(
            [
                ("", false),
                ("run", false),
                ("samples", true),
                ("also A's", true),
                ("R²", true),
                ("less A's", true),
                (asShare ? "% of heads, faithfulness" : "heads, faithfulness", true),
                ("less A's", true),
                ("cosine of β with A's", true),
            ],
            [
                Row(runs, 0, runs.FitOf(0)?.R2.A, LeadOf(runs.Others, asShare)?.A, null),
                .. runs.Others.Select(
                    (other, i) =>
                    {
                        Paired? lead = LeadOf([other], asShare);
                        return Row(runs, i + 1, runs.FitOf(i + 1)?.R2.B, lead?.B, other, lead?.Difference);
                    }
                ),
            ]
        );
    }

    /// <summary>Settings in which not all runs agree, a column a run; null where they agree in all.</summary>
    public static ComparisonTable? Settings(ManyRuns runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        string[] paths =
        [
            .. runs.Others.SelectMany(o => o.Differences.Settings).Select(d => d.Path).Distinct(StringComparer.Ordinal),
        ];
        Dictionary<string, string>[] values =
        [
            .. runs.Runs.Select(r => r.Settings.ToDictionary(s => s.Path, s => s.Value, StringComparer.Ordinal)),
        ];
        return paths.Length == 0
            ? null
            : new ComparisonTable(
                [("setting", false), .. runs.Runs.Select((_, i) => (ManyRuns.Letter(i), false))],
                [.. paths.Select(p => (string[])[p, .. values.Select(v => v.GetValueOrDefault(p) ?? None)])]
            );
    }

    /// <summary>Cosine of mean beta between all runs; null where fewer than two have one.</summary>
    public static ComparisonTable? Cosines(ManyRuns runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        int[] all = [.. Enumerable.Range(0, runs.Runs.Count)];
        return all.All(i => all.All(j => i == j || double.IsNaN(runs.Cosine[i, j])))
            ? null
            : new ComparisonTable(
                [("cosine of mean β", false), .. all.Select(i => (ManyRuns.Letter(i), true))],
                [.. all.Select(i => (string[])[ManyRuns.Letter(i), .. all.Select(j => Fixed(runs.Cosine[i, j], 3))])]
            );
    }

    private static string[] Row(
        ManyRuns runs,
        int run,
        Analysis.Estimate? r2,
        Analysis.Estimate? heads,
        RunComparison? other,
        Analysis.Estimate? lessHeads = null
    ) =>
        [
            ManyRuns.Letter(run),
            runs.Runs[run].Name,
            r2 is { } fits ? Count(fits.Count) : None,
            other is null ? "" : Count(other.FirstFit?.R2.Difference.Count ?? 0),
            r2 is { } fit ? Spread(fit) : None,
            other?.FirstFit is { } first ? Less(first.R2.Difference, 3) : "",
            heads is { Count: > 0 } needed ? needed.Written(v => Fixed(v, 1)) : None,
            lessHeads is { } less ? Less(less, 1) : "",
            other is null ? "" : Fixed(runs.Cosine[0, run], 3),
        ];

    /// <summary>A difference from the first run; one of a few samples tells nothing, and says so.</summary>
    private static string Less(Analysis.Estimate difference, int decimals) =>
        difference.Count == 0 || difference.CanTell
            ? ComparisonFormat.Signed(difference, decimals)
            : $"{Reporting.Format.Signed(difference.Mean, decimals)}, too few";

    /// <summary>Heads that head attribution needs for faithfulness.</summary>
    /// <param name="runs">The first of them that compares it.</param>
    /// <param name="asShare">As a percentage of all heads, since not all runs have as many; of two runs with different
    /// heads they are one already.</param>
    private static Paired? LeadOf(IEnumerable<RunComparison> runs, bool asShare)
    {
        var (scan, lead) = runs.SelectMany(r => r.Scans)
            .SelectMany(s => s.Criteria.Select(c => (Scan: s, Criterion: c)))
            .FirstOrDefault(c => c.Criterion.Criterion == Criteria.HeadAttribution);
        if (lead is null)
        {
            return null;
        }

        double unit = asShare && scan.SameHeads ? 0.01 * scan.A.HeadCount : 1;
        Paired heads = lead.Faithful.Heads;
        return heads with { A = heads.A.Over(unit), B = heads.B.Over(unit), Difference = heads.Difference.Over(unit) };
    }
}
