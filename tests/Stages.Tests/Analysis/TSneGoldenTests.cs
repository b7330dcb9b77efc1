using System.Text.Json;
using FluentAssertions;
using FluentAssertions.Execution;
using Pipelines.Models.Tensors;
using Pipelines.Stages.Analysis;
using Xunit.Abstractions;

namespace Pipelines.Stages.Tests.Analysis;

/// <summary>golden/stats/tsne.*: every step of scikit-learn's exact t-SNE from a PCA start.</summary>
public sealed class TSneGoldenTests(ITestOutputHelper output)
{
    [GoldenFact("stats/tsne.json")]
    public void Start_affinities_gradient_and_early_steps_equal_scikit_learn()
    {
        TorchNative.Touch();
        using var json = JsonDocument.Parse(File.ReadAllText(Golden.Path("stats", "tsne.json")));
        using SafeTensorsFile tensors = SafeTensorsFile.Open(Golden.Path("stats", "tsne.safetensors"));
        using var scope = new AssertionScope();
        int cases = 0;
        foreach (JsonElement c in json.RootElement.GetProperty("cases").EnumerateArray())
        {
            var golden = new Case(c, tensors);
            CheckStart(golden);
            CheckAffinities(golden);
            CheckGradient(golden);
            CheckEarlySteps(golden);
            CheckWhole(golden);
            cases++;
        }

        cases.Should().BePositive();
    }

    private void CheckStart(Case c)
    {
        Pca pca = Pca.Of(c.X);
        double[][] scores = c.Rows("pca_scores"),
            components = c.Rows("pca_components");
        double worst = 0;
        for (int k = 0; k < 2; k++)
        {
            double sign = Math.Sign(pca.Components[k].Zip(components[k], (a, b) => a * b).Sum());
            worst = Math.Max(worst, Largest(pca.Components[k].Select(v => v * sign), components[k]));
            worst = Math.Max(
                worst,
                Largest(pca.Scores.Select(s => s[k] * sign), scores.Select(s => s[k])) / scores.Max(s => Math.Abs(s[k]))
            );
        }

        double variance = Largest(pca.ExplainedVariance, c.Numbers("explained_variance")) / pca.ExplainedVariance[0];
        double[][] init = c.Rows("init"),
            start = TSne.Start(c.X);
        double startError = Enumerable
            .Range(0, 2)
            .Max(k => Largest(start.Select(p => Math.Abs(p[k])), init.Select(p => Math.Abs(p[k]))) / 1e-4);
        output.WriteLine($"{c.Name}: largest errors: PCA {worst:g2}, variance {variance:g2}, start {startError:g2}");
        worst.Should().BeLessThan(1e-10, c.Name);
        variance.Should().BeLessThan(1e-12, c.Name);
        startError.Should().BeLessThan(1e-10, c.Name);
    }

    private void CheckAffinities(Case c)
    {
        double[] own = TSneAffinities.Of(c.X, c.Number("perplexity"));
        double worst = 0;
        for (int i = 0; i < c.X.Length; i++)
        {
            for (int j = 0; j < c.X.Length; j++)
            {
                double expected = c.P[i][j],
                    actual = i == j ? 0 : own[Distances.Pair(c.X.Length, i, j)],
                    apart = Math.Abs(expected - actual);
                worst = Math.Max(
                    worst,
                    Math.Min(apart / 1e-7, expected == 0 ? double.PositiveInfinity : apart / expected / 1e-3)
                );
                worst = apart == 0 ? Math.Max(worst, 0) : worst;
            }
        }

        output.WriteLine($"{c.Name}: affinities: largest error {worst:g2} of the tolerance (1e-3 relative or 1e-7)");
        worst.Should().BeLessThanOrEqualTo(1, c.Name);
    }

    private void CheckGradient(Case c)
    {
        double worst = 0;
        foreach (
            var (at, gradient, divergence) in new[]
            {
                ("Y", "gradient", "kl_at_Y"),
                ("init", "init_gradient", "kl_at_init"),
            }
        )
        {
            double[] y = c.Flat(at),
                own = new double[y.Length],
                expected = c.Flat(gradient);
            TSneDescent.Gradient(c.Affinities, 1, y, own);
            worst = Math.Max(worst, Largest(own, expected) / expected.Max(Math.Abs));
            worst = Math.Max(
                worst,
                Math.Abs(TSneDescent.Divergence(c.Affinities, 1, y) - c.Number(divergence)) / c.Number(divergence)
            );
        }

        output.WriteLine($"{c.Name}: gradient and KL: largest relative error {worst:g2}");
        worst.Should().BeLessThan(1e-9, c.Name);
    }

    private void CheckEarlySteps(Case c)
    {
        TSne.LearningRate(c.X.Length).Should().Be(c.Number("learning_rate"));
        var descent = new TSneDescent(c.Affinities, c.Rows("init"));
        for (int step = 1; step <= 10; step++)
        {
            descent.Step(12, 0.5, TSne.LearningRate(c.X.Length));
            if (step is 1 or 10)
            {
                double[] expected = c.Flat($"after{step}");
                double error = Largest(descent.Points.SelectMany(p => p), expected) / expected.Max(Math.Abs);
                output.WriteLine($"{c.Name}: after {step} steps: largest relative error {error:g2}");
                error.Should().BeLessThan(step == 1 ? 1e-8 : 1e-6, $"{c.Name} after {step}");
            }
        }
    }

    private void CheckWhole(Case c)
    {
        TSne whole = TSne.Of(c.X, new TSneSettings { Perplexity = c.Number("perplexity") });
        double allowed = 1.5 * c.Numbers("final_kl_with_perturbed_init").Max();
        output.WriteLine(
            $"{c.Name}: final KL {whole.Divergence:g4} after {whole.Steps} steps; scikit-learn "
                + $"{c.Number("final_kl"):g4} after {c.Number("n_iter") + 1}; allowed {allowed:g4}"
        );
        whole.Perplexity.Should().Be(c.Number("perplexity"));
        whole.Divergence.Should().BeLessThanOrEqualTo(allowed, c.Name);
        TSneDescent.Divergence(c.Affinities, 1, c.Flat("embedding")).Should().BeLessThanOrEqualTo(allowed, c.Name);
    }

    private static double Largest(IEnumerable<double> a, IEnumerable<double> b) =>
        a.Zip(b, (x, y) => Math.Abs(x - y)).Max();

    private sealed class Case(JsonElement json, SafeTensorsFile tensors)
    {
        public string Name { get; } = json.GetProperty("name").GetString()!;

        public double[][] X => Rows("X");

        public double[][] P => Rows("P");

        public double[] Affinities => [.. P.SelectMany((row, i) => row.Skip(i + 1))];

        public double Number(string name) => json.GetProperty(name).GetDouble();

        public double[] Numbers(string name) => [.. json.GetProperty(name).EnumerateArray().Select(v => v.GetDouble())];

        public double[] Flat(string name) => tensors.ReadDouble($"{Name}.{name}");

        public double[][] Rows(string name) => [.. Flat(name).Chunk((int)tensors.Shape($"{Name}.{name}")[1])];
    }
}
