using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages;

/// <summary>Beyond the paper: how often the answers to a file's questions are right, by group.</summary>
[Figure("fig-accuracy", Section.Beyond, Order = 3)]
internal sealed class AccuracyFigure : IFigure<Findings>
{
    private const int MostGroups = 24; // more are no figure but a table
    private const double KeyStep = 110;

    private static readonly DotSeries Right = new("right", Palette.OfGroup(0)),
        Yes = new("say yes", Palette.OfGroup(2)),
        Unknown = new("unknown", Palette.OfGroup(1));

    /// <summary>
    /// The figure; null where nothing is judged, and where there is one group and nothing but a share to show.
    /// </summary>
    public static Drawing? Of(Findings findings)
    {
        IReadOnlyList<AccuracyRow> rows = findings.Rows<AccuracyRow>();
        if (rows.Count == 0 || rows[0].Judged == 0 || (rows.Count < 3 && rows[0].Unknown is null))
        {
            return null;
        }

        AccuracyRow all = rows[0];
        AccuracyRow[] most =
        [
            .. rows.Skip(1)
                .OrderByDescending(r => r.Judged)
                .ThenBy(r => r.Group, StringComparer.Ordinal)
                .Take(MostGroups)
                .OrderBy(r => r.Group, StringComparer.Ordinal),
        ];
        string shown =
            rows.Count - 1 > most.Length
                ? $" Shown are the {Count(most.Length)} groups with the most answers of {Count(rows.Count - 1)}."
                : "";
        AccuracyRow[] drawn = [all, .. most];
        return new Drawing(
            "How often the answers are right",
            Shows(findings, all, most),
            $"Dots: {(IsVqa(all) ? "mean VQA accuracy" : "share of right answers")} in per cent; dashed: over all. "
                + (all.Unknown is null ? "" : "The second panel: what is said, right or wrong. ")
                + $"Lines: 95 % interval{Kind(all)}; an answer of several groups counts in each.{shown}",
            Table(rows),
            canvas => Draw(drawn, canvas)
        );
    }

    private static string Shows(Findings findings, AccuracyRow all, AccuracyRow[] groups)
    {
        ConfusionRow[] pairs = [.. findings.Rows<ConfusionRow>().Where(p => p.Group == AccuracyRow.All)];
        string accuracy = IsVqa(all)
            ? $"VQA accuracy ({all.Match}) is {Words(Accuracy(all))} over {Many(all.Judged, "answer")}"
            : $"{Words(Accuracy(all))} of {Many(all.Judged, "answer")} are right";
        string unlabelled = all.Asked > all.Judged ? $" ({Count(all.Asked - all.Judged)} more have no label)" : "";
        return $"{accuracy}{unlabelled}{Said(all, pairs)}.{Range(groups)}{Mistake(pairs)}";
    }

    private static string Said(AccuracyRow all, ConfusionRow[] pairs)
    {
        string unclear = all.Match == Spelling.Of(AnswerMatch.Letter) ? "name no letter" : "say neither";
        string unknown = all.Unknown is { } share ? $"{InPercent(share)} {unclear} clearly" : "";
        if (all.YesRate is not { } yes)
        {
            return unknown.Length > 0 ? $"; {unknown}" : "";
        }

        double should = (double)pairs.Where(p => p.Expected == "yes").Sum(p => p.Answers) / all.Judged;
        return $"; {InPercent(yes)} say yes where {InPercent(should)} should, and {unknown}";
    }

    private static string Range(AccuracyRow[] groups)
    {
        AccuracyRow[] judged = [.. groups.Where(g => g.Judged > 0).OrderBy(g => g.Accuracy)];
        return judged.Length < 2 ? ""
            : judged[0].Accuracy == judged[^1].Accuracy
                ? $" All {Count(judged.Length)} groups have the same accuracy ({InPercent(judged[0].Accuracy!.Value)})."
            : $" Of the groups {Shown.Name(judged[^1].Group)} has most ({Words(Accuracy(judged[^1]))}) and "
                + $"{Shown.Name(judged[0].Group)} least ({Words(Accuracy(judged[0]))}).";
    }

    private static string Mistake(ConfusionRow[] pairs)
    {
        ConfusionRow? mistake = Array.Find(pairs, p => p.IsMistaken);
        return mistake is null
            ? ""
            : $" The most frequent mistake: '{Named(mistake.Said)}' where '{Named(mistake.Expected)}' is expected "
                + $"({Many(mistake.Answers, "answer")}).";
    }

    private static string Named(string answer) => Cut(Shown.Name(answer), 40);

    private static bool IsVqa(AccuracyRow row) =>
        row.Match == Spelling.Of(AnswerMatch.VqaOfficial) || row.Match == Spelling.Of(AnswerMatch.VqaNormalised);

    private static string Kind(AccuracyRow all) =>
        IsVqa(all) ? " (bootstrap over questions, Wilson's where every score is 0 or 1)" : " (Wilson)";

    private static Estimate Accuracy(AccuracyRow row) =>
        new(
            Undefined.ToNaN(row.Accuracy),
            double.NaN,
            Undefined.ToNaN(row.Low95),
            Undefined.ToNaN(row.High95),
            row.Judged
        );

    private static Estimate Share(double? share, int judged) => Wilson.Of(share * judged ?? double.NaN, judged);

    private static string InPercent(double share) => Fixed(100 * share, 1) + "\u202f%";

    private static string Words(Estimate share) => InPercent(share.Mean) + share.Bracket(s => Fixed(100 * s, 1));

    private static Svg Draw(AccuracyRow[] rows, Canvas canvas)
    {
        string right = IsVqa(rows[0]) ? "VQA accuracy" : "right answers";
        DotPanel accuracy = Dots(right, rows, [Right], r => [Accuracy(r)]) with
        {
            Reference = 100 * Accuracy(rows[0]).Mean,
        };
        if (rows[0].Unknown is null)
        {
            Svg one = canvas.Svg(accuracy.Height);
            accuracy.Draw(one, 0, 0, canvas.Width, 0);
            return one;
        }

        bool hasYes = rows[0].YesRate is not null;
        DotSeries[] series = hasYes ? [Yes, Unknown] : [Unknown];
        DotPanel said = Dots("what is said", rows, series, r =>
            hasYes ? [Share(r.YesRate, r.Judged), Share(r.Unknown, r.Judged)] : [Share(r.Unknown, r.Judged)]
        );
        double key = canvas.IsNarrow ? 0 : MarkKey.Line; // beside a key the rows stand level
        IReadOnlyList<Panel> places = new Halves(canvas).Row(0, key + accuracy.Height, MarkKey.Line + said.Height);
        Svg svg = canvas.Svg(places.Max(p => p.Bottom));
        (canvas.IsNarrow ? accuracy : accuracy.Stretched(said.Height)).Draw(svg, 0, key, places[0].Width, 0);
        Panel place = places[1];
        double keysAt = place.Left + DotPanel.Label;
        new MarkKey(series, keysAt, place.Top, Math.Min(KeyStep, (place.Right - keysAt) / 2), FirstSeries: 1).Draw(svg);
        said.Draw(svg, place.Left, place.Top + MarkKey.Line, place.Width, 1);
        return svg;
    }

    private static DotPanel Dots(
        string name,
        AccuracyRow[] rows,
        DotSeries[] series,
        Func<AccuracyRow, Estimate[]> of
    ) =>
        new(
            name,
            "% of judged answers",
            [.. rows.Select((r, i) => new DotRow(r.Group, [.. of(r).Select(Hundredfold)], IsStrong: i == 0))],
            series,
            (0, 100),
            e => $"{Words(Hundredth(e))}, n = {Count(e.Count)}"
        );

    private static Estimate Hundredfold(Estimate share) => Scaled(share, 100);

    private static Estimate Hundredth(Estimate percent) => Scaled(percent, 0.01);

    private static Estimate Scaled(Estimate of, double factor) =>
        of with
        {
            Mean = factor * of.Mean,
            Low = factor * of.Low,
            High = factor * of.High,
        };

    private static FigureTable Table(IReadOnlyList<AccuracyRow> rows) =>
        new(
            ["group", "match", "asked", "judged", "right", "accuracy", "low95", "high95", "yes_rate", "unknown"],
            [
                .. rows.Select(r =>
                    (IReadOnlyList<object?>)
                        [
                            r.Group,
                            r.Match,
                            r.Asked,
                            r.Judged,
                            r.Right,
                            r.Accuracy,
                            r.Low95,
                            r.High95,
                            r.YesRate,
                            r.Unknown,
                        ]
                ),
            ]
        );
}
