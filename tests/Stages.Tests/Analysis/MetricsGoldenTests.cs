using System.Text.Json;
using FluentAssertions;
using FluentAssertions.Execution;
using Pipelines.Stages.Analysis;
using Xunit.Abstractions;

namespace Pipelines.Stages.Tests.Analysis;

/// <summary>golden/stats/simple.json: 1e-12 relative, 1e-8 for the cases with large values.</summary>
public sealed class MetricsGoldenTests(ITestOutputHelper output)
{
    private readonly Dictionary<string, double> worst = [];

    [GoldenFact("stats/simple.json")]
    public void Measures_equal_numpy_scipy_and_scikit_learn_to_1e_12()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(Golden.Path("stats", "simple.json")));
        var root = file.RootElement;
        using var scope = new AssertionScope();
        foreach (var c in Cases(root, "pearson"))
        {
            Check(c, "rho", Metrics.Pearson(Numbers(c, "a"), Numbers(c, "b")));
        }

        foreach (var c in Cases(root, "cosine"))
        {
            Check(c, "similarity", Metrics.Cosine(Numbers(c, "a"), Numbers(c, "b")));
        }

        foreach (var c in Cases(root, "r2"))
        {
            Check(c, "r2", Metrics.R2(Numbers(c, "truth"), Numbers(c, "predicted")));
        }

        foreach (var c in Cases(root, "percentile"))
        {
            Check(c, "median", Metrics.Median(Numbers(c, "values")));
            var actual = Metrics.Percentiles(Numbers(c, "values"), Numbers(c, "q"));
            var expected = Numbers(c, "expected");
            for (int i = 0; i < expected.Length; i++)
            {
                Check(c, "percentile", expected[i], actual[i]);
            }
        }

        foreach (var c in Cases(root, "moments"))
        {
            var moments = Moments.Of(Numbers(c, "values"));
            Check(c, "mean", moments.Mean);
            Check(c, "std_population", moments.StdPopulation);
            Check(c, "std_sample", moments.StdSample);
        }

        worst.Should().NotBeEmpty();
        foreach (var (quantity, error) in worst)
        {
            output.WriteLine($"{quantity}: largest relative error {error:g2}");
        }
    }

    private static JsonElement.ArrayEnumerator Cases(JsonElement root, string kind) =>
        root.TryGetProperty(kind, out var cases) ? cases.EnumerateArray() : default;

    private static double[] Numbers(JsonElement c, string name) =>
        [.. c.GetProperty(name).EnumerateArray().Select(v => v.GetDouble())];

    private void Check(JsonElement c, string quantity, double actual)
    {
        var expected = c.GetProperty(quantity);
        Check(c, quantity, expected.ValueKind == JsonValueKind.Null ? double.NaN : expected.GetDouble(), actual);
    }

    private void Check(JsonElement c, string quantity, double expected, double actual)
    {
        string name = c.GetProperty("name").GetString()!;
        double tolerance = name is "offset" or "large" ? 1e-8 : 1e-12;
        double error =
            double.IsNaN(expected) && double.IsNaN(actual)
                ? 0
                : Math.Abs(actual - expected) / Math.Max(Math.Abs(expected), 1e-300);
        if (expected == 0)
        {
            error = Math.Abs(actual);
        }

        error.Should().BeLessThanOrEqualTo(tolerance, $"{quantity} of {name}: {actual} for {expected}");
        worst[quantity] = Math.Max(worst.GetValueOrDefault(quantity), error);
    }
}
