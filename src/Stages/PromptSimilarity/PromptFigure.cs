using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Table 1: cosine of beta under other prompts with beta under the report's own, ours beside the paper's where that is
/// the default prompt.
/// </summary>
[Figure("table1-prompts", Section.Alike, Paper = "Table 1", Order = 4)]
internal sealed class PromptFigure : IFigure<Findings>
{
    private const double Right = 94,
        Row = 40,
        Top = 30;
    private const double WidestName = 78;

    /// <summary>The figure; null without other prompts.</summary>
    public static Drawing? Of(Findings findings)
    {
        if (findings.Settings<PromptSimilaritySpec>() is not { } compared)
        {
            return null;
        }

        var cosines = findings.Rows<PromptSimilarityRow>().ToLookup(r => r.Prompt, StringComparer.Ordinal);
        PromptRow[] rows = [.. compared.Prompts.Select(p => RowOf(findings, p, cosines[p]))];
        bool same = findings.Published is { IsMain: true };
        string own = OwnPrompt(findings);
        var table = new FigureTable(
            ["prompt", "text", "cosine_mean", "cosine_sd", "low95", "high95", "samples", "paper_mean", "paper_sd"],
            [
                .. rows.Select(r =>
                    (IReadOnlyList<object?>)
                        [
                            r.Prompt,
                            r.Text,
                            r.Mean.Mean,
                            r.Mean.Deviation,
                            r.Mean.Low,
                            r.Mean.High,
                            r.Mean.Count,
                            r.Paper?.Mean,
                            r.Paper?.Deviation,
                        ]
                ),
            ]
        );
        return new Drawing(
            "Similarity of β under other prompts",
            Shows(findings, rows, own, same),
            $"Small dots: cosine of a sample's β with its β under {own}; line: mean ± one standard deviation over "
                + $"samples, as the paper states it (n = {Count(rows.Max(r => r.Mean.Count))}). 1 = the same heads "
                + $"in the same proportions. "
                + (
                    rows.Any(r => r.Paper is not null)
                        ? $"Grey band: the paper's LLaVA-1.5-7B, mean ± one standard "
                            + $"deviation{(same ? "" : ", for orientation: this is another model")}."
                        : ""
                ),
            table,
            canvas => Draw(rows, own, canvas)
        );
    }

    private static string OwnPrompt(Findings findings) =>
        findings.Data.IsDefaultQuestion ? "the default prompt" : "this report's question";

    private static PromptRow RowOf(Findings findings, string prompt, IEnumerable<PromptSimilarityRow> rows)
    {
        (double Mean, double Deviation)? paper = OtherPrompts.IsPapers(findings, prompt)
            ? Published.PromptSimilarity[prompt[1] - '1']
            : null;
        string text = Prompts.Resolve(prompt);
        double[] cosines = [.. rows.Select(r => r.Cosine ?? double.NaN)];
        return new PromptRow(text == prompt ? "" : prompt, text, cosines, findings.Intervals.Of(cosines), paper);
    }

    private static string Shows(Findings findings, PromptRow[] rows, string own, bool same)
    {
        bool judged = findings.Data.HasLabels;
        PromptRow[] known = [.. rows.Where(r => r.Mean.Count > 0)];
        if (known.Length == 0)
        {
            return "No sample has coefficients under both prompts.";
        }

        PromptRow lowest = known.MinBy(r => r.Mean.Mean)!;
        Estimate mean = OtherPrompts.Mean([.. known.Select(r => r.Mean)]);
        string none =
            known.Length == rows.Length
                ? ""
                : $" No {(judged ? "answer" : "picture")} under {Named(rows.Except(known))} is "
                    + $"{(judged ? "right where it is right" : "answered where it is answered")} under {own}.";
        string ours =
            known.Length == 1
                ? $"Under {Named(known)} β keeps a cosine of {Sentences.WithInterval(known[0].Mean)} with that under "
                    + $"{own}.{none}"
                : $"Over {Many(known.Length, "prompt")} β keeps a mean cosine of {Verdicts.Number(mean)} with "
                    + $"that under "
                    + $"{own}; the lowest is {lowest.Name} with {Sentences.WithInterval(lowest.Mean)}.{none}";
        if (OtherPrompts.Of(findings) is not [var kept])
        {
            return ours;
        }

        double paper = Published.PromptSimilarity.Average(p => p.Mean),
            least = Published.PromptSimilarity.Min(p => p.Mean);
        string model = same ? "The paper" : "The paper's LLaVA-1.5-7B";
        string verdict = Verdicts.On(
            kept,
            $": here too, with {Verdicts.Number(kept.Value)}, the heads belong to the task more than to its wording",
            $"; here, with {Verdicts.Number(kept.Value)}, the wording matters more",
            $"; the samples do not tell whether the wording matters more here, with {Verdicts.Number(kept.Value)}",
            $"; {Verdicts.Few(kept.Value.Count)} whether the wording matters more here"
        );
        return $"{ours} {model} has a mean of {Fixed(paper, 2)} and a lowest of {Fixed(least, 2)}{verdict}.";
    }

    private static string Named(IEnumerable<PromptRow> rows) => string.Join(" and ", rows.Select(r => r.Name));

    private static Svg Draw(PromptRow[] rows, string own, Canvas canvas)
    {
        double bottom = Top + (rows.Length * Row);
        Svg svg = canvas.Svg(bottom + RowAxis.Height);
        double[] values =
        [
            .. rows.SelectMany(r => r.Cosines).Where(double.IsFinite),
            .. rows.Where(r => r.Paper is not null).Select(r => r.Paper!.Value.Mean - r.Paper.Value.Deviation),
        ];
        double least = Math.Clamp(Math.Floor((values.DefaultIfEmpty(0).Min() - 0.01) * 20) / 20, -1, 0.9);
        double left = Math.Clamp(14 + rows.Max(r => FigureFont.Width(r.Prompt, bold: true)), 44, WidestName);
        var x = new Scale(least, 1, left, canvas.Width - Right);
        RowAxis.Draw(svg, x, Top - 6, bottom, $"cosine of β with that under {own}", canvas.IsNarrow ? 4 : 8);
        svg.Text(x.End + 8, Top - 12, "mean ± sd", size: 11);
        for (int i = 0; i < rows.Length; i++)
        {
            DrawRow(svg, rows[i], x, Top + (i * Row));
        }

        return svg;
    }

    private static void DrawRow(Svg svg, PromptRow row, Scale x, double y)
    {
        double middle = y + 26;
        if (row.Paper is { } paper)
        {
            double low = x.Clamped(paper.Mean - paper.Deviation),
                high = x.Clamped(paper.Mean + paper.Deviation);
            svg.Rectangle(
                    low,
                    middle - 9,
                    high - low,
                    18,
                    Palette.Muted,
                    $"paper: {Fixed(paper.Mean, 2)} ± {Fixed(paper.Deviation, 2)}",
                    0.22
                )
                .Line(x.Clamped(paper.Mean), middle - 9, x.Clamped(paper.Mean), middle + 9, Palette.Muted, 1.2);
        }

        svg.Text(
                x.Start - 10,
                middle + 4,
                FigureFont.Fit(row.Prompt, x.Start - 10, bold: true),
                "end",
                Palette.Ink,
                bold: true
            )
            .Text(x.Start, y + 11, FigureFont.Fit(row.Text, x.End - x.Start, 11), size: 11, halo: true);
        svg.Cloud(
            [.. row.Cosines.Where(double.IsFinite).Select((c, i) => (x.Clamped(c), middle + (((i % 5) - 2) * 3.0)))],
            2,
            Palette.Series[0],
            0.45
        );
        if (row.Mean.Count == 0)
        {
            svg.Text(x.End + 8, middle + 4, "none", size: 11);
            return;
        }

        double spread = double.IsFinite(row.Mean.Deviation) ? row.Mean.Deviation : 0;
        svg.Line(
            x.Clamped(row.Mean.Mean - spread),
            middle,
            x.Clamped(row.Mean.Mean + spread),
            middle,
            Palette.Ink,
            2.2
        );
        string interval = row.Mean.HasInterval
            ? $"\n95 % of the mean: {Fixed(row.Mean.Low, 3)} to {Fixed(row.Mean.High, 3)}"
            : "";
        svg.Dot(
            x.Clamped(row.Mean.Mean),
            middle,
            4.6,
            Palette.Ink,
            $"{row.Name}: {Fixed(row.Mean.Mean, 3)} ± {Fixed(row.Mean.Deviation, 3)}, n = "
                + $"{Count(row.Mean.Count)}{interval}"
        );
        svg.Text(x.End + 8, middle + 4, Sentences.PlusMinus(row.Mean), ink: Palette.Ink, size: 11);
    }

    /// <param name="Prompt">Name in the spec: default, p1 … p9; empty for a question of one's own.</param>
    /// <param name="Text">The question.</param>
    /// <param name="Cosines">Of each sample's beta with its beta under the report's question; NaN = none.</param>
    /// <param name="Mean">Over samples.</param>
    /// <param name="Paper">The paper's mean and standard deviation; null where it has none.</param>
    private sealed record PromptRow(
        string Prompt,
        string Text,
        double[] Cosines,
        Estimate Mean,
        (double Mean, double Deviation)? Paper
    )
    {
        /// <summary>What sentences call it.</summary>
        public string Name => Prompt.Length > 0 ? Prompt : $"“{Cut(Text, 40)}”";
    }
}
