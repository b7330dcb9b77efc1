using System.Globalization;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>A colour in CIELAB, D65.</summary>
internal readonly record struct Lab(double L, double A, double B);

/// <summary>
/// How different two colours look: CIEDE2000 after Sharma, Wu and Dalal 2005 ("The CIEDE2000 color-difference formula:
/// implementation notes, supplementary test data, and mathematical observations"), with kL = kC = kH = 1.
/// </summary>
internal static class ColourDifference
{
    /// <summary>Delta E00.</summary>
    public static double Of(Lab one, Lab other)
    {
        double chroma = (Math.Sqrt(Square(one.A) + Square(one.B)) + Math.Sqrt(Square(other.A) + Square(other.B))) / 2,
            g = 0.5 * (1 - Math.Sqrt(Seventh(chroma)));
        var (c1, h1) = Polar((1 + g) * one.A, one.B);
        var (c2, h2) = Polar((1 + g) * other.A, other.B);
        double turn = h2 - h1,
            middle = (h1 + h2) / 2;
        if (c1 * c2 == 0)
        {
            (turn, middle) = (0, h1 + h2);
        }
        else if (Math.Abs(h1 - h2) > 180)
        {
            turn += turn > 0 ? -360 : 360;
            middle += h1 + h2 < 360 ? 180 : -180;
        }

        double lightness = other.L - one.L,
            saturation = c2 - c1,
            hue = 2 * Math.Sqrt(c1 * c2) * Sine(turn / 2),
            meanL = (one.L + other.L) / 2,
            meanC = (c1 + c2) / 2,
            t =
                1
                - (0.17 * Cosine(middle - 30))
                + (0.24 * Cosine(2 * middle))
                + (0.32 * Cosine((3 * middle) + 6))
                - (0.20 * Cosine((4 * middle) - 63)),
            scaleL = 1 + (0.015 * Square(meanL - 50) / Math.Sqrt(20 + Square(meanL - 50))),
            scaleC = 1 + (0.045 * meanC),
            scaleH = 1 + (0.015 * meanC * t),
            rotation = -2 * Math.Sqrt(Seventh(meanC)) * Sine(60 * Math.Exp(-Square((middle - 275) / 25)));
        return Math.Sqrt(
            Square(lightness / scaleL)
                + Square(saturation / scaleC)
                + Square(hue / scaleH)
                + (rotation * saturation / scaleC * hue / scaleH)
        );
    }

    private static double Square(double value) => value * value;

    private static double Seventh(double chroma) => Math.Pow(chroma, 7) / (Math.Pow(chroma, 7) + Math.Pow(25, 7));

    private static double Sine(double degrees) => Math.Sin(degrees * Math.PI / 180);

    private static double Cosine(double degrees) => Math.Cos(degrees * Math.PI / 180);

    private static (double Chroma, double Hue) Polar(double a, double b) =>
        a == 0 && b == 0
            ? (0, 0)
            : (Math.Sqrt(Square(a) + Square(b)), ((Math.Atan2(b, a) * 180 / Math.PI) + 360) % 360);
}

/// <summary>How a screen's colour looks to an eye.</summary>
internal static class ColourVision
{
    private static readonly double[,] ToCones =
    {
        { 17.8824, 43.5161, 4.11935 },
        { 3.45565, 27.1554, 3.86714 },
        { 0.0299566, 0.184309, 1.46709 },
    };

    private static readonly double[,] FromCones =
    {
        { 0.080944, -0.130504, 0.116721 },
        { -0.0102485, 0.0540194, -0.113615 },
        { -0.000365294, -0.00412163, 0.693513 },
    };

    /// <summary>
    /// Eyes by name. Machado, Oliveira and Fernandes 2009 ("A physiologically-based model for simulation of color
    /// vision deficiency"), severity 1.0, on linear RGB; and Vienot, Brettel and Mollon 1999 ("Digital video
    /// colourmaps for checking the legibility of displays by dichromats"), which is full severity by construction.
    /// </summary>
    public static IReadOnlyList<(string Name, Func<double[], double[]> See)> All { get; } =
    [
        ("all cones", rgb => rgb),
        (
            "protanopia, Machado",
            rgb =>
                Times(
                    new[,]
                    {
                        { 0.152286, 1.052583, -0.204868 },
                        { 0.114503, 0.786281, 0.099216 },
                        { -0.003882, -0.048116, 1.051998 },
                    },
                    rgb
                )
        ),
        (
            "deuteranopia, Machado",
            rgb =>
                Times(
                    new[,]
                    {
                        { 0.367322, 0.860646, -0.227968 },
                        { 0.280085, 0.672501, 0.047413 },
                        { -0.011820, 0.042940, 0.968881 },
                    },
                    rgb
                )
        ),
        (
            "protanopia, Vienot",
            rgb =>
            {
                double[] cones = Times(ToCones, rgb);
                return Times(FromCones, [(2.02344 * cones[1]) - (2.52581 * cones[2]), cones[1], cones[2]]);
            }
        ),
        (
            "deuteranopia, Vienot",
            rgb =>
            {
                double[] cones = Times(ToCones, rgb);
                return Times(FromCones, [cones[0], (0.494207 * cones[0]) + (1.24827 * cones[2]), cones[2]]);
            }
        ),
    ];

    /// <summary>Linear RGB of #rrggbb.</summary>
    public static double[] Linear(string hex) =>
        [
            .. Enumerable
                .Range(0, 3)
                .Select(i =>
                    int.Parse(hex.AsSpan(1 + (2 * i), 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0
                )
                .Select(v => v <= 0.04045 ? v / 12.92 : Math.Pow((v + 0.055) / 1.055, 2.4)),
        ];

    /// <summary>Relative luminance of linear RGB.</summary>
    public static double Luminance(double[] rgb) => (0.2126729 * rgb[0]) + (0.7151522 * rgb[1]) + (0.0721750 * rgb[2]);

    /// <summary>Contrast of two colours by WCAG 2.</summary>
    public static double Contrast(string one, string other)
    {
        double a = Luminance(Linear(one)) + 0.05,
            b = Luminance(Linear(other)) + 0.05;
        return Math.Max(a, b) / Math.Min(a, b);
    }

    /// <summary>CIELAB of linear RGB, cut to what a screen shows.</summary>
    public static Lab LabOf(double[] rgb)
    {
        double[] shown = Array.ConvertAll(rgb, v => Math.Clamp(v, 0, 1));
        double x = ((0.4124564 * shown[0]) + (0.3575761 * shown[1]) + (0.1804375 * shown[2])) / 0.95047,
            y = Luminance(shown),
            z = ((0.0193339 * shown[0]) + (0.1191920 * shown[1]) + (0.9503041 * shown[2])) / 1.08883;
        return new Lab((116 * F(y)) - 16, 500 * (F(x) - F(y)), 200 * (F(y) - F(z)));

        static double F(double t) => t > 216.0 / 24389 ? Math.Cbrt(t) : ((24389.0 / 27 * t) + 16) / 116;
    }

    private static double[] Times(double[,] matrix, double[] v) =>
        [.. Enumerable.Range(0, 3).Select(r => (matrix[r, 0] * v[0]) + (matrix[r, 1] * v[1]) + (matrix[r, 2] * v[2]))];
}
