using System.Globalization;
using System.Text;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// A colour with its two values. A drawing carries the light one as an attribute and the name as a class, which the
/// page's style sheet overrides; so a file is right alone and the page follows light and dark.
/// </summary>
/// <param name="Name">Name of the CSS variable, unique.</param>
/// <param name="Light">#rrggbb on a light page and in files.</param>
/// <param name="Dark">#rrggbb on a dark page.</param>
public sealed record Ink(string Name, string Light, string Dark);

/// <summary>Form of a mark.</summary>
internal enum MarkShape
{
    /// <summary>A disc.</summary>
    Circle,

    /// <summary>A square on its side.</summary>
    Square,

    /// <summary>A triangle, point up.</summary>
    Triangle,

    /// <summary>A square on its corner.</summary>
    Diamond,

    /// <summary>Six corners.</summary>
    Hexagon,

    /// <summary>A triangle, point down.</summary>
    Wedge,

    /// <summary>Four arms, upright.</summary>
    Plus,

    /// <summary>Four arms, on the slant.</summary>
    Cross,
}

/// <summary>How a group of marks looks.</summary>
/// <param name="Ink">Colour.</param>
/// <param name="Shape">Form.</param>
internal readonly record struct Marker(Ink Ink, MarkShape Shape);

/// <summary>
/// The colours of every figure. Series are told apart with any kind of colour vision: any two of them differ by at
/// least 15 in CIEDE2000 as they are and as people without red or green cones see them, in lightness too, and in form
/// and dash (<c>PaletteTests</c> computes it). Ramps run evenly in lightness.
/// </summary>
internal static class Palette
{
    private const int Steps = 20; // of a ramp from its neutral end to its full colour

    /// <summary>Text and marks that matter.</summary>
    public static readonly Ink Ink = new("ink", "#1b1b1b", "#ececec");

    /// <summary>Axes, labels of ticks.</summary>
    public static readonly Ink Muted = new("muted", "#5f6368", "#a5abb3");

    /// <summary>Grid lines.</summary>
    public static readonly Ink Rule = new("rule", "#e3e5e8", "#30353b");

    /// <summary>Ground.</summary>
    public static readonly Ink Paper = new("paper", "#ffffff", "#14171a");

    /// <summary>Text on the middle of the ramp of shares, where dark is read on both pages.</summary>
    public static readonly Ink OnMiddle = new("on", "#1b1b1b", "#0c1113");

    /// <summary>
    /// Series that a panel holds: of more no palette keeps all apart for every eye, so that small multiples show them.
    /// </summary>
    public const int MostSeries = 8;

    /// <summary>Colours of series in the order of use; the sixth is the quiet one (random orders).</summary>
    public static readonly IReadOnlyList<Ink> Series =
    [
        new("c1", "#086cb7", "#66b8f6"),
        new("c2", "#d65f05", "#dc884c"),
        new("c3", "#036a4f", "#80d0aa"),
        new("c4", "#4e0e54", "#935acc"),
        new("c5", "#d9316b", "#bb3558"),
        new("c6", "#8b9198", "#898f96"),
        new("c7", "#031000", "#e8e651"),
        new("c8", "#4a3706", "#dcf3ff"),
    ];

    /// <summary>Dashes of lines, one a colour of <see cref="Series"/>; none has gaps alone (those are dots).</summary>
    private static readonly string?[] Dashes =
    [
        null,
        "9 3",
        "5 3",
        "9 3 2 3",
        "14 4",
        "3 3",
        "9 3 2 3 2 3",
        "14 3 5 3",
    ];

    /// <summary>Signed ramp: blue below zero, neutral at zero, orange above.</summary>
    private static readonly Ink[] Signed = Ramp(
        "d",
        ["#08407e", "#4a97cf", "#f1f1ef", "#e8893c", "#8c3a04"],
        ["#9fd4ff", "#2d78b5", "#23282d", "#b5601c", "#ffc58a"],
        2 * Steps
    );

    /// <summary>Ramp of shares: neutral at 0, green at 1.</summary>
    private static readonly Ink[] Shares = Ramp(
        "s",
        ["#f1f1ef", "#6dbb9f", "#00513f"],
        ["#23282d", "#1f7f66", "#a4f2d8"],
        Steps
    );

    /// <summary>Ramp of depth in the model: amber at the first layer, violet at the last.</summary>
    private static readonly Ink[] Depths = Ramp(
        "l",
        ["#e3a51a", "#2f9a8c", "#3a1d75"],
        ["#8a6a12", "#3aa899", "#d8c6ff"],
        Steps
    );

    /// <summary>Every colour once.</summary>
    public static IEnumerable<Ink> All =>
        [Ink, Muted, Rule, Paper, OnMiddle, .. Series, .. Signed, .. Shares, .. Depths];

    /// <summary>Colour of a relative depth: 0 = first layer, 1 = last.</summary>
    public static Ink OfDepth(double depth) =>
        Depths[double.IsFinite(depth) ? (int)Math.Round(Math.Clamp(depth, 0, 1) * Steps) : 0];

    /// <summary>
    /// Mark of a group in the order of use: up to <see cref="MostSeries"/> in a panel differ in colour and form.
    /// </summary>
    public static Marker OfGroup(int group) => MarkOf(Series[group % MostSeries]);

    /// <summary>Mark of a series: a colour has one form, so that no eye has to tell two by colour alone.</summary>
    public static Marker MarkOf(Ink ink) => new(ink, PlaceOf(ink) is >= 0 and var place ? (MarkShape)place : default);

    /// <summary>Dashes of a series' line; null = solid.</summary>
    public static string? DashesOf(Ink ink) => PlaceOf(ink) is >= 0 and var place ? Dashes[place] : null;

    /// <summary>Place among the series; -1 = none of them.</summary>
    private static int PlaceOf(Ink ink) => Enumerable.Range(0, Series.Count).FirstOrDefault(i => Series[i] == ink, -1);

    /// <summary>
    /// Colour of a signed value on the ramp from -<paramref name="most"/> to <paramref name="most"/>.
    /// </summary>
    public static Ink OfSigned(double value, double most) =>
        Signed[
            Steps + (double.IsFinite(value) && most > 0 ? (int)Math.Round(Math.Clamp(value / most, -1, 1) * Steps) : 0)
        ];

    /// <summary>Colour at a share of the length of the signed ramp, for its key.</summary>
    public static Ink SignedAt(double share) => OfSigned((2 * share) - 1, 1);

    /// <summary>Bars beside shares or below text that is shaded by them.</summary>
    public static Ink Bar => OfShare(0.62);

    /// <summary>Colour of a share in [0, 1].</summary>
    public static Ink OfShare(double share) =>
        Shares[double.IsFinite(share) ? (int)Math.Round(Math.Clamp(share, 0, 1) * Steps) : 0];

    /// <summary>
    /// Variables for both themes (system setting, or the page's own switch) and one fill and one stroke class a colour.
    /// </summary>
    public static string Css()
    {
        string light = string.Concat(All.Select(ink => $"--{ink.Name}:{ink.Light};"));
        string dark = string.Concat(All.Select(ink => $"--{ink.Name}:{ink.Dark};"));
        var css = new StringBuilder();
        css.Append(":root{color-scheme:light;").Append(light).Append("}\n");
        css.Append("@media(prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;")
            .Append(dark)
            .Append("}}\n");
        css.Append(":root[data-theme=dark]{color-scheme:dark;").Append(dark).Append("}\n");
        css.Append("@media print{:root:root{color-scheme:light;").Append(light).Append("}}\n");
        foreach (Ink ink in All)
        {
            css.Append(".f-")
                .Append(ink.Name)
                .Append("{fill:var(--")
                .Append(ink.Name)
                .Append(")}.s-")
                .Append(ink.Name)
                .Append("{stroke:var(--")
                .Append(ink.Name)
                .Append(")}");
        }

        return css.Append('\n').ToString();
    }

    private static Ink[] Ramp(string name, string[] light, string[] dark, int steps) =>
        [
            .. Enumerable
                .Range(0, steps + 1)
                .Select(i => new Ink(
                    name + i.ToString(CultureInfo.InvariantCulture),
                    Mix(light, (double)i / steps),
                    Mix(dark, (double)i / steps)
                )),
        ];

    private static string Mix(string[] stops, double at)
    {
        double place = at * (stops.Length - 1);
        int first = Math.Min(stops.Length - 2, (int)place);
        var mixed = new StringBuilder("#");
        for (int channel = 1; channel <= 5; channel += 2)
        {
            double a = Channel(stops[first], channel),
                b = Channel(stops[first + 1], channel);
            mixed.Append(
                ((int)Math.Round(a + ((b - a) * (place - first)))).ToString("x2", CultureInfo.InvariantCulture)
            );
        }

        return mixed.ToString();
    }

    private static int Channel(string hex, int start) =>
        int.Parse(hex.AsSpan(start, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
