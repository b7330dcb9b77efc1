using Pipelines.Stages.Reporting;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Comparison;

/// <summary>Where beta of B lies above that of A, by layer and head.</summary>
[Figure("beta-difference", Section.Heads, Paper = "Fig. 2", Order = 2)]
internal sealed class BetaDifferenceFigure : IFigure<ComparedFits>
{
    /// <summary>The figure; null where beta cannot be compared.</summary>
    public static Drawing? Of(ComparedFits compared)
    {
        if (compared.Fit.Beta is not { } beta)
        {
            return null;
        }

        double[] difference = beta.Difference;
        return new Drawing(
            "β of B less β of A",
            Shows(beta, difference),
            $"Mean β of B less that of A. Orange: the head carries more in B; blue: in A. The scale runs up to "
                + $"{Beta(BetaDifferences.Most([difference]))}, {BetaDifferences.Clipped}.",
            new FigureTable(
                ["layer", "head", "difference"],
                [.. difference.Select((d, n) => (IReadOnlyList<object?>)[n / beta.Heads, n % beta.Heads, d])]
            ),
            canvas => BetaDifferences.Draw(canvas, beta.Layers, beta.Heads, [("B − A", difference)])
        );
    }

    private static string Shows(BetaComparison beta, double[] difference)
    {
        int up = Array.IndexOf(difference, difference.Max()),
            down = Array.IndexOf(difference, difference.Min());
        string Name(int n) => $"layer {Count(n / beta.Heads)} head {Count(n % beta.Heads)}";
        return difference.All(d => d == 0)
            ? "Mean β is the same in both runs."
            : $"B gains most in {Name(up)} ({Beta(beta.MeanA[up])} to {Beta(beta.MeanB[up])}) and loses most in "
                + $"{Name(down)} ({Beta(beta.MeanA[down])} to {Beta(beta.MeanB[down])}).";
    }
}

/// <summary>Heat maps of differences of beta on one scale.</summary>
internal static class BetaDifferences
{
    private const double Percentile = 0.99;

    /// <summary>How the scale is cut, in words.</summary>
    public const string Clipped = "the 99th percentile of the sizes; what is beyond has the last colour";

    /// <summary>Where the scale ends: one odd head cannot bleach the others.</summary>
    public static double Most(IEnumerable<IReadOnlyList<double>> differences)
    {
        double[] sizes = [.. differences.SelectMany(d => d).Where(double.IsFinite).Select(Math.Abs).Order()];
        double at = sizes.Length == 0 ? 0 : sizes[(int)Math.Ceiling(Percentile * sizes.Length) - 1];
        return at > 0 ? at : sizes.DefaultIfEmpty(0).Max();
    }

    /// <summary>A panel a difference.</summary>
    public static Svg Draw(
        Canvas canvas,
        int layers,
        int heads,
        IReadOnlyList<(string Name, double[] Difference)> panels
    )
    {
        double most = Most(panels.Select(p => p.Difference));
        var grid = HeadGrid.Fit(layers, heads, canvas, panels.Count);
        Svg svg = canvas.Svg(grid.Height);
        for (int i = 0; i < panels.Count; i++)
        {
            grid.Draw(
                svg,
                HeadGrid.ByLayer(panels[i].Difference, layers, heads),
                i,
                panels[i].Name,
                v => Palette.OfSigned(v, most),
                "layer {r}, head {c}\n" + panels[i].Name + " = {v}"
            );
        }

        return grid.DrawRamp(svg, "difference of β", Palette.SignedAt, (0, Beta(-most)), (0.5, "0"), (1, Beta(most)));
    }
}
