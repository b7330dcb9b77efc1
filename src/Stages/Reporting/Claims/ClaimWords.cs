using System.Reflection;
using Pipelines.Stages.Analysis;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>A claim's numbers as tables write them.</summary>
internal static class ClaimWords
{
    /// <summary>What the verdicts mean.</summary>
    public static string Legend { get; } =
        $"{Said(ClaimVerdict.Holds)}: the whole 95 % interval lies where the claim has it; "
        + $"{Said(ClaimVerdict.DoesNot)}: on the other side of the threshold; {Said(ClaimVerdict.NotSettled)}: it "
        + $"holds the threshold, or there are fewer than {Count(Estimate.FewestSamples)} samples.";

    /// <summary>Symbol and word.</summary>
    public static string Said(ClaimVerdict verdict) => $"{verdict.Symbol()} {verdict.Word()}";

    /// <summary>Symbol and word as HTML; whoever listens hears the word alone.</summary>
    public static string Mark(ClaimVerdict verdict) =>
        $"<span class=\"verdict {verdict.ToString().ToLowerInvariant()}\"><span aria-hidden=\"true\">"
        + $"{verdict.Symbol()}</span> {verdict.Word()}</span>";

    /// <summary>A mean with its interval.</summary>
    public static string Value(ClaimAttribute stated, Estimate value)
    {
        string times = stated.Unit == ClaimUnit.Times ? "\u00a0×" : "";
        return Level(stated, value.Mean) + times + value.Bracket(end => Level(stated, end));
    }

    /// <summary>What a number alone would be, of chance or of the paper.</summary>
    public static string Level(ClaimAttribute stated, double level) =>
        stated.Unit == ClaimUnit.Share ? Percent(level) : Fixed(level, 2);

    /// <summary>
    /// The paper's number for this model, or what it has of others; none where f or what is asked is not the paper's.
    /// </summary>
    public static string Paper(Claim claim, bool isAsThePaper)
    {
        if (!isAsThePaper)
        {
            return None;
        }

        KeyNumber[] known = [.. claim.Numbers.Where(n => double.IsFinite(n.Paper))];
        return known.Length == 0
            ? claim.Stated.Number
            : string.Join(
                ", ",
                known.Select(n =>
                    Level(claim.Stated, n.Paper)
                    + (double.IsFinite(n.PaperDeviation) ? $" ± {Level(claim.Stated, n.PaperDeviation)}" : "")
                )
            );
    }

    /// <summary>Which part of a claim a number is; empty where it has one.</summary>
    public static string Part(Claim claim, KeyNumber number) =>
        number.Criterion.Length > 0 ? number.Criterion
        : claim.Numbers.Count == 1 ? ""
        : number.Quantity.Replace('_', ' ');

    /// <summary>What stands small below a number: which part it is, what chance gives, and how few samples.</summary>
    public static string Note(Claim claim, KeyNumber number)
    {
        string chance = double.IsFinite(number.Chance) ? $"chance {Level(claim.Stated, number.Chance)}" : "",
            few = number.Value.CanTell ? "" : $"n = {Count(number.Value.Count)}";
        return string.Join(", ", new[] { Part(claim, number), chance, few }.Where(t => t.Length > 0));
    }

    /// <summary>Those that a cell lists: all parts of a few, of many the one that decides.</summary>
    public static IEnumerable<KeyNumber> Listed(Claim claim) =>
        claim.Numbers.Count <= Few ? claim.Numbers : [claim.Deciding];

    /// <summary>The place on the page that answers a claim.</summary>
    public static FigureAttribute Figure(ClaimAttribute stated) => stated.Figure.GetCustomAttribute<FigureAttribute>()!;

    private const int Few = 3;
}
