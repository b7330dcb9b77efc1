using Pipelines.Domain.Errors;
using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>The samples behind Table 2: R^2 and rho of each, their means, and the paper's.</summary>
[Figure("fig2-fit", Section.Fit, Paper = "Table 2", Order = 1)]
internal sealed class FitFigure : IFigure<Findings>
{
    private const double Label = 40,
        Row = 62,
        Top = 18,
        Right = 14;

    /// <summary>The figure; null without a regression.</summary>
    public static Drawing? Of(Findings findings)
    {
        if (findings.Fitted.Count == 0)
        {
            return null;
        }

        var table = new FigureTable(
            ["sample_id", "r2", "rho"],
            [.. findings.Fitted.Select(s => (IReadOnlyList<object?>)[s.SampleId, s.R2, s.Rho])]
        );
        return new Drawing(
            "Fit of every sample",
            Shows(findings),
            "Dots: samples; thick line: mean ± one standard deviation over samples, as the paper states it; the bar "
                + "on it: 95 % bootstrap interval of the mean. "
                + (
                    findings.Published is { } paper
                        ? $"Grey band: the paper's {paper.Model} on COCO, mean ± one standard deviation."
                    : findings.Papers.Any()
                        ? "Grey band: range of the paper's means over its ten models; this model is none of them."
                    : "The paper has no number to compare with: what f is or what is asked is not as in it."
                ),
            table,
            canvas => Draw(findings, canvas)
        );
    }

    private static string Shows(Findings findings)
    {
        SampleResult worst = findings.Fitted.MinBy(s => s.R2)!;
        string unfinished = string.Concat(
            findings.Rows<Convergence>().Where(c => c.Unfinished > 0).Select(c => " " + c.Sentence)
        );
        string ours =
            "A sum of single heads explains "
            + $"{(findings.R2.Mean > 0 ? Verdicts.Share(findings.R2) : "none")} of the variance of φ on masks that "
            + $"did not train (R² {Sentences.WithInterval(findings.R2)}, ρ {Sentences.WithInterval(findings.Rho)}, "
            + $"n = {Count(findings.Fitted.Count)}); the worst sample is “{worst.Answer}” ({worst.File}) with R² "
            + $"{Fixed(worst.R2, 2)}.{unfinished}";
        if (findings.Published is { } paper)
        {
            string verdict = Verdicts.Against(
                findings.R2,
                paper.R2,
                "ours is higher",
                "ours is lower",
                "the samples do not tell ours from it",
                $"{Verdicts.Few(findings.R2.Count)} ours from it"
            );
            return $"{ours} The paper's {paper.Model} has R² {Fixed(paper.R2, 2)} ± {Fixed(paper.R2Deviation, 2)}: "
                + $"{verdict} (difference {Verdicts.Number(findings.R2.Less(paper.R2))}).";
        }

        if (!findings.Papers.Any())
        {
            return ours;
        }

        double least = Published.All.Min(p => p.R2),
            most = Published.All.Max(p => p.R2);
        string range = $"the range of the paper's ten models ({Fixed(least, 2)} to {Fixed(most, 2)})";
        return (findings.R2.Less(least), findings.R2.Less(most)) switch
        {
            ({ CanTell: false }, _) => $"{ours} The paper's ten models have {Fixed(least, 2)} to {Fixed(most, 2)}; "
                + $"{Verdicts.Few(findings.R2.Count)} on which side this one lies.",
            ({ Direction: < 0 }, _) => $"{ours} That is below {range}.",
            (_, { Direction: > 0 }) => $"{ours} That is above {range}.",
            ({ Direction: > 0 }, { Direction: < 0 }) => $"{ours} That is inside {range}.",
            _ => $"{ours} The interval holds an end of {range}.",
        };
    }

    private static Svg Draw(Findings findings, Canvas canvas)
    {
        Svg svg = canvas.Svg(Top + (2 * Row) + RowAxis.Height);
        double[] values = [.. findings.Fitted.SelectMany(s => new[] { s.R2, s.Rho }).Where(double.IsFinite)];
        double least = Math.Clamp(Math.Floor((values.DefaultIfEmpty(0).Min() - 0.02) * 10) / 10, -1, 0.7);
        var x = new Scale(least, 1, Label, canvas.Width - Right);
        double bottom = Top + (2 * Row);
        RowAxis.Draw(svg, x, Top - 8, bottom, "on test masks; 1 = perfect", canvas.IsNarrow ? 5 : 10);
        var (r2, rho) = PaperBands([.. findings.Papers]);
        DrawRow(svg, "R²", findings.R2, r2, findings.Fitted.Select(s => (s, s.R2)), x, Top);
        DrawRow(svg, "ρ", findings.Rho, rho, findings.Fitted.Select(s => (s, s.Rho)), x, Top + Row);
        return svg;
    }

    /// <summary>
    /// A model's mean and deviation, or the range of several; null where there is nothing to compare with.
    /// </summary>
    private static ((double Low, double High)? R2, (double Low, double High)? Rho) PaperBands(Published[] papers) =>
        papers switch
        {
            [] => (null, null),
            [var paper] => (
                (paper.R2 - paper.R2Deviation, paper.R2 + paper.R2Deviation),
                (paper.Rho - paper.RhoDeviation, paper.Rho + paper.RhoDeviation)
            ),
            _ => ((papers.Min(p => p.R2), papers.Max(p => p.R2)), (papers.Min(p => p.Rho), papers.Max(p => p.Rho))),
        };

    private static void DrawRow(
        Svg svg,
        string name,
        Estimate mean,
        (double Low, double High)? paper,
        IEnumerable<(SampleResult Sample, double Value)> values,
        Scale x,
        double y
    )
    {
        double middle = y + (Row / 2) - 6;
        if (paper is var (low, high))
        {
            svg.Rectangle(
                x.Clamped(low),
                y,
                x.Clamped(high) - x.Clamped(low),
                Row - 12,
                Palette.Muted,
                $"paper: {Fixed(low, 2)} to {Fixed(high, 2)}",
                0.2
            );
        }

        svg.Text(x.Start - 10, middle + 5, name, "end", Palette.Ink, 15, bold: true);
        foreach (
            var ((sample, value), i) in values
                .OrderBy(v => v.Value)
                .Select((v, i) => (v, i))
                .Where(v => double.IsFinite(v.v.Value))
        )
        {
            svg.Dot(
                x.Clamped(value),
                middle + (((i % 5) - 2) * 5.5),
                3,
                Palette.Series[0],
                $"{Shown.Name(sample.File)}, “{Shown.Name(sample.Answer)}”\n{name} = {Fixed(value, 3)}",
                0.5
            );
        }

        if (double.IsFinite(mean.Mean))
        {
            double spread = double.IsFinite(mean.Deviation) ? mean.Deviation : 0;
            svg.Line(x.Clamped(mean.Mean - spread), middle, x.Clamped(mean.Mean + spread), middle, Palette.Ink, 2.4);
            if (mean.HasInterval)
            {
                svg.Rectangle(
                    x.Clamped(mean.Low),
                    middle - 4,
                    x.Clamped(mean.High) - x.Clamped(mean.Low),
                    8,
                    Palette.Ink,
                    opacity: 0.45
                );
            }

            string interval = mean.HasInterval
                ? $"\n95 % of the mean: {Fixed(mean.Low, 3)} to {Fixed(mean.High, 3)}"
                : "";
            svg.Dot(
                x.Clamped(mean.Mean),
                middle,
                5,
                Palette.Ink,
                $"mean {name} = {Fixed(mean.Mean, 3)} ± {Fixed(mean.Deviation, 3)}{interval}"
            );
        }
    }
}
