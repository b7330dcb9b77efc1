using Pipelines.Stages.Reporting;
using static Pipelines.Stages.Reporting.Format;

namespace Pipelines.Stages.Comparison;

/// <summary>Where beta of each run lies above that of the first.</summary>
[Figure("beta-differences", Section.Heads, Paper = "Fig. 2", Order = 1)]
internal sealed class ManyBetaFigure : IFigure<ManyRuns>
{
    /// <summary>The figure; null where no run's beta can be compared with the first's.</summary>
    public static Drawing? Of(ManyRuns runs)
    {
        (string Name, BetaComparison Beta)[] compared =
        [
            .. from run in runs.Others.Select((other, i) => (Letter: ManyRuns.Letter(i + 1), other.FirstFit?.Beta))
            where run.Beta is not null
            select ($"{run.Letter} − A", run.Beta!),
        ];
        if (compared.Length == 0)
        {
            return null;
        }

        BetaComparison first = compared[0].Beta;
        (string Name, double[] Difference)[] panels = [.. compared.Select(c => (c.Name, c.Beta.Difference))];
        var scale = SignedScale.Of(panels.SelectMany(p => p.Difference));
        return new Drawing(
            "β of each run less β of A",
            Shows(first, panels),
            "Mean β of a run less that of A, over the samples that both have (where there are none, of all). Orange: "
                + "the head carries more than in A. The scale is common and runs up "
                + $"to {Beta(scale.Most)}.{scale.Words("|difference|")}",
            new FigureTable(
                ["runs", "layer", "head", "difference"],
                [
                    .. panels.SelectMany(p =>
                        p.Difference.Select(
                            (d, n) => (IReadOnlyList<object?>)[p.Name, n / first.Heads, n % first.Heads, d]
                        )
                    ),
                ]
            ),
            canvas => BetaDifferences.Draw(canvas, first.Layers, first.Heads, panels, scale)
        );
    }

    private static string Shows(BetaComparison first, (string Name, double[] Difference)[] panels)
    {
        var (name, difference) = panels.MaxBy(p => p.Difference.Max(Math.Abs));
        double most = difference.Max(Math.Abs);
        int n = Array.FindIndex(difference, d => Math.Abs(d) == most);
        return most == 0
            ? "Mean β is the same in all of these runs."
            : $"The largest difference is {Signed(difference[n], 3)}, in {name} at {first.NameOf(n)}.";
    }
}
