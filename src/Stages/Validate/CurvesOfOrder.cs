using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>An order from elsewhere, by the name that the spec gives it.</summary>
/// <param name="Name">As in the spec.</param>
/// <param name="Order">The order.</param>
internal sealed record NamedOrder(string Name, GivenOrder Order) : IKeyed
{
    IEnumerable<KeyPart> IKeyed.KeyParts(string name) => [new KeyPart.Digest(name, Name, Order.Digest)];
}

/// <summary>Faithfulness and completeness of the orders of a criterion in a sample.</summary>
/// <param name="Passes">The sample.</param>
/// <param name="Ends">f(1) and f(0).</param>
/// <param name="Criterion">Name of the criterion or of a given order.</param>
/// <param name="Attribution">The sample's fit, by which head attribution orders.</param>
/// <param name="Gradients">The sample's gradients, by which they order.</param>
/// <param name="Seed">Seed of random orders.</param>
/// <param name="RandomSeeds">Number of random orders.</param>
/// <param name="Order">An order from elsewhere.</param>
/// <param name="Scan">Which places the curves have.</param>
/// <param name="Faithfulness">phi, exclusive: a scan until crossed goes on until the curve exceeds it; null for other
/// scans.</param>
/// <param name="Completeness">phi, exclusive: likewise, until the curve falls below it.</param>
/// <param name="RefinedFaithfulness">Thresholds, phi: on a grid, the places between are measured where the curve first
/// exceeds one; null for other scans.</param>
/// <param name="RefinedCompleteness">Likewise, where it first falls below one.</param>
[UnitKind("validate", 1, "passes")]
internal sealed record CurvesOfOrder(
    SamplePasses Passes,
    Unit Ends,
    string Criterion,
    Unit? Attribution,
    GradientsOfSample? Gradients,
    int? Seed,
    int? RandomSeeds,
    NamedOrder? Order,
    ScanRange Scan,
    double? Faithfulness,
    double? Completeness,
    IReadOnlyList<double>? RefinedFaithfulness,
    IReadOnlyList<double>? RefinedCompleteness
) : IUnit<CurvesOfOrder>
{
    private string Sample => Passes.Prefix.Sample;

    private int HeadsPerLayer => Passes.Prefix.Model.Info.Heads;

    private int Heads => Passes.Prefix.Model.Info.TotalHeads;

    /// <inheritdoc/>
    public static void Compute(CurvesOfOrder unit, UnitRun run)
    {
        using var lease = unit.Passes.Prepare(run);
        EndsRow ends = run.Row<EndsRow>(unit.Ends);
        var curves = new List<ValidationRow>();
        var refined = new List<RefinedRow>();
        var rankings = new List<RankingRow>();
        foreach (ScannedOrder order in unit.Orders(run, lease.Value, ends))
        {
            rankings.AddRange(order.Heads.Select((n, rank) => unit.Place(order, n, rank)));
            CurveScan scan = unit.ScanOf(run, lease.Value.Forward, ends, order.Heads);
            List<ScanPoint> curve = unit.Curve(scan);
            curves.AddRange(curve.Select(p => unit.Row(order, p)));
            if (unit.Scan == ScanRange.Grid)
            {
                refined.AddRange(
                    scan.Refine(curve, unit.RefinedFaithfulness!, unit.RefinedCompleteness!)
                        .Select(r => unit.Row(order, r.Pass, r.Phi))
                );
            }
        }

        run.Write<ValidationRow>(curves);
        run.Write<RankingRow>(rankings);
        if (unit.Scan == ScanRange.Grid)
        {
            run.Write<RefinedRow>(refined);
        }
    }

    private ValidationRow Row(ScannedOrder order, ScanPoint point) =>
        new(Sample, Criterion, order.Seed, point.K, point.Faithfulness, point.Completeness);

    private RefinedRow Row(ScannedOrder order, ScanPass pass, double phi) =>
        new(Sample, Criterion, order.Seed, pass.Quantity, pass.K, phi);

    private RankingRow Place(ScannedOrder order, int n, int rank) =>
        new(Sample, Criterion, order.Seed, rank, n / HeadsPerLayer, n % HeadsPerLayer, order.Scores?[n]);

    /// <summary>The orders that are scanned.</summary>
    private IEnumerable<ScannedOrder> Orders(UnitRun run, SampleRun prepared, EndsRow ends)
    {
        if (Order is { Order: var given })
        {
            return [new ScannedOrder(0, given.Heads, given.Scores)];
        }

        if (RandomSeeds is { } seeds)
        {
            return Enumerable
                .Range(0, seeds)
                .Select(seed => new ScannedOrder(seed, Ranking.Random(Heads, Seed!.Value, Sample, seed), null));
        }

        double[] scores = Scores(run, prepared, ends);
        return [new ScannedOrder(0, Ranking.ByScore(scores), [.. scores.Select(s => (double?)s)])];
    }

    /// <summary>Importance of every head [N] by the criterion.</summary>
    private double[] Scores(UnitRun run, SampleRun prepared, EndsRow ends)
    {
        if (Attribution is not null)
        {
            return run.Artifacts.Beta(Attribution);
        }

        if (Gradients is not null)
        {
            return Gradients.Expected(run.Artifacts, Heads).Beta;
        }

        if (Criterion == Spelling.Of(Domain.Criterion.Causal))
        {
            return Causal(run, prepared, ends);
        }

        if (Criterion == Spelling.Of(Domain.Criterion.Attention))
        {
            using IntactRun intact = IntactRun.Compute(prepared.Prefix);
            return [.. intact.ImageAttention().Cast<double>()];
        }

        throw new InvalidOperationException($"No scores for {Criterion}.");
    }

    /// <summary>delta_n = 1 - phi(all but n) [N].</summary>
    private double[] Causal(UnitRun run, SampleRun prepared, EndsRow ends)
    {
        var f = new List<double>(Heads);
        // A batch starts at the layer of its first head: whole layers, so that none starts amid the heads of one
        int batch = prepared.Forward.Batch,
            together = batch < HeadsPerLayer ? batch : batch - (batch % HeadsPerLayer);
        foreach (int[] heads in Enumerable.Range(0, Heads).Chunk(together))
        {
            run.Cancel.ThrowIfCancellationRequested();
            f.AddRange(prepared.Forward.Logits([.. heads.Select(n => HeadMasks.Without(Heads, n))]));
            run.Advance(heads.Length);
        }

        return [.. f.Select(x => 1 - ends.Phi(x))];
    }

    private List<ScanPoint> Curve(CurveScan scan) =>
        Scan switch
        {
            ScanRange.Full => scan.At(Enumerable.Range(0, Heads + 1)),
            ScanRange.UntilCrossed => scan.UntilCrossed(Faithfulness!.Value, Completeness!.Value),
            ScanRange.Grid => scan.At(ScanGrid.Places(Heads)),
            _ => throw new InvalidOperationException($"No scan {Scan}."),
        };

    /// <summary>Scans an order by passes of the model.</summary>
    private CurveScan ScanOf(UnitRun run, SuffixForward passes, EndsRow ends, IReadOnlyList<int> order) =>
        new(
            Heads,
            passes.Batch,
            asked =>
            {
                run.Cancel.ThrowIfCancellationRequested();
                double[] f = passes.Logits([
                    .. asked.Select(pass =>
                        pass.Quantity == ValidationQuantity.Faithfulness
                            ? Ranking.Intact(order, pass.K)
                            : Ranking.Ablated(order, pass.K)
                    ),
                ]);
                run.Advance(f.Length);
                return Array.ConvertAll(f, ends.Phi);
            }
        );

    /// <summary>An order that is scanned.</summary>
    /// <param name="Seed">Which random order; else 0.</param>
    /// <param name="Heads">Head numbers, the most important first.</param>
    /// <param name="Scores">What put them into it [N]; null for random orders.</param>
    private sealed record ScannedOrder(int Seed, IReadOnlyList<int> Heads, IReadOnlyList<double?>? Scores);
}
