namespace Pipelines.Stages.Reporting;

/// <summary>How a claim's numbers are written.</summary>
internal enum ClaimUnit
{
    /// <summary>As it is: R², a correlation, a cosine.</summary>
    Number,

    /// <summary>In percent.</summary>
    Share,

    /// <summary>How many times as many.</summary>
    Times,
}

/// <summary>
/// A claim of the paper. The class beside the figure that answers it (<see cref="IClaim{TData}"/>) says what the data
/// measure of it; table of claims, key numbers and overview find it by this and nothing else.
/// </summary>
/// <param name="order">Place in the table, from 1.</param>
/// <param name="quantity">What is judged, in <c>key_numbers</c>; no other claim's.</param>
/// <param name="words">The claim, in the paper's words.</param>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ClaimAttribute(int order, string quantity, string words) : Attribute
{
    /// <summary>Place in the table.</summary>
    public int Order => order;

    /// <summary>What is judged.</summary>
    public string Quantity => quantity;

    /// <summary>The claim.</summary>
    public string Words => words;

    /// <summary>A second quantity of which it speaks; null = none.</summary>
    public string? AlsoOf { get; init; }

    /// <summary>Where the paper says so, e.g. <c>§4.1, Table 2</c>.</summary>
    public required string Paper { get; init; }

    /// <summary>The paper's number, and of which models; where it gives none, what it shows instead.</summary>
    public required string Number { get; init; }

    /// <summary>Where the number has to lie for it to hold, as short as can be.</summary>
    public required string Rule { get; init; }

    /// <summary>What the number is, and why this threshold.</summary>
    public required string Why { get; init; }

    /// <summary>What it is about, in a word or two.</summary>
    public required string Topic { get; init; }

    /// <summary>What measures it: stages and data.</summary>
    public required string Needs { get; init; }

    /// <summary>The figure of the page that answers it.</summary>
    public required Type Figure { get; init; }

    /// <summary>
    /// Its threshold is a number of the paper, so that it is asked only where f and the question are the paper's.
    /// </summary>
    public bool IsByPapersNumber { get; init; }

    /// <summary>How its numbers are written.</summary>
    public ClaimUnit Unit { get; init; }

    /// <summary>All that it speaks of.</summary>
    public IEnumerable<string> Quantities => AlsoOf is null ? [Quantity] : [Quantity, AlsoOf];
}

/// <summary>A class that says what data measure of a claim.</summary>
/// <typeparam name="TData">What the page is about: one experiment, or several.</typeparam>
internal interface IClaim<TData>
{
    /// <summary>
    /// The parts of the claim, each of which has to hold, the hardest first; empty where the data measure nothing of
    /// it.
    /// </summary>
    static abstract IReadOnlyList<Evidence> Of(TData data);
}
