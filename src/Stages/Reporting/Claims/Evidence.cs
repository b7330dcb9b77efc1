using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// What a run measured about a claim, or about a part of it: the very number that the figure's sentence states, so that
/// table and figure cannot disagree.
/// </summary>
/// <param name="Value">Mean with its interval.</param>
/// <param name="Demand">Where it has to lie, or <see cref="LessChance"/> where there is one.</param>
internal sealed record Evidence(Estimate Value, Demand Demand)
{
    /// <summary>The quantity; null = the claim's own.</summary>
    public string? Quantity { get; init; }

    /// <summary>Which part of the claim, where it has several of one quantity; else empty.</summary>
    public string Criterion { get; init; } = "";

    /// <summary>What chance alone would give; NaN = there is no such level.</summary>
    public double Chance { get; init; } = double.NaN;

    /// <summary>The paper's number for this model; NaN = it has none.</summary>
    public double Paper { get; init; } = double.NaN;

    /// <summary>The paper's standard deviation; NaN = it has none.</summary>
    public double PaperDeviation { get; init; } = double.NaN;

    /// <summary>
    /// Where chance differs from sample to sample: the value less chance within samples, which is what is judged; null
    /// where the value itself is.
    /// </summary>
    public Estimate? LessChance { get; init; }

    /// <summary>What the interval says.</summary>
    public ClaimVerdict Verdict => Demand.Of(LessChance ?? Value);

    /// <summary>The part that decides over a claim: the first with the weakest verdict.</summary>
    /// <param name="parts">All parts, one at least.</param>
    public static Evidence Deciding(IReadOnlyList<Evidence> parts) => parts.MaxBy(p => p.Verdict)!;

    /// <summary>The numbers of the report: the value, and what is judged in its place.</summary>
    /// <param name="quantity">The claim's.</param>
    public IEnumerable<KeyNumber> ToNumbers(string quantity)
    {
        string own = Quantity ?? quantity;
        yield return new(own, Criterion, Value, 0, Paper, PaperDeviation, Chance, Verdict);
        if (LessChance is { } less)
        {
            yield return new($"{own}_less_chance", Criterion, less);
        }
    }
}
