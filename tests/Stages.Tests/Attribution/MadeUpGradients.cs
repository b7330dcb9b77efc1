using Pipelines.Domain;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Tests.Attribution;

/// <summary>
/// Part files of a made-up sample whose phi is a formula of x with a known gradient: forward masks, and gradients at
/// masks of a stream of their own.
/// </summary>
internal sealed class MadeUpGradients : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("gradients-").FullName;

    /// <param name="heads">N.</param>
    /// <param name="phi">phi(x).</param>
    /// <param name="gradient">d phi / d x.</param>
    /// <param name="rows">Forward masks.</param>
    /// <param name="passes">Gradients.</param>
    /// <param name="noise">Spread of what forward passes have beside the formula.</param>
    public MadeUpGradients(
        int heads,
        Func<double[], double> phi,
        Func<double[], double[]> gradient,
        int rows = 500,
        int passes = 30,
        double noise = 0
    )
    {
        Heads = heads;
        var random = new SplitMix64(3, 9);
        byte[] Draw() => Ranking.Intact(random.Permutation(heads), heads / 4);
        byte[][] masks = [.. Enumerable.Range(0, rows).Select(_ => Draw())],
            others = [.. Enumerable.Range(0, passes).Select(_ => Draw())];
        double[] values =
        [
            .. masks.Select(m => phi(Point(m)) + (noise * (((random.Next() >> 11) * Math.Pow(2, -53)) - 0.5))),
        ];
        MaskPart.Write(File("masks"), "s", 0, masks);
        ForwardPart.Write(File("forward"), "s", 0, values, values);
        int half = passes / 2;
        double[] at = [.. others.Select(m => phi(Point(m)))];
        float[][] slopes = [.. others.Select(m => Array.ConvertAll(gradient(Point(m)), g => (float)g))];
        foreach (var (name, first, count) in new[] { ("gradients-0", 0, half), ("gradients-1", half, passes - half) })
        {
            Range part = first..(first + count);
            new GradientPart(
                "s",
                [.. Enumerable.Range(first, count)],
                others[part],
                at[part],
                at[part],
                slopes[part]
            ).Write(File(name));
        }
    }

    public int Heads { get; }

    public IReadOnlyList<string> GradientFiles => [File("gradients-0"), File("gradients-1")];

    public MaskDataset Data => MaskDataset.Open([File("masks")], [File("forward")], Heads);

    public ExpectedGradients Expected(GradientAverage average = GradientAverage.BothEnds, int first = int.MaxValue) =>
        ExpectedGradients.Of(GradientPart.Read(GradientFiles, Heads), Heads, average, first);

    public HeadFit Fit(GradientResidual residual, ExpectedGradients? gradients = null) =>
        HeadRegression.Fit(
            new Trainer.Gradient(residual, new ElasticNetSettings()),
            [File("masks")],
            [File("forward")],
            Heads,
            7,
            0.8,
            gradients ?? Expected()
        );

    public string File(string name) => Path.Combine(folder, name + ".parquet");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private double[] Point(byte[] mask) =>
        [.. Enumerable.Range(0, Heads).Select(n => (double)(mask[n >> 3] >> (n & 7) & 1))];
}
