using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Fig. 4A where samples are not asked the same: text tokens by role, and the words of some samples shaded by delta.
/// </summary>
internal static class TextRolesDrawing
{
    private const int MoreShown = 3,
        AnswerShown = 20;

    private const double Label = 112,
        Row = 19,
        Bar = 12,
        Right = 64, // the share of samples
        Head = 24,
        Between = 12; // samples

    /// <summary>The figure.</summary>
    /// <param name="findings">The page's.</param>
    /// <param name="tokens">Tokens of the samples.</param>
    /// <param name="roles">Their roles.</param>
    /// <param name="thresholds">Which x* exceeds; which delta exceeds in u*.</param>
    public static Drawing Of(
        Findings findings,
        TokenFindings tokens,
        RoleFindings roles,
        (double Faithfulness, double Important) thresholds
    )
    {
        var (faithfulness, important) = thresholds;
        TracedSample[] shown = Chosen(tokens);
        var table = new FigureTable(
            [
                "role",
                "position",
                "token",
                "delta_mean",
                "delta_low95",
                "delta_high95",
                "important_share",
                "important_low95",
                "important_high95",
                "samples",
            ],
            [
                .. roles.Rows.Select(r =>
                    (IReadOnlyList<object?>)
                        [
                            TextRoles.NameOf(r.Role),
                            r.Position,
                            r.Token,
                            r.Delta.Mean,
                            r.Delta.Low,
                            r.Delta.High,
                            r.Importance.Mean,
                            r.Importance.Low,
                            r.Importance.High,
                            r.Delta.Count,
                        ]
                ),
            ]
        );
        return new Drawing(
            "Text tokens that receive the picture",
            Shows(findings, tokens, roles),
            $"δ is the share of φ(x*) that is lost when one text token sees the baseline in place of the picture; x* "
                + $"are the heads needed for faithfulness > {Tick(faithfulness)} (by β). "
                + $"Above: the text after the picture of {Many(shown.Length, "sample")}, shaded by δ, important tokens "
                + $"(δ > {Tick(important)}) underlined. Below: mean over {Many(tokens.Texts.Count, "sample")}, "
                + "whiskers: 95 % bootstrap interval. Tokens of the template, before and after the question, are laid "
                + "over each other one by one"
                + (roles.Rows.Any(r => r.Position is null) ? ", the others of a sample are summed" : "")
                + ". A token that spans an end of the question belongs to it; given are tokens of the answer that were "
                + "fed. At the right: share of samples in which the token, or one of them, is important. A gap "
                + "between boxes is a blank, ⏎ a line end.",
            table,
            canvas => Draw(tokens, roles, shown, important, canvas)
        );
    }

    private static string Shows(Findings findings, TokenFindings tokens, RoleFindings roles)
    {
        string why = roles.SameQuestion
            ? "What is given of the answer differs, so that text tokens are told apart by role"
            : "Each picture is asked its own question, so that text tokens are told apart by role";
        string missing =
            roles.Found == tokens.Texts.Count ? ""
            : roles.Found == 0 ? " The question is not found among the tokens of any sample: their text is one role."
            : $" In {Many(tokens.Texts.Count - roles.Found, "sample")} the question is not found among the tokens: "
                + "their text is one role.";
        string[] shares =
        [
            .. new[]
            {
                (TextRole.Question, "lies on the question"),
                (TextRole.After, "on the template after it"),
                (TextRole.Before, "on the template before it"),
                (TextRole.Given, "on tokens of the answer that are given"),
            }
                .Where(r => roles.Shares.TryGetValue(r.Item1, out Estimate share) && share.Count > 0)
                .Select(r => $"{Verdicts.Share(roles.Shares[r.Item1])} {r.Item2}"),
        ];
        string where = shares.Length == 0 ? "" : $": of a sample's δ, {string.Join(", ", shares)}{Verdict(tokens)}";
        RoleRow[] single = [.. roles.Rows.Where(r => r.Position is not null && double.IsFinite(r.Delta.Mean))];
        string most = single.MaxBy(r => r.Delta.Mean) is { } top
            ? $" Keeping the picture from {Quoted(top)} alone costs {Verdicts.Share(top.Delta)} of φ(x*) on average."
            : "";
        return $"{why}{where}.{missing}{most} {RoleTokens.KeptWords(findings, tokens)}";
    }

    private static string Verdict(TokenFindings tokens) =>
        RoleTokens.Where(tokens) is { } question
            ? "; "
                + Verdicts.On(
                    question,
                    "as in the paper, the question receives next to nothing",
                    "unlike in the paper, where the question receives next to nothing",
                    "the samples do not tell whether the question receives next to nothing, as in the paper",
                    $"{Verdicts.Few(question.Value.Count)} whether the question receives next to nothing, as in the "
                        + "paper"
                )
            : "";

    private static string Quoted(RoleRow row)
    {
        string place = row.Role switch
        {
            TextRole.Before => "of the template before the question",
            TextRole.After => "of the template after the question",
            _ => "of the question",
        };
        return row.Token is { } token
            ? $"“{TokenText.Shown(token).Trim()}” {place}"
            : $"token {Count(Math.Abs(row.Position!.Value))} {place}";
    }

    /// <summary>The typical sample and more, evenly in seed order, each with another question.</summary>
    private static TracedSample[] Chosen(TokenFindings tokens)
    {
        TracedSample[] others =
        [
            .. tokens
                .Texts.Where(s => !s.Tokens.SequenceEqual(tokens.Typical.Tokens, StringComparer.Ordinal))
                .DistinctBy(s => string.Join('\0', s.Tokens), StringComparer.Ordinal),
        ];
        int more = Math.Min(MoreShown, others.Length);
        return [tokens.Typical, .. Enumerable.Range(0, more).Select(i => others[i * others.Length / more])];
    }

    private static Svg Draw(
        TokenFindings tokens,
        RoleFindings roles,
        TracedSample[] shown,
        double important,
        Canvas canvas
    )
    {
        double most = Math.Max(0.1, shown.SelectMany(s => s.Delta).Where(double.IsFinite).DefaultIfEmpty(1).Max());
        Line[] lines = [.. LinesOf(roles)];
        double chart = shown.Sum(s => Head + TokenText.HeightOf(s.Tokens, canvas.Width) + Between) + Head,
            key = chart + (lines.Length * Row) + RowAxis.Height + 30;
        Svg svg = canvas.Svg(key + 26);
        double top = 0;
        foreach (TracedSample sample in shown)
        {
            svg.Text(
                0,
                top + 14,
                $"{(top > 0 ? "another" : "one sample")}: {Cut(sample.Answer, AnswerShown)} "
                    + $"(x*: {Many(sample.HeadsKept, "head")})",
                ink: Palette.Ink,
                bold: true
            );
            TokenText.Draw(
                svg,
                0,
                top + Head,
                canvas.Width,
                sample.Tokens,
                i => sample.Delta[i] / most,
                i => $"“{TokenText.Shown(sample.Tokens[i])}”\nδ = {Fixed(sample.Delta[i], 3)}",
                i => sample.Important[i]
            );
            top += Head + TokenText.HeightOf(sample.Tokens, canvas.Width) + Between;
        }

        double[] ends =
        [
            .. roles
                .Rows.SelectMany(r => new[] { r.Delta.Mean, r.Delta.Low, r.Delta.High })
                .Where(double.IsFinite)
                .DefaultIfEmpty(0),
        ];
        var x = new Scale(ends.Min() < -0.005 ? ends.Min() : 0, Math.Max(0.1, ends.Max()), Label, canvas.Width - Right);
        DrawBars(svg, lines, important, new RowPanel(x, chart, Row, lines.Length, Row / 2));
        return svg.Ramp(0, key, 160, "δ in the text above", Palette.OfShare, (0, "0"), (1, Fixed(most, 2)));
    }

    /// <summary>Rows with the roles above those that have several.</summary>
    private static IEnumerable<Line> LinesOf(RoleFindings roles) =>
        roles
            .Rows.GroupBy(r => r.Role)
            .SelectMany(role =>
                role.All(r => r.Position is null)
                    ? role.Select(r => new Line(TextRoles.NameOf(r.Role), r))
                    : role.Select(r => new Line(NameOf(r), r)).Prepend(new Line(TextRoles.NameOf(role.Key), null))
            );

    private static string NameOf(RoleRow row) => row.Token is { } token ? TokenText.Shown(token).Trim() : "(differs)";

    private static void DrawBars(Svg svg, Line[] lines, double from, RowPanel rows)
    {
        Scale x = rows.X;
        rows.DrawAxis(svg, $"mean δ; dashed: {Tick(from)}");
        svg.Line(x.Clamped(from), rows.Top, x.Clamped(from), rows.Bottom, Palette.Muted, 1, "3 3");
        svg.Text(x.End + Right - 2, rows.Top - 6, "important", "end", size: 11);
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].Row is { } row)
            {
                DrawBar(svg, lines[i].Name, row, rows, i);
            }
            else
            {
                svg.Text(0, rows.MiddleOf(i) + 4, lines[i].Name, size: 11);
            }
        }
    }

    private static void DrawBar(Svg svg, string name, RoleRow row, RowPanel rows, int i)
    {
        double middle = rows.MiddleOf(i);
        bool important = row.Importance.Mean >= 0.5;
        if (row.Position is null)
        {
            svg.Text(0, middle + 4, name, ink: Palette.Ink, bold: important);
        }
        else
        {
            rows.DrawName(svg, i, name, important);
        }

        svg.Text(
            rows.X.End + Right - 2,
            middle + 4,
            row.Importance.Mean > 0 ? Percent(row.Importance.Mean) : None,
            "end",
            important ? Palette.Ink : null,
            bold: important
        );
        if (!double.IsFinite(row.Delta.Mean))
        {
            return;
        }

        string of = row.Position is null ? "sum over its tokens, mean" : "mean";
        rows.DrawBar(
            svg,
            middle + 0.5,
            Bar,
            0,
            row.Delta.Mean,
            Palette.Bar,
            $"{TextRoles.NameOf(row.Role)}{(row.Position is null ? "" : $", “{name}”")}: {of} δ = "
                + $"{Fixed(row.Delta.Mean, 3)}\nimportant in {Percent(row.Importance.Mean)} of "
                + $"{Many(row.Delta.Count, "sample")}"
        );
        if (row.Delta.HasInterval && row.Delta.High - row.Delta.Low > 0.001 * (rows.X.Most - rows.X.Least))
        {
            RowAxis.Whisker(svg, rows.X, row.Delta.Low, row.Delta.High, middle + 0.5);
        }
    }

    /// <summary>A line of the chart.</summary>
    /// <param name="Name">What stands at its left.</param>
    /// <param name="Row">Its bar; null = a heading.</param>
    private sealed record Line(string Name, RoleRow? Row);
}
