using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Where the colours of signed values end: at a percentile of their sizes, so that one that lies far out does not leave
/// all others pale. A figure says it where some lie beyond.
/// </summary>
/// <param name="Most">Size that has the full colour; 0 = all values are 0.</param>
/// <param name="Beyond">Values of greater size: they have the same colour.</param>
internal readonly record struct SignedScale(double Most, int Beyond)
{
    /// <summary>Share of the values within the scale.</summary>
    public const double Percentile = 0.99;

    /// <summary>Some values lie beyond the colours.</summary>
    public bool IsClipped => Beyond > 0;

    /// <summary>
    /// The scale of some values: the nearest rank of the percentile, or the greatest where that is 0. Of fewer than a
    /// hundred values it is the greatest.
    /// </summary>
    public static SignedScale Of(IEnumerable<double> values)
    {
        double[] sizes = [.. values.Where(double.IsFinite).Select(Math.Abs).Order()];
        if (sizes.Length == 0)
        {
            return default;
        }

        double most = sizes[(int)Math.Ceiling(Percentile * sizes.Length) - 1];
        most = most > 0 ? most : sizes[^1];
        return new SignedScale(most, sizes.Count(s => s > most));
    }

    /// <summary>Colour of a value.</summary>
    public Ink InkOf(double value) => Palette.OfSigned(value, Most);

    /// <summary>How far a value goes towards the full colour, 0 to 1.</summary>
    public double ShareOf(double value) => Most > 0 ? Math.Min(1, Math.Abs(value) / Most) : 0;

    /// <summary>The ends and the middle of the ramp.</summary>
    public (double At, string Label)[] Labels =>
        [(0, (IsClipped ? "≤ " : "") + Beta(-Most)), (0.5, "0"), (1, (IsClipped ? "≥ " : "") + Beta(Most))];

    /// <summary>A sentence for the caption; empty where nothing lies beyond.</summary>
    /// <param name="of">What the values are, as in "|β|".</param>
    public string Words(string of) =>
        IsClipped
            ? $" Colours end at the {Fixed(100 * Percentile, 0)}th percentile of {of}, {Beta(Most)}; "
                + $"{Many(Beyond, "cell")} beyond it {(Beyond == 1 ? "has" : "have")} the same colour, and the table "
                + $"the true {(Beyond == 1 ? "value" : "values")}."
            : "";
}
