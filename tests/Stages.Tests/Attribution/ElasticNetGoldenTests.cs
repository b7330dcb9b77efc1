using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using FluentAssertions;
using FluentAssertions.Execution;
using Pipelines.Models.Tensors;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Xunit.Abstractions;

namespace Pipelines.Stages.Tests.Attribution;

/// <summary>Every fit of golden/elasticnet, with the tolerances of its README.</summary>
public sealed class ElasticNetGoldenTests(ITestOutputHelper output)
{
    private const string Kind = "elasticnet";

    [GoldenFact(Kind)]
    public void Every_fit_does_the_sweeps_of_scikit_learn_and_ends_at_its_coefficients()
    {
        using var cases = JsonDocument.Parse(File.ReadAllText(Golden.Path(Kind, "cases.json")));
        var sets = cases
            .RootElement.GetProperty("sets")
            .EnumerateObject()
            .ToDictionary(s => s.Name, s => new Set(s.Value));
        double worstSame = 0,
            worstOther = 0;
        int fits = 0,
            sameSweeps = 0;
        using var scope = new AssertionScope();
        foreach (var expected in cases.RootElement.GetProperty("fits").EnumerateArray())
        {
            var set = sets[expected.GetProperty("set").GetString()!];
            var train =
                expected.GetProperty("rows").GetString() == "train"
                    ? set.Rows("train")
                    : [.. Enumerable.Range(0, set.Y.Length)];
            var settings = new ElasticNetSettings(
                expected.GetProperty("alpha").GetDouble(),
                expected.GetProperty("l1_ratio").GetDouble(),
                expected.GetProperty("max_iter").GetInt32(),
                expected.GetProperty("tol").GetDouble(),
                expected.GetProperty("fit_intercept").GetBoolean()
            );
            double[] y = [.. train.Select(i => set.Y[i])];
            byte[][] rows = [.. train.Select(i => set.Bits[i])];
            var fit = ElasticNet.Fit(MaskColumns.Of(rows, set.Columns), y, settings);

            string name = string.Create(
                CultureInfo.InvariantCulture,
                $"fit {fits} ({expected.GetProperty("set").GetString()}, {settings})"
            );
            int iterations = expected.GetProperty("n_iter").GetInt32();
            bool tight = settings.Tolerance < 1e-7;
            if (tight)
            {
                ((double)fit.Iterations).Should().BeInRange(iterations * 0.98 - 1, iterations * 1.02 + 1, name);
            }
            else
            {
                fit.Iterations.Should().Be(iterations, name);
            }

            double tolerance = fit.Iterations == iterations ? 1e-9 : 1e-8;
            string coefficients = expected.GetProperty("coef").GetString()!;
            double error = fit.Coefficients.Zip(set.Tensors.ReadDouble(coefficients), (a, b) => Math.Abs(a - b)).Max();
            error.Should().BeLessThanOrEqualTo(tolerance, name);
            fit.Intercept.Should().BeApproximately(expected.GetProperty("intercept").GetDouble(), tolerance, name);
            double gap = expected.GetProperty("dual_gap").GetDouble();
            if (fit.Iterations == iterations)
            {
                fit.DualGap.Should().BeApproximately(gap, (1e-6 * Math.Abs(gap)) + 1e-12, name);
                fit.Coefficients.Count(c => c != 0).Should().Be(expected.GetProperty("nonzero").GetInt32(), name);
                sameSweeps++;
                worstSame = Math.Max(worstSame, error);
            }
            else
            {
                worstOther = Math.Max(worstOther, error);
            }

            Objective(rows, y, fit, settings)
                .Should()
                .BeApproximately(expected.GetProperty("objective").GetDouble(), 1e-9, name);
            fit.Converged.Should().Be(!expected.GetProperty("warns_no_convergence").GetBoolean(), name);
            if (expected.TryGetProperty("test", out var test))
            {
                var held = set.Rows("test");
                double[] truth = [.. held.Select(i => set.Y[i])],
                    predicted = [.. held.Select(i => fit.Predict(set.Bits[i]))];
                predicted
                    .Zip(
                        set.Tensors.ReadDouble(coefficients.Replace("coef", "predicted", StringComparison.Ordinal)),
                        (a, b) => Math.Abs(a - b)
                    )
                    .Max()
                    .Should()
                    .BeLessThanOrEqualTo(1e-9, name);
                Same(Metrics.R2(truth, predicted), test.GetProperty("r2"), name);
                Same(Metrics.Pearson(truth, predicted), test.GetProperty("rho"), name);
            }

            fits++;
        }

        foreach (var set in sets.Values)
        {
            set.Dispose();
        }

        fits.Should().BePositive();
        output.WriteLine(
            $"{fits} fits, {sameSweeps} with the same sweeps; largest coefficient error {worstSame:g2}, where sweeps "
                + $"differ {worstOther:g2}"
        );
    }

    private static void Same(double actual, JsonElement expected, string because)
    {
        if (expected.ValueKind == JsonValueKind.Null)
        {
            actual.Should().Be(double.NaN, because);
        }
        else
        {
            actual.Should().BeApproximately(expected.GetDouble(), 1e-9, because);
        }
    }

    private static double Objective(byte[][] rows, double[] y, ElasticNetFit fit, ElasticNetSettings s) =>
        (rows.Zip(y, (x, v) => Math.Pow(v - fit.Predict(x), 2)).Sum() / (2 * y.Length))
        + (s.Alpha * s.L1Ratio * fit.Coefficients.Sum(Math.Abs))
        + (s.Alpha * (1 - s.L1Ratio) / 2 * fit.Coefficients.Sum(w => w * w));

    private sealed class Set : IDisposable
    {
        public Set(JsonElement entry)
        {
            Tensors = SafeTensorsFile.Open(Golden.Path(Kind, entry.GetProperty("file").GetString()!));
            Columns = entry.GetProperty("N").GetInt32();
            Bits = [.. Tensors.ReadBytes("X_bits").Chunk((int)Tensors.Shape("X_bits")[1])];
            Y = Tensors.ReadDouble("y");
        }

        public SafeTensorsFile Tensors { get; }

        public int Columns { get; }

        public byte[][] Bits { get; }

        public double[] Y { get; }

        /// <summary>Row indexes, int32.</summary>
        public int[] Rows(string name) => MemoryMarshal.Cast<byte, int>(Tensors.Bytes(name)).ToArray();

        public void Dispose() => Tensors.Dispose();
    }
}
