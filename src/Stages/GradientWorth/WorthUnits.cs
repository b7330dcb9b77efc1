using System.Diagnostics;
using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>A sample's masks with phi, and which of them no fit sees.</summary>
/// <param name="Observed">The masks.</param>
/// <param name="Train">Share of them that may train.</param>
/// <param name="Seed">Of the split.</param>
internal sealed record HeldOut(Observed Observed, double Train, int Seed)
{
    /// <summary>The masks, and which of them train.</summary>
    public (MaskDataset Data, TrainTestSplit Split) Open(UnitRun run)
    {
        MaskDataset data = Observed.Open(run);
        return (data, TrainTestSplit.Of(data.Rows, Train, Seed));
    }
}

/// <summary>beta of a sample by the elastic net on its first train masks.</summary>
/// <param name="Sample">The sample.</param>
/// <param name="HeadsPerLayer">H.</param>
/// <param name="Count">Masks that are fitted.</param>
/// <param name="Alpha">Strength of the penalty.</param>
/// <param name="L1Ratio">Share of the l1 penalty.</param>
/// <param name="Masks">All masks.</param>
[UnitKind("gradient-worth", 1, "samples")]
internal sealed record FitToFirstMasks(
    string Sample,
    int HeadsPerLayer,
    int Count,
    double Alpha,
    double L1Ratio,
    HeldOut Masks
) : IUnit<FitToFirstMasks>
{
    /// <inheritdoc/>
    public static void Compute(FitToFirstMasks unit, UnitRun run)
    {
        var (data, split) = unit.Masks.Open(run);
        var settings = new ElasticNetSettings(unit.Alpha, unit.L1Ratio);
        FirstFit fit = FirstFit.OfMasks(data, split, unit.Count, settings);
        fit.Write(run, unit.Sample, WorthRow.Masks, unit.Count, unit.HeadsPerLayer);
    }
}

/// <summary>beta of a sample by the mean of its first gradients.</summary>
/// <param name="Sample">The sample.</param>
/// <param name="HeadsPerLayer">H.</param>
/// <param name="Count">Gradients that are averaged.</param>
/// <param name="Average">How.</param>
/// <param name="Gradients">The units that hold them, in order.</param>
/// <param name="Masks">All masks, of which those held out measure it.</param>
[UnitKind("gradient-worth", 1, "samples")]
internal sealed record MeanOfFirstGradients(
    string Sample,
    int HeadsPerLayer,
    int Count,
    GradientAverage Average,
    IReadOnlyList<Unit> Gradients,
    HeldOut Masks
) : IUnit<MeanOfFirstGradients>
{
    /// <inheritdoc/>
    public static void Compute(MeanOfFirstGradients unit, UnitRun run)
    {
        var (data, split) = unit.Masks.Open(run);
        var gradients = GradientPart.Read(unit.Gradients.Select(run.Artifacts.File<GradientRow>), data.Heads);
        FirstFit fit = FirstFit.OfGradients(data, split, gradients, unit.Count, unit.Average);
        fit.Write(run, unit.Sample, WorthRow.Gradients, unit.Count, unit.HeadsPerLayer);
    }
}

/// <summary>How a fit is stored: as the scan of its order and <see cref="WorthOfSample"/> read it.</summary>
internal static class StoredFirstFit
{
    /// <summary>Writes beta and the quality of a fit.</summary>
    public static void Write(this FirstFit fit, UnitRun run, string sample, string way, int count, int headsPerLayer)
    {
        run.Write<AttributionRow>([
            .. fit.Beta.Select((beta, n) => new AttributionRow(sample, n / headsPerLayer, n % headsPerLayer, beta)),
        ]);
        run.Write<FirstFitRow>([
            new(sample, way, count, Undefined.ToNull(fit.R2), fit.Intercept, fit.Iterations, fit.Converged),
        ]);
    }
}

/// <summary>What the fits of a sample come to.</summary>
/// <param name="Sample">The sample.</param>
/// <param name="Fits">Units of the fits.</param>
/// <param name="Scans">Units of the scans of their orders, as many in the same order.</param>
/// <param name="Faithfulness">Threshold, exclusive.</param>
/// <param name="Completeness">Threshold, exclusive.</param>
[UnitKind("gradient-worth", 1, "samples")]
internal sealed record WorthOfSample(
    string Sample,
    IReadOnlyList<Unit> Fits,
    IReadOnlyList<Unit> Scans,
    double Faithfulness,
    double Completeness
) : IUnit<WorthOfSample>
{
    /// <inheritdoc/>
    public static void Compute(WorthOfSample unit, UnitRun run)
    {
        var fits = unit
            .Fits.Zip(unit.Scans, (fit, scan) => (Row: run.Row<FirstFitRow>(fit), Beta: run.Artifacts.Beta(fit), scan))
            .ToList();
        double[] largest = fits.Where(f => f.Row.Way == WorthRow.Masks).MaxBy(f => f.Row.Observations).Beta;
        run.Write<WorthRow>([
            .. fits.Select(f =>
            {
                OrderScan scan = OrderScan.Of(run.Rows<ValidationRow>(f.scan), [])[0];
                return new WorthRow(
                    unit.Sample,
                    f.Row.Way,
                    f.Row.Observations,
                    f.Row.R2,
                    Undefined.ToNull(Metrics.Pearson(f.Beta, largest)),
                    Undefined.ToNull(Metrics.Spearman(f.Beta, largest)),
                    scan.Needed(ValidationQuantity.Faithfulness, unit.Faithfulness),
                    scan.Needed(ValidationQuantity.Completeness, unit.Completeness)
                );
            }),
        ]);
    }
}

/// <summary>
/// How long a mask, a gradient and the fits of a sample take. A measurement, not a function of its inputs: what is
/// stored is what was measured when it was computed.
/// </summary>
/// <param name="Passes">The sample.</param>
/// <param name="Rounds">Times that a batch of masks and one of gradients take turns.</param>
/// <param name="Fits">Masks of the fits that are timed.</param>
/// <param name="Alpha">Strength of their penalty.</param>
/// <param name="L1Ratio">Share of the l1 penalty.</param>
/// <param name="Masks">The masks: the first are run again, and all are fitted.</param>
[UnitKind("pass-seconds", 1, "rounds")]
internal sealed record SecondsOfPasses(
    SamplePasses Passes,
    int Rounds,
    IReadOnlyList<int> Fits,
    double Alpha,
    double L1Ratio,
    HeldOut Masks
) : IUnit<SecondsOfPasses>
{
    /// <inheritdoc/>
    public static void Compute(SecondsOfPasses unit, UnitRun run)
    {
        using var forward = unit.Passes.Prepare(run);
        using var gated = unit.Passes.PrepareGradients(run);
        SuffixForward passes = forward.Value.Forward;
        var (data, split) = unit.Masks.Open(run);
        byte[][] masks = [.. data.Observations().Take(passes.Batch).Select(o => o.Heads)],
            points = [.. data.Observations().Take(gated.Value.Forward.Batch).Select(o => o.Heads)];
        UnitRun silent = run with { Advance = _ => { } };
        void OfMasks() => passes.Logits(masks);
        void OfGradients() =>
            GradientsOverMasks.Over(gated.Value.Forward, points, unit.Passes.Prefix.Model, silent);
        OfMasks(); // the first of either sets up what later ones reuse
        OfGradients();
        string sample = unit.Passes.Prefix.Sample;
        var rows = new List<PassSecondsRow>();
        for (int round = 0; round < unit.Rounds; round++)
        {
            run.Cancel.ThrowIfCancellationRequested();
            double ofMasks = Seconds(OfMasks),
                ofGradients = Seconds(OfGradients);
            rows.Add(new(sample, round, PassSecondsRow.Mask, masks.Length, ofMasks / masks.Length));
            rows.Add(new(sample, round, PassSecondsRow.Gradient, points.Length, ofGradients / points.Length));
            run.Advance(1);
        }

        var settings = new ElasticNetSettings(unit.Alpha, unit.L1Ratio);
        foreach (int count in unit.Fits)
        {
            Observation[] train = FirstFit.Train(data, split, count);
            double seconds = Seconds(() => FirstFit.Net(train, settings, data.Heads));
            rows.Add(new(sample, 0, PassSecondsRow.Net, count, seconds));
        }

        run.Write<PassSecondsRow>(rows);
    }

    private static double Seconds(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
