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
        var scale = SignedScale.Of(difference);
        return new Drawing(
            "β of B less β of A",
            Shows(beta, difference),
            $"Mean β of B less that of A. Orange: the head carries more in B; blue: in A. The scale runs up to "
                + $"{Beta(scale.Most)}.{scale.Words("|difference|")}",
            new FigureTable(
                ["layer", "head", "difference"],
                [.. difference.Select((d, n) => (IReadOnlyList<object?>)[n / beta.Heads, n % beta.Heads, d])]
            ),
            canvas => BetaDifferences.Draw(canvas, beta.Layers, beta.Heads, [("B − A", difference)], scale)
        );
    }

    private static string Shows(BetaComparison beta, double[] difference)
    {
        int up = Array.IndexOf(difference, difference.Max()),
            down = Array.IndexOf(difference, difference.Min());
        string At(int n) => $"in {beta.NameOf(n)} ({Beta(beta.MeanA[n])} to {Beta(beta.MeanB[n])})";
        return (difference[up] > 0, difference[down] < 0) switch
        {
            (true, true) => $"B gains most {At(up)} and loses most {At(down)}.",
            (true, false) => $"B gains most {At(up)} and loses in no head.",
            (false, true) => $"B loses most {At(down)} and gains in no head.",
            _ => "Mean β is the same in both runs.",
        };
    }
}
