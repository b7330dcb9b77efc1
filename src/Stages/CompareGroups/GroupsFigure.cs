using Pipelines.Domain.Errors;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages;

/// <summary>Beyond the paper: whether the heads of one group of questions are those of another.</summary>
[Figure("fig-groups", Section.Alike, Order = 5)]
internal sealed class GroupsFigure : IFigure<Findings>
{
    private const int MostGroups = 8; // in one panel
    private const double Names = DotPanel.Label,
        Head = 46, // title and numbers of the columns
        LargestCell = 46;

    /// <summary>The figure; null where groups were not compared.</summary>
    public static Drawing? Of(Findings findings)
    {
        IReadOnlyList<GroupSimilarityRow> rows = findings.Rows<GroupSimilarityRow>();
        GroupSimilarityRow[] within = [.. rows.Where(r => r.IsWithin)];
        if (within.Length == 0)
        {
            return null;
        }

        HashSet<string> most = within
            .OrderByDescending(r => r.Samples)
            .ThenBy(r => r.Group, StringComparer.Ordinal)
            .Take(MostGroups)
            .Select(r => r.Group)
            .ToHashSet(StringComparer.Ordinal);
        string[] shown = [.. within.Select(r => r.Group).Where(most.Contains)];
        var found = GroupsFound.Of(rows);
        DotPanel? heads = Heads(findings, shown);
        string sizes = string.Join(
            ", ",
            shown.Select(g => $"{Shown.Name(g)} {Count(within.First(r => r.Group == g).Samples)}")
        );
        GroupSimilarityRow[] smaller = [.. within.Where(r => !most.Contains(r.Group))];
        string hidden =
            smaller.Length > 0
                ? "; in the table alone: "
                    + string.Join(", ", smaller.Select(r => $"{Shown.Name(r.Group)} {Count(r.Samples)}"))
                : "";
        return new Drawing(
            "Heads by group of questions",
            Shows(found, within, rows),
            "Squares: mean cosine of β over pairs of samples of two groups, on the diagonal over pairs within one; "
                + "bold off the diagonal: told apart by a permutation test over labels (Holm, p < 0.05). "
                + (heads is null ? "" : "Dots: mean heads needed by head attribution; lines: 95 % bootstrap interval. ")
                + $"Samples: {sizes}{hidden}.",
            Table(rows, findings.Rows<GroupFitRow>()),
            canvas => Draw(shown, rows, found, heads, canvas)
        );
    }

    private static string Shows(GroupsFound? found, GroupSimilarityRow[] within, IReadOnlyList<GroupSimilarityRow> rows)
    {
        if (found is null)
        {
            return within.Length == 1
                ? $"There is one group, {Shown.Name(within[0].Group)}: cosine of β "
                    + $"{GroupsFound.Cosine(within[0].Cosine)} within."
                : "No two groups have two samples each that are not in both.";
        }

        int both = rows.Max(r => r.InBoth);
        return found.Words
            + (both > 0 ? $" Samples of both groups of a pair are left out there (at most {Count(both)})." : "");
    }

    private static DotPanel? Heads(Findings findings, string[] groups)
    {
        GroupFitRow[] needed =
        [
            .. findings
                .Rows<GroupFitRow>()
                .Where(r => r.Criterion == Criteria.HeadAttribution && groups.Contains(r.Group)),
        ];
        if (needed.Length == 0)
        {
            return null;
        }

        string[] quantities = [GroupFitRow.Faithfulness, GroupFitRow.Completeness];
        GroupFitRow? Find(string group, string quantity) =>
            Array.Find(needed, r => r.Group == group && r.Quantity == quantity);
        double most = needed
            .SelectMany(r => new[] { r.Estimate.Mean, r.Estimate.High })
            .Where(double.IsFinite)
            .DefaultIfEmpty(1)
            .Max();
        return new DotPanel(
            "heads needed",
            $"by head attribution, of {Count(findings.HeadCount)}",
            [
                .. groups.Select(g => new DotRow(
                    g,
                    [.. quantities.Select(q => Find(g, q)?.Estimate ?? Estimate.None)],
                    NotReached: [.. quantities.Select(q => Find(g, q)?.NotReached ?? 0)]
                )),
            ],
            [
                new DotSeries($"faithfulness > {Tick(findings.Data.FaithfulnessThreshold)}", Palette.OfGroup(0)),
                new DotSeries($"completeness < {Tick(findings.Data.CompletenessThreshold)}", Palette.OfGroup(1)),
            ],
            (0, Math.Max(1, most)),
            e => $"{Sentences.Interval(e)} heads, n = {Count(e.Count)}"
        );
    }

    private static Svg Draw(
        string[] groups,
        IReadOnlyList<GroupSimilarityRow> rows,
        GroupsFound? found,
        DotPanel? heads,
        Canvas canvas
    )
    {
        var halves = new Halves(canvas);
        double width = heads is null ? canvas.Width : halves.Width,
            cell = Math.Min(LargestCell, (width - Names) / groups.Length),
            matrix = Head + (cell * groups.Length) + Halves.Space;
        IReadOnlyList<Panel> places = heads is null
            ? [new Panel(0, 0, width, matrix)]
            : halves.Row(0, matrix, MarkKey.Line + heads.Height);
        Svg svg = canvas.Svg(places.Max(p => p.Bottom));
        DrawMatrix(svg, groups, rows, found, cell);
        if (heads is not null)
        {
            Panel place = places[1];
            double keysAt = place.Left + MarkKey.AtEdge;
            new MarkKey(heads.Series, keysAt, place.Top, (place.Right - keysAt) / heads.Series.Count).Draw(svg);
            heads.Draw(svg, place.Left, place.Top + MarkKey.Line, place.Width, 0);
        }

        return svg;
    }

    /// <summary>A group's name and its number, by which its column is found.</summary>
    private static string Numbered(string group, int number)
    {
        string ending = " " + Count(number);
        return FigureFont.Fit(group, Names - 10 - FigureFont.Width(ending, 11), 11) + ending;
    }

    private static void DrawMatrix(
        Svg svg,
        string[] groups,
        IReadOnlyList<GroupSimilarityRow> rows,
        GroupsFound? found,
        double cell
    )
    {
        int count = groups.Length;
        GroupSimilarityRow RowOf(int a, int b) =>
            rows.First(r =>
                (r.Group == groups[a] && r.OtherGroup == groups[b])
                || (r.Group == groups[b] && r.OtherGroup == groups[a])
            );
        var values = new double[count, count];
        for (int a = 0; a < count; a++)
        {
            for (int b = 0; b < count; b++)
            {
                values[a, b] = RowOf(a, b).Cosine.Mean;
            }
        }

        svg.Text(Names, 14, "mean cosine of β", ink: Palette.Ink, bold: true)
            .Cells(
                values,
                Names,
                Head,
                cell,
                cell,
                v => Palette.OfSigned(v, 1),
                "{r} and {c}\n{v}",
                decimals: 2,
                groups,
                groups
            );
        for (int a = 0; a < count; a++)
        {
            double middle = Head + ((a + 0.5) * cell) + 4;
            svg.Text(Names - 10, middle, Numbered(groups[a], a + 1), "end", Palette.Ink, size: 11)
                .Text(Names + ((a + 0.5) * cell), Head - 8, Count(a + 1), "middle", size: 11);
            for (int b = 0; b < count; b++)
            {
                GroupSimilarityRow row = RowOf(a, b);
                svg.Text(
                    Names + ((b + 0.5) * cell),
                    middle,
                    Score(values[a, b]),
                    "middle",
                    Palette.Ink,
                    size: 11,
                    bold: a != b && found is not null && found.IsToldApart(row.Group, row.OtherGroup),
                    halo: true
                );
            }
        }
    }

    private static FigureTable Table(IReadOnlyList<GroupSimilarityRow> rows, IReadOnlyList<GroupFitRow> fits) =>
        new(
            [
                "quantity",
                "group",
                "other_group",
                "criterion",
                "mean",
                "sd",
                "low95",
                "high95",
                "count",
                "in_both",
                "apart",
                "p",
                "not_reached",
            ],
            [
                .. rows.Select(r =>
                    (IReadOnlyList<object?>)
                        [
                            "cosine",
                            r.Group,
                            r.OtherGroup,
                            null,
                            r.CosineMean,
                            r.CosineSd,
                            r.Low95,
                            r.High95,
                            r.Pairs,
                            r.InBoth,
                            r.Apart,
                            r.P,
                            null,
                        ]
                ),
                .. fits.Select(f =>
                    (IReadOnlyList<object?>)
                        [
                            f.Quantity,
                            f.Group,
                            null,
                            f.Criterion,
                            f.Mean,
                            f.Sd,
                            f.Low95,
                            f.High95,
                            f.Samples,
                            null,
                            null,
                            null,
                            f.NotReached,
                        ]
                ),
            ]
        );
}
