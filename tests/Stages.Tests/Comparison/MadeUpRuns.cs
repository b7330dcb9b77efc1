using Pipelines.Stages.Analysis;
using Pipelines.Stages.Comparison;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Tests.Comparison;

/// <summary>Made-up results of small runs.</summary>
internal static class MadeUpRuns
{
    /// <summary>A kept sample whose picture is named after it.</summary>
    public static SampleRow Kept(string id, string answer = "cat", int target = 5, string? file = null) =>
        new(
            id,
            file ?? id + ".jpg",
            answer,
            "What?",
            answer,
            "right",
            null,
            null,
            target,
            answer,
            3,
            1,
            SampleRow.Kept,
            null
        );

    /// <summary>A regression; R^2 is .8 and rho .9 unless given.</summary>
    public static FitResults Fit(int layers, int heads, params (string Sample, double[] Beta, double R2)[] samples) =>
        new(
            "attribution",
            [.. samples.Select(s => Kept(s.Sample))],
            layers,
            heads,
            samples.ToDictionary(s => s.Sample, s => s.R2),
            samples.ToDictionary(s => s.Sample, s => Math.Sqrt(s.R2)),
            samples.ToDictionary(s => s.Sample, s => s.Beta)
        );

    /// <summary>A validation by head attribution.</summary>
    public static ScanResults Scan(
        int headCount,
        params (string Sample, int Seed, double[] Faithfulness, double[] Completeness)[] scans
    ) =>
        new(
            "validation",
            [.. scans.Select(s => s.Sample).Distinct().Select(s => Kept(s))],
            headCount,
            0.8,
            0.2,
            [
                .. scans.SelectMany(s =>
                    s.Faithfulness.Select(
                        (f, k) => new ValidationRow(s.Sample, "head-attribution", s.Seed, k, f, s.Completeness[k])
                    )
                ),
            ]
        );

    /// <summary>A trace of one sample.</summary>
    public static TraceResults Trace(double kept, int[] tokens, double[] delta, double?[] image) =>
        new(
            "tokens",
            [Kept("s1")],
            new Dictionary<string, TokenTraceRow> { ["s1"] = new("s1", 2, 0.9, 1, 0.9 * kept, kept, 0, 0, [3]) },
            new Dictionary<string, TextTokenRow[]>
            {
                ["s1"] = [.. tokens.Select((t, i) => new TextTokenRow("s1", i, t, "t", delta[i], delta[i] > 0.05))],
            },
            new Dictionary<string, ImageTokenRow[]>
            {
                ["s1"] = [.. image.Select((b, j) => new ImageTokenRow("s1", j, null, null, 0.1, b))],
            }
        );

    /// <summary>A run with some settings and stages.</summary>
    public static RunCard Card(
        string name,
        (string Path, string Value)[] settings,
        params (string Name, string Kind)[] stages
    ) =>
        new(
            name,
            "/runs/" + name,
            "micro",
            [.. settings.Select(s => new RunSetting(s.Path, s.Value))],
            [.. stages.Select(s => new RunStage(s.Name, s.Kind))]
        );

    /// <summary>Two runs of everything.</summary>
    public static RunComparison Whole(
        FitResults fitA,
        FitResults fitB,
        ScanResults scanA,
        ScanResults scanB,
        string nameA = "one",
        string nameB = "two"
    )
    {
        var bootstrap = new Bootstrap();
        (string, string)[] stages = [("attribution", "regress"), ("validation", "validate")];
        RunCard a = Card(
            nameA,
            [("seed", "7"), ("prompt", "default")],
            [("attribution", "regress"), ("validation", "validate"), ("tokens", "token-trace")]
        );
        RunCard b = Card(nameB, [("seed", "7"), ("prompt", "p1")], stages);
        return new RunComparison(
            a,
            b,
            SettingDifferences.Of(a, b),
            [FitComparison.Of(fitA, fitB, bootstrap)],
            [ScanComparison.Of(scanA, scanB, bootstrap)],
            [
                TraceComparison.Of(
                    Trace(1, [1, 2, 3], [0, 0.5, 0.1], [0.1, null]),
                    Trace(0.9, [1, 2, 3], [0, 0.4, 0.2], [0.1, 0.2]),
                    bootstrap
                ),
            ],
            SampleOverlap.Of(fitA.Samples, fitB.Samples),
            [
                new TableDifference("fits", 3, 0, 1, 2, [new("r2", 2, 0.05), new("trainer", 1, null)]),
                new TableDifference("samples", 3, 0, 0, 0, []),
            ],
            []
        );
    }
}
