using Pipelines.Stages.Reporting;
using static Pipelines.Stages.Comparison.ComparisonFormat;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Comparison;

/// <summary>"What this shows" of a comparison: sentences computed from the data.</summary>
public static class ComparisonSentences
{
    private const int ListedSettings = 3,
        TopShown = 10;

    /// <summary>How many tables hold the same rows.</summary>
    public static string Tables(RunComparison runs)
    {
        int same = runs.Tables.Count(t => t.IsNone);
        return same == runs.Tables.Count
            ? $"All {Many(same, "table")} that both runs have hold the same rows."
            : $"{Many(same, "table")} of {Count(runs.Tables.Count)} that both runs have hold the same rows.";
    }

    /// <summary>The comparison in a few sentences.</summary>
    public static string Headline(RunComparison runs)
    {
        var parts = new List<string> { Settings(runs) };
        if (runs.A.Measures != runs.B.Measures)
        {
            parts.Add($"f is not the same: in A it is the {runs.A.Measures}; in B the {runs.B.Measures}.");
        }

        foreach (FitComparison fit in runs.Fits)
        {
            string of = runs.Fits.Count > 1 ? $" of {StageTitle(fit.A.Stage, fit.B.Stage)}" : "";
            string beta =
                fit.Beta is not { } b ? $"β{of} cannot be compared"
                : b.IsSame ? $"β{of} is the same in every sample"
                : $"mean β{of} correlates with ρ = {Correlation(b.OfMeans.Pearson)}";
            parts.Add($"{Capital(beta)}; {Verdict("R²", fit.R2, 3)}.");
        }

        foreach (ScanComparison scan in runs.Scans)
        {
            string of = runs.Scans.Count > 1 ? $" in {StageTitle(scan.A.Stage, scan.B.Stage)}" : "";
            if (Lead(scan) is { } lead)
            {
                string heads = $"the number of heads that {lead.Title} needs for faithfulness{of}";
                parts.Add($"{Capital(Verdict(heads, lead.Faithful.Heads, 1, Unit(scan)))}.");
            }
        }

        return string.Join(' ', parts);
    }

    /// <summary>How many settings differ, and which.</summary>
    public static string Settings(RunComparison runs)
    {
        SettingDifferences d = runs.Differences;
        var only = new[] { OnlyIn("A", d.OnlyA), OnlyIn("B", d.OnlyB) }.Where(t => t.Length > 0);
        string stages = d.OnlyA.Count + d.OnlyB.Count > 0 ? $" {Capital(string.Join("; ", only))}." : "";
        string first = List(
            d.Settings.Take(ListedSettings)
                .Select(s => s.Path)
                .Concat(d.Settings.Count > ListedSettings ? [$"{Count(d.Settings.Count - ListedSettings)} more"] : [])
        );
        return (
                d.Settings.Count == 0
                    ? $"All {Count(d.Compared)} settings are the same."
                    : $"{Count(d.Settings.Count)} of {Count(d.Compared)} settings "
                        + $"{(d.Settings.Count == 1 ? "differs" : "differ")}: {first}."
            ) + stages;
    }

    /// <summary>Table 2.</summary>
    public static string Fit(FitComparison fit) =>
        fit.R2.Difference.Count > 0
            ? $"{Verdict("R²", fit.R2, 3)}; {Verdict("ρ", fit.Rho, 3)} (paired over "
                + $"{Many(fit.R2.Difference.Count, "sample")})."
            : $"No sample can be paired: R² is {Sentences.PlusMinus(fit.R2.A)} in A and "
                + $"{Sentences.PlusMinus(fit.R2.B)} in B, ρ {Sentences.PlusMinus(fit.Rho.A)} and "
                + $"{Sentences.PlusMinus(fit.Rho.B)}.";

    /// <summary>beta of A against beta of B.</summary>
    public static string Beta(RunComparison runs, FitComparison fit)
    {
        if (fit.Beta is not { } beta)
        {
            return $"β cannot be compared: A has {Count(fit.A.Layers)} × {Count(fit.A.Heads)} heads, B has "
                + $"{Count(fit.B.Layers)} × {Count(fit.B.Heads)}; a head of one model is no head of the other.";
        }

        string model = runs.SameModel
            ? ""
            : " The runs name two checkpoints: where these are other weights, a head of one is no head of the other, "
                + "and the agreement means little.";
        if (beta.IsSame)
        {
            return $"β is the same in all {Count(beta.Samples.Count)} samples in common: every head lies on "
                + $"the diagonal."
                + model;
        }

        MeanAgreement means = beta.OfMeans;
        string over =
            beta.Samples.Count > 0
                ? $"over {Many(beta.Samples.Count, "sample")} in common"
                : $"over {Many(means.SamplesA, "sample")} of A and {Count(means.SamplesB)} others of B "
                    + $"(none in common)";
        string worst =
            beta.Least is { } least && beta.Samples.Count > 1
                ? $", least in {Named(least.Sample)} with {Fixed(least.Pearson, 2)}"
                : "";
        string each =
            beta.Samples.Count > 0 && beta.Pearson.Count > 0
                ? $" The two β of one sample correlate with {Sentences.PlusMinus(beta.Pearson)}{worst}."
                : "";
        TopHeads top = beta.Top.LastOrDefault(t => t.K <= TopShown, beta.Top[0]);
        return $"The mean β of A and B {over} correlate with ρ = {Correlation(means.Pearson)}.{each} "
            + $"Of the {Count(top.K)} strongest heads of the mean, "
            + $"{(top.OfMeans == top.K ? "all" : top.OfMeans == 0 ? "none" : Count(top.OfMeans))} "
            + $"{(top.OfMeans is 0 or 1 ? "is" : "are")} the same.{model}";
    }

    /// <summary>Heads needed.</summary>
    public static string Needed(ScanComparison scan)
    {
        string Of(string what, Func<CriterionComparison, NeededComparison> of)
        {
            CriterionComparison[] told = [.. scan.Criteria.Where(c => of(c).Heads.Direction != 0)],
                same = [.. scan.Criteria.Where(c => of(c).Heads.IsSame)];
            CriterionComparison[] level =
            [
                .. scan.Criteria.Except(told).Except(same).Where(c => of(c).Heads.Difference.Count > 0),
            ];
            if (scan.Criteria.All(c => of(c).Heads.Difference.Count == 0))
            {
                return $"For {what}, no sample can be paired.";
            }

            if (level.Length > 0 && level.All(c => !of(c).Heads.CanTell))
            {
                int few = level.Max(c => of(c).Heads.Difference.Count);
                return $"For {what}, {Many(few, "sample")} in common {(few == 1 ? "is" : "are")} too few to tell.";
            }

            if (same.Length == scan.Criteria.Count)
            {
                return $"For {what}, every criterion needs the same heads in every sample.";
            }

            string[] parts =
            [
                .. told.Select(c =>
                    $"{c.Title} needs {(of(c).Heads.Direction > 0 ? "more" : "fewer")} in B "
                    + $"({Signed(of(c).Heads.Difference, 1)}{Unit(scan)})"
                ),
                .. level.Length > 0
                    ? [$"{List(level.Select(c => c.Title))} {(level.Length == 1 ? "is" : "are")} level"]
                    : Array.Empty<string>(),
                .. same.Length > 0
                    ?
                    [
                        $"{List(same.Select(c => c.Title))} {(same.Length == 1 ? "needs" : "need")} the same in "
                            + $"every sample",
                    ]
                    : Array.Empty<string>(),
            ];
            return $"For {what}, {string.Join("; ", parts)}.";
        }

        return $"{Of($"faithfulness > {Tick(scan.A.Faithfulness)}", c => c.Faithful)} "
            + $"{Of($"completeness < {Tick(scan.A.Completeness)}", c => c.Complete)}{Thresholds(scan)}";
    }

    /// <summary>Curves.</summary>
    public static string Curves(ScanComparison scan)
    {
        CriterionComparison[] known =
        [
            .. scan.Criteria.Where(c =>
                double.IsFinite(c.Faithfulness.Distance) && double.IsFinite(c.Completeness.Distance)
            ),
        ];
        if (known.Length == 0)
        {
            return "The scans have no place in common.";
        }

        if (known.All(c => c.Faithfulness.Distance == 0 && c.Completeness.Distance == 0))
        {
            return "The mean curves are the same for every criterion.";
        }

        CriterionComparison lead = known.FirstOrDefault(c => c.Criterion == Criteria.HeadAttribution, known[0]),
            most = known.MaxBy(c => c.Faithfulness.Distance + c.Completeness.Distance)!;
        string other =
            known.Length < 2 ? ""
            : most == lead ? " No other criterion's lie farther apart."
            : $" Farthest apart are those of {most.Title} ({Fixed(most.Faithfulness.Distance, 3)} and "
                + $"{Fixed(most.Completeness.Distance, 3)}).";
        return $"The mean curves of {lead.Title} lie {Fixed(lead.Faithfulness.Distance, 3)} (faithfulness) and "
            + $"{Fixed(lead.Completeness.Distance, 3)} (completeness) apart on average, in units of φ.{other}";
    }

    /// <summary>Tokens.</summary>
    /// <param name="trace">The traces.</param>
    /// <param name="areLogits">f is the paper's logit in both runs.</param>
    public static string Traces(TraceComparison trace, bool areLogits = true)
    {
        string text =
            trace.OtherText > 0
                ? $" In {Many(trace.OtherText, "sample")} the text tokens are others, as with another prompt, "
                    + $"question or given answer: their δ cannot be paired."
            : trace.Delta.Count > 0
                ? $" δ over a sample's text tokens correlates with {Sentences.PlusMinus(trace.Delta)}."
            : "";
        string image =
            trace.ImageBeta.Count > 0
                ? $" β over a sample's image tokens correlates with {Sentences.PlusMinus(trace.ImageBeta)}."
                : "";
        string kept = Verdict(
            $"the share of {(areLogits ? "the logit" : "φ(x*)")} that the important text tokens keep",
            trace.LogitKept,
            3
        );
        return $"{Capital(kept)}.{text}{image}";
    }

    /// <summary>Samples.</summary>
    /// <param name="overlap">The samples of both runs.</param>
    /// <param name="areLogits">f is the paper's logit in both runs.</param>
    public static string Samples(SampleOverlap overlap, bool areLogits = true)
    {
        int common = overlap.Common.Count,
            targets = overlap.Common.Count(s => s.SameTarget);
        return common == 0
            ? "The runs have no sample in common: nothing can be paired, and what differs may be the data."
            : (
                overlap.OnlyA + overlap.OnlyB == 0
                    ? $"Both runs keep the same {Many(common, "sample")}"
                    : $"{Many(common, "sample")} {(common == 1 ? "is" : "are")} in both runs; differences are "
                        + $"paired over these"
            )
                + (
                    targets == common
                        ? ", with the same target tokens."
                        : $". In {(targets == 0 ? $"all {Count(common)}" : $"{Count(common - targets)} of them")} "
                            + $"the target token is another: there β explains {(areLogits ? "the logit of " : "")}"
                            + "another token."
                );
    }

    /// <summary>The name of two stages.</summary>
    public static string StageTitle(string a, string b) => a == b ? a : $"{a} and {b}";

    private static CriterionComparison? Lead(ScanComparison scan) =>
        scan.Criteria.FirstOrDefault(c => c.Criterion == Criteria.HeadAttribution)
        ?? (scan.Criteria.Count > 0 ? scan.Criteria[0] : null);

    private static string Unit(ScanComparison scan) => scan.SameHeads ? "" : "\u202f% of heads";

    private static string Thresholds(ScanComparison scan) =>
        scan.SameThresholds
            ? ""
            : $" B asks for faithfulness > {Tick(scan.B.Faithfulness)} and completeness < "
                + $"{Tick(scan.B.Completeness)}; here the thresholds of A are taken for both."
                + (
                    scan.B.IsExactAt(scan.A.Faithfulness, scan.A.Completeness)
                        ? ""
                        : " B was scanned on a grid that is not refined there: its heads needed are those of the "
                            + "next place, up to 4\u202f% of all heads too many."
                );

    private static string OnlyIn(string run, IReadOnlyList<RunStage> stages) =>
        stages.Count == 0 ? "" : $"only {run} has {List(stages.Select(s => s.Name))}";

    private static string Correlation(double rho) => Fixed(rho, rho > 0.995 ? 3 : 2);

    private static string List(IEnumerable<string> names)
    {
        string[] all = [.. names];
        return all.Length < 2 ? string.Concat(all) : $"{string.Join(", ", all[..^1])} and {all[^1]}";
    }

    private static string Capital(string text) =>
        char.IsAsciiLetterLower(text[0]) ? char.ToUpperInvariant(text[0]) + text[1..] : text;
}
