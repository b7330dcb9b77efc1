using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>Fig. 15: what each text token carries, model by model.</summary>
[Figure("fig15-text-tokens", Section.Tokens, Paper = "Fig. 15", Order = 1)]
internal sealed class OverviewTokensFigure : IFigure<OverviewData>
{
    private const double Head = 40,
        Row = 13,
        ForNames = 82,
        ForValue = 34,
        NameSize = 10;

    /// <summary>The figure; null where fewer than two experiments traced tokens.</summary>
    public static Drawing? Of(OverviewData data)
    {
        OverviewExperiment[] shown = [.. data.BySize.Where(e => e.Parts.Tokens.Count > 0)];
        if (shown.Length < 2)
        {
            return null;
        }

        var table = new FigureTable(
            ["experiment", "model", "family", "place", "token", "delta", "low95", "high95", "important"],
            [
                .. shown.SelectMany(e =>
                    e.Parts.Tokens.Select(t =>
                        (IReadOnlyList<object?>)
                            [e.Name, e.Model, e.Family, t.Place, t.Token, t.Delta, t.Low95, t.High95, t.Important]
                    )
                ),
            ]
        );
        return new Drawing(
            "Text tokens that receive the picture, in every model",
            Shows(shown),
            "Bars: mean over a model's samples of δ, the share of φ(x*) that is lost when the token sees the baseline "
                + "in place of the picture; thin lines: 95 % bootstrap interval; orange and marked ●: "
                + $"{data.Threshold("mean δ", ">", e => e.ImportantThreshold)}. Tokens stand as the model reads them; "
                + "models by family and size.",
            table,
            canvas => Draw(shown, canvas)
        );
    }

    private static bool IsImportant(OverviewExperiment e, OverviewTokenRow token) => token.Delta > e.ImportantThreshold;

    /// <summary>The last token of the prompt: behind it may stand what was given of the answer.</summary>
    private static OverviewTokenRow? LastOf(OverviewExperiment e) =>
        e.Parts.Tokens.LastOrDefault(t => t.Token != OverviewTokenRow.Given);

    private static string Shows(OverviewExperiment[] shown)
    {
        int last = shown.Count(e => LastOf(e) is { } token && IsImportant(e, token));
        int[] counts = [.. shown.Select(e => e.Parts.Tokens.Count(t => IsImportant(e, t))).Order()];
        string range = counts[0] == counts[^1] ? Count(counts[0]) : $"{Count(counts[0])} to {Count(counts[^1])}";
        return $"The mean δ of {range} text {(counts[^1] == 1 ? "token" : "tokens")} a model passes the threshold; the "
            + "last token's does in "
            + $"{Count(last)} of {Many(shown.Length, "experiment")}. The paper finds the role tokens and the last one "
            + "in all models.";
    }

    private static Svg Draw(OverviewExperiment[] shown, Canvas canvas)
    {
        double height = Head + (Row * shown.Max(e => e.Parts.Tokens.Count)) + 14;
        var panels = Panel.Grid(canvas, shown.Length, height: height, columns: canvas.IsNarrow ? 1 : 3);
        Svg svg = canvas.Svg(panels[^1].Panel.Bottom);
        for (int i = 0; i < shown.Length; i++)
        {
            DrawPanel(svg, panels[i].Panel, shown[i]);
        }

        return svg;
    }

    private static void DrawPanel(Svg svg, Panel panel, OverviewExperiment e)
    {
        Multiple.DrawTitle(svg, panel, e);
        double most = e
            .Parts.Tokens.SelectMany(t => new[] { t.Delta, t.High95 })
            .OfType<double>()
            .Where(double.IsFinite)
            .Append(1e-9)
            .Max();
        var x = new Scale(0, most, panel.Left + ForNames, panel.Right - ForValue);
        double top = panel.Top + Head;
        svg.Line(x[0], top, x[0], top + (Row * e.Parts.Tokens.Count), Palette.Muted);
        if (e.ImportantThreshold < most)
        {
            double at = x[e.ImportantThreshold];
            svg.Line(at, top, at, top + (Row * e.Parts.Tokens.Count), Palette.Muted, 0.8, "3 3");
        }

        foreach (OverviewTokenRow token in e.Parts.Tokens)
        {
            double middle = top + ((token.Place + 0.5) * Row),
                delta = token.Delta ?? double.NaN,
                end = x.Clamped(Math.Max(0, double.IsFinite(delta) ? delta : 0));
            bool isImportant = IsImportant(e, token);
            string text = TokenText.Shown(token.Token),
                mark = isImportant ? " ●" : "",
                name = FigureFont.Fit(text.Trim(), ForNames - 5 - FigureFont.Width(mark, NameSize), NameSize);
            svg.Text(
                x[0] - 5,
                middle + 3.5,
                name + mark,
                "end",
                isImportant ? Palette.Ink : Palette.Muted,
                size: NameSize
            );
            svg.Rectangle(
                x[0],
                middle - 4,
                end - x[0],
                8,
                isImportant ? Palette.Series[1] : Palette.Series[5],
                $"{text}\nδ = {Fixed(delta, 3)}"
            );
            if (token is { Low95: { } low, High95: { } high })
            {
                svg.Line(x.Clamped(low), middle, x.Clamped(high), middle, Palette.Ink, 0.9);
            }

            if (isImportant)
            {
                double behind = x.Clamped(token.High95 ?? delta) + 4;
                svg.Text(behind, middle + 3.5, Fixed(delta, 2), ink: Palette.Ink, size: 10);
            }
        }
    }
}
