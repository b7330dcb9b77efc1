using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Fig. 4A: which text tokens receive the picture. The text shaded by delta, mean and one sample, and the means with
/// their intervals; by role where the text tokens of samples differ (<see cref="TextRolesDrawing"/>).
/// </summary>
[Figure("fig4a-text-tokens", Section.Tokens, Paper = "Fig. 4A", Order = 1)]
internal sealed class TextTokensFigure : IFigure<Findings>
{
    private const double Label = 104,
        Row = 19,
        Bar = 12,
        Right = 64; // the share of samples

    /// <summary>The figure; null without token tracing.</summary>
    public static Drawing? Of(Findings findings)
    {
        if (findings.Tokens is not { } tokens || findings.Settings<TokenTraceSpec>() is not { } spec)
        {
            return null;
        }

        if (tokens.Roles is { } roles)
        {
            return TextRolesDrawing.Of(findings, tokens, roles, (spec.Faithfulness, spec.Important));
        }

        if (tokens.Tokens.Count == 0)
        {
            return null;
        }

        var table = new FigureTable(
            [
                "position",
                "token",
                "delta_mean",
                "delta_low95",
                "delta_high95",
                "important_share",
                "important_low95",
                "important_high95",
                "delta_sample",
                "samples",
            ],
            [
                .. tokens.Tokens.Select(
                    (text, i) =>
                        (IReadOnlyList<object?>)
                            [
                                i,
                                text,
                                tokens.Delta[i].Mean,
                                tokens.Delta[i].Low,
                                tokens.Delta[i].High,
                                tokens.Importance[i].Mean,
                                tokens.Importance[i].Low,
                                tokens.Importance[i].High,
                                tokens.Typical.Delta[i],
                                tokens.Delta[i].Count,
                            ]
                ),
            ]
        );
        return new Drawing(
            "Text tokens that receive the picture",
            Shows(findings, tokens),
            $"δ is the share of φ(x*) that is lost when one text token sees the baseline in place of the picture; x* "
                + $"are the heads needed for faithfulness > {Tick(spec.Faithfulness)} (by β). "
                + $"Above: the text after the picture, shaded by δ, important tokens (δ > "
                + $"{Tick(spec.Important)}; for the mean, in at least half of the samples) underlined. Below: "
                + $"mean over {Many(tokens.Texts.Count, "sample")}, whiskers: 95 % bootstrap interval; "
                + "at the right: share of samples in which the token is important. A gap between boxes is a blank, ⏎ "
                + "a line end.",
            table,
            canvas => Draw(tokens, spec.Important, canvas)
        );
    }

    private static string Shows(Findings findings, TokenFindings tokens)
    {
        int[] order =
        [
            .. Enumerable.Range(0, tokens.Tokens.Count).OrderByDescending(i => tokens.Delta[i].Mean).ThenBy(i => i),
        ];
        int[] important = [.. order.Where(i => tokens.Importance[i].Mean >= 0.5)];
        string most =
            $"Keeping the picture from {Quoted(tokens, order[0])} alone costs "
            + $"{Verdicts.Share(tokens.Delta[order[0]])} of φ(x*) on average";
        string which = important.Length switch
        {
            0 => "; no token is important in half of the samples",
            1 => $"; it is the only one of {Many(tokens.Tokens.Count, "text token")} that is important in at least "
                + $"half of the samples",
            _ => $"; {Count(important.Length)} of {Many(tokens.Tokens.Count, "text token")} are important in at least "
                + $"half of the samples: {string.Join(", ", important.Order().Select(i => Quoted(tokens, i)))}",
        };
        string place = RoleTokens.Where(tokens) is { } late ? $" {Place(late)}" : "";
        return $"{most}{which}. {RoleTokens.KeptWords(findings, tokens)}{place}";
    }

    private static string Place(Evidence late)
    {
        string verdict = Verdicts.On(
            late,
            "as in the paper, the picture reaches the last tokens, not the question",
            "unlike in the paper, where the question receives next to nothing",
            "the samples do not tell whether the question receives next to nothing, as in the paper",
            $"{Verdicts.Few(late.Value.Count)} whether the question receives next to nothing, as in the paper"
        );
        return $"{Verdicts.Share(late.Value)} of a sample's δ lies on the last {Count(RoleTokens.Late)} tokens: "
            + $"{verdict}.";
    }

    private static string Quoted(TokenFindings tokens, int i) => $"“{TokenText.Shown(tokens.Tokens[i]).Trim()}”";

    private static Svg Draw(TokenFindings tokens, double important, Canvas canvas)
    {
        double most = Math.Max(
            0.1,
            tokens.Delta.Select(d => d.Mean).Concat(tokens.Typical.Delta).Where(double.IsFinite).DefaultIfEmpty(1).Max()
        );
        double block = TokenText.HeightOf(tokens.Tokens, canvas.Width),
            bars = tokens.Tokens.Count * Row;
        double second = 24 + block + 30,
            chart = second + block + 24,
            key = chart + bars + RowAxis.Height + 30;
        Svg svg = canvas.Svg(key + 26);
        svg.Text(0, 14, $"mean of {Many(tokens.Texts.Count, "sample")}", ink: Palette.Ink, bold: true);
        TokenText.Draw(
            svg,
            0,
            24,
            canvas.Width,
            tokens.Tokens,
            i => tokens.Delta[i].Mean / most,
            i => $"“{TokenText.Shown(tokens.Tokens[i])}”\nmean δ = {Fixed(tokens.Delta[i].Mean, 3)}",
            i => tokens.Importance[i].Mean >= 0.5
        );
        svg.Text(
            0,
            second - 10,
            $"one sample: {Cut(tokens.Typical.Answer, 20)} (x*: {Many(tokens.Typical.HeadsKept, "head")})",
            ink: Palette.Ink,
            bold: true
        );
        TokenText.Draw(
            svg,
            0,
            second,
            canvas.Width,
            tokens.Tokens,
            i => tokens.Typical.Delta[i] / most,
            i => $"“{TokenText.Shown(tokens.Tokens[i])}”\nδ = {Fixed(tokens.Typical.Delta[i], 3)}",
            i => tokens.Typical.Important[i]
        );
        var x = new Scale(Math.Min(0, Least(tokens)), Math.Max(most, Most(tokens)), Label, canvas.Width - Right);
        DrawBars(svg, tokens, important, new RowPanel(x, chart, Row, tokens.Tokens.Count, Row / 2));
        return svg.Ramp(0, key, 160, "δ in the text above", Palette.OfShare, (0, "0"), (1, Fixed(most, 2)));
    }

    private static void DrawBars(Svg svg, TokenFindings tokens, double from, RowPanel rows)
    {
        Scale x = rows.X;
        rows.DrawAxis(svg, $"mean δ; dashed: {Tick(from)}");
        svg.Line(x.Clamped(from), rows.Top, x.Clamped(from), rows.Bottom, Palette.Muted, 1, "3 3");
        svg.Text(x.End + Right - 2, rows.Top - 6, "important", "end", size: 11);
        for (int i = 0; i < tokens.Tokens.Count; i++)
        {
            double middle = rows.MiddleOf(i);
            Estimate delta = tokens.Delta[i];
            bool important = tokens.Importance[i].Mean >= 0.5;
            rows.DrawName(svg, i, TokenText.Shown(tokens.Tokens[i]).Trim(), important);
            svg.Text(
                x.End + Right - 2,
                middle + 4,
                tokens.Importance[i].Mean > 0 ? Percent(tokens.Importance[i].Mean) : None,
                "end",
                important ? Palette.Ink : null,
                bold: important
            );
            if (!double.IsFinite(delta.Mean))
            {
                continue;
            }

            rows.DrawBar(
                svg,
                middle + 0.5,
                Bar,
                0,
                delta.Mean,
                Palette.Bar,
                $"“{TokenText.Shown(tokens.Tokens[i])}”: mean δ = {Fixed(delta.Mean, 3)}\nimportant in "
                    + $"{Percent(tokens.Importance[i].Mean)} of {Many(tokens.Texts.Count, "sample")}"
            );
            if (delta.HasInterval && delta.High - delta.Low > 0.001 * (x.Most - x.Least))
            {
                RowAxis.Whisker(svg, x, delta.Low, delta.High, middle + 0.5);
            }
        }
    }

    private static double Least(TokenFindings tokens) =>
        tokens.Delta.Select(d => d.HasInterval ? d.Low : d.Mean).Where(double.IsFinite).DefaultIfEmpty(0).Min()
            is var least
        && least < -0.005
            ? least
            : 0;

    private static double Most(TokenFindings tokens) =>
        tokens.Delta.Select(d => d.HasInterval ? d.High : d.Mean).Where(double.IsFinite).DefaultIfEmpty(0).Max();
}
