using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Beyond the paper: masks and gradients side by side, a line a number.</summary>
[Figure("table-gradient-worth", Section.Beyond)]
internal sealed class GradientWorthTable : IPageTable<Findings>
{
    /// <summary>The table; null without the rows.</summary>
    public static PageTable? Of(Findings findings) =>
        WorthFindings.Of(findings.Rows<WorthRow>(), findings.Rows<PassSecondsRow>()) is { } worth
            ? new PageTable(Html(worth), Data(worth))
            : null;

    /// <summary>The numbers; those of a sample are in the table gradient_worth.</summary>
    public static FigureTable Data(WorthFindings worth)
    {
        string[] quantities = ["r2", "pearson", "spearman", "faithful_heads", "complete_heads"];
        return new FigureTable(
            [
                "way",
                "observations",
                "passes",
                "seconds",
                .. quantities.SelectMany(q => new[] { q, $"{q}_low95", $"{q}_high95" }),
                "worth_masks",
                "worth_masks_low95",
                "worth_masks_high95",
                "worth_per_pass",
                "worth_per_pass_low95",
                "worth_per_pass_high95",
                "samples",
            ],
            [
                .. worth.Masks.Select(p => Row(WorthRow.Masks, p, Estimate.None, Estimate.None, worth.Samples)),
                .. worth.Gradients.Select(g => Row(WorthRow.Gradients, g.Point, g.Masks, g.PerPass, worth.Samples)),
            ]
        );
    }

    private static IReadOnlyList<object?> Row(
        string way,
        WorthPoint p,
        Estimate masks,
        Estimate perPass,
        int samples
    ) =>
        [
            way,
            p.Observations,
            p.Passes,
            p.Seconds,
            .. new[] { p.R2, p.Pearson, p.Spearman, p.Faithful, p.Complete, masks, perPass }.SelectMany(e =>
                new object?[] { e.Mean, e.Low, e.High }
            ),
            samples,
        ];

    private static string Html(WorthFindings worth)
    {
        (string, bool)[] columns =
        [
            ("fitted to", false),
            ("passes", true),
            ("seconds", true),
            ("R²", true),
            ("r with the largest", true),
            ("rank r", true),
            ("heads, faithful", true),
            ("heads, complete", true),
            ("worth in masks", true),
        ];
        return PageSections.Table(
                columns,
                [
                    .. worth.Masks.Select(p => Cells(p, "mask", None)),
                    .. worth.Gradients.Select(g => Cells(g.Point, "gradient", g.MasksWorth)),
                ]
            )
            + "<p class=\"files\">What gradients are worth: mean over samples [95 % interval of the mean] · <a "
            + "href=\"figures/table-gradient-worth.csv\">CSV</a></p>\n";
    }

    private static string[] Cells(WorthPoint p, string noun, string worth) =>
        [
            Many(p.Observations, noun),
            Count((long)Math.Round(p.Passes)),
            Fixed(p.Seconds, 2),
            Verdicts.Number(p.R2, 3),
            Fixed(p.Pearson.Mean, 3),
            Fixed(p.Spearman.Mean, 3),
            Verdicts.Number(p.Faithful, 1),
            Verdicts.Number(p.Complete, 1),
            worth,
        ];
}
