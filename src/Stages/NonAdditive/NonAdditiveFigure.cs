using Pipelines.Domain.Errors;
using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Beyond the paper: how much of phi is not additive in the heads, as R^2 that trees on the elastic net's residual
/// gain.
/// </summary>
[Figure("fig-non-additive", Section.Beyond, Order = 2)]
internal sealed class NonAdditiveFigure : IFigure<Findings>
{
    /// <summary>The figure; null without the rows.</summary>
    public static Drawing? Of(Findings findings)
    {
        NonAdditiveRow[] rows = [.. findings.Rows<NonAdditiveRow>().Where(r => r.Gained is not null)];
        if (rows.Length == 0)
        {
            return null;
        }

        Estimate gained = findings.Mean(rows.Select(Gained)),
            linear = findings.Mean(rows.Select(Linear));
        var table = new FigureTable(
            ["sample_id", "r2_elastic_net", "r2_with_trees", "gained", "trees"],
            [
                .. rows.Select(r =>
                    (IReadOnlyList<object?>)[r.SampleId, r.R2ElasticNet, r.R2WithTrees, r.Gained, r.Trees]
                ),
            ]
        );
        return new Drawing(
            "What heads do together",
            Shows(rows, gained, linear),
            $"Each dot is a sample (n = {Count(rows.Length)}): what gradient-boosted trees, fitted to the elastic "
                + $"net's residual on the train masks, add to R² on the test masks. Line and band: mean and its 95 % "
                + $"bootstrap interval. "
                + "Cross-validation on the train masks chose the number of trees; grey dots are samples for which it "
                + "chose none.",
            table,
            canvas => Draw(rows, gained, canvas)
        );
    }

    private static double Gained(NonAdditiveRow row) => row.Gained!.Value;

    private static double Linear(NonAdditiveRow row) => row.R2ElasticNet!.Value;

    private static string Shows(NonAdditiveRow[] rows, Estimate gained, Estimate linear)
    {
        double left = 1 - linear.Mean;
        string share =
            left > 0 && gained.Mean > 0 ? $", {Percent(gained.Mean / left)} of what the elastic net leaves" : "";
        string none = rows.Count(r => r.Trees == 0) is > 0 and var count
            ? $" In {Many(count, "sample")} no tree helps."
            : "";
        return $"Interactions that trees can find add {gained.Written(Signed)} to an R² of "
            + $"{Verdicts.Number(linear, 3)}{share}: "
            + (
                !gained.CanTell ? $"{Verdicts.Few(gained.Count)} it from nothing."
                : gained.Direction == 0 ? "nothing that the samples tell from none."
                : gained.Low > left / 2 ? "most of what a sum of heads misses is heads acting together."
                : gained.Mean > 0 ? "a part of what a sum of heads misses is heads acting together."
                : "heads act additively."
            )
            + none;
    }

    private static string Signed(double value) => Format.Signed(value, 3);

    private static Svg Draw(NonAdditiveRow[] rows, Estimate gained, Canvas canvas)
    {
        var (svg, panel) = Panel.Single(canvas);
        double least = rows.Min(Linear),
            most = rows.Max(Linear),
            room = Math.Max(0.01, 0.05 * (most - least));
        double low = Math.Min(0, rows.Min(Gained)),
            high = Math.Max(0.01, rows.Max(Gained)),
            space = 0.08 * (high - low);
        Scale x = panel.Across(least - room, most + room),
            y = panel.Upwards(low - space, high + space);
        svg.Axes(
            x,
            y,
            "R² of the elastic net on test masks",
            "R² gained by trees on its residual",
            x.Ticks(canvas.IsNarrow ? 5 : 8),
            y.Ticks(6)
        );
        svg.Line(x.Start, y[0], x.End, y[0], Palette.Muted, 1.2, "5 4");
        if (gained.HasInterval)
        {
            svg.Band(
                [(x.Start, y.Clamped(gained.High)), (x.End, y.Clamped(gained.High))],
                [(x.Start, y.Clamped(gained.Low)), (x.End, y.Clamped(gained.Low))],
                Palette.Series[2],
                0.18
            );
        }

        svg.Line(x.Start, y[gained.Mean], x.End, y[gained.Mean], Palette.Series[2], 2);
        foreach (NonAdditiveRow row in rows)
        {
            svg.Dot(
                x[Linear(row)],
                y[Gained(row)],
                4,
                row.Trees > 0 ? Palette.Series[2] : Palette.Series[5],
                $"{Shown.Name(row.SampleId)}: R² {Fixed(Linear(row), 3)} → "
                    + $"{Fixed(row.R2WithTrees!.Value, 3)}\n{Many(row.Trees, "tree")}",
                0.75
            );
        }

        return svg;
    }
}
