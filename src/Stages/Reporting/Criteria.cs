using Pipelines.Domain;
using Pipelines.Spec;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// How the report names and colours the criteria that rank heads, in the order in which it shows them.
/// </summary>
internal static class Criteria
{
    /// <summary>The paper's method: coefficients of the regression.</summary>
    public static readonly string HeadAttribution = Spelling.Of(Criterion.HeadAttribution);

    /// <summary>Ablation of one head alone.</summary>
    public static readonly string Causal = Spelling.Of(Criterion.Causal);

    /// <summary>Image attention weight.</summary>
    public static readonly string Attention = Spelling.Of(Criterion.Attention);

    /// <summary>The criterion without knowledge.</summary>
    public static readonly string Random = Spelling.Of(Criterion.Random);

    private static readonly (string Name, string Title, Ink Ink)[] Known =
    [
        (HeadAttribution, "head attribution", Palette.Series[0]),
        (Spelling.Of(Criterion.Gradient), "gradient", Palette.Series[3]),
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
