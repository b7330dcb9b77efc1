namespace Pipelines.Stages.Reporting;

/// <summary>
/// How the report names and colours the criteria that rank heads, in the order in which it shows them.
/// </summary>
internal static class Criteria
{
    /// <summary>The paper's method: coefficients of the regression.</summary>
    public const string HeadAttribution = "head-attribution";

    /// <summary>Ablation of one head alone.</summary>
    public const string Causal = "causal";

    /// <summary>Image attention weight.</summary>
    public const string Attention = "attention";

    /// <summary>The criterion without knowledge.</summary>
    public const string Random = "random";

    private static readonly (string Name, string Title, Ink Ink)[] Known =
    [
        (HeadAttribution, "head attribution", Palette.Series[0]),
        ("gradient", "gradient", Palette.Series[3]),
        (Causal, "causal", Palette.Series[1]),
        (Attention, "attention", Palette.Series[2]),
        (Random, "random", Palette.Series[5]),
    ];

    /// <summary>The name for people.</summary>
    public static string Title(string criterion) =>
        Known.FirstOrDefault(k => k.Name == criterion).Title
        ?? (
            criterion.StartsWith("run:", StringComparison.Ordinal)
            || criterion.StartsWith("file:", StringComparison.Ordinal)
                ? $"heads of {criterion[(criterion.IndexOf(':', StringComparison.Ordinal) + 1)..]}"
                : criterion
        );

    /// <summary>The colour.</summary>
    public static Ink InkOf(string criterion) =>
        Known.FirstOrDefault(k => k.Name == criterion).Ink ?? Palette.Series[4];

    /// <summary>Place in the order of display; unknown ones come before random.</summary>
    public static double Order(string criterion) =>
        Array.FindIndex(Known, k => k.Name == criterion) is >= 0 and int place ? place : Known.Length - 1.5;
}
