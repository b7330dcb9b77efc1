using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Tensors;
using Pipelines.Spec;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;
using TorchSharp;

namespace Pipelines.Stages;

/// <summary>
/// Gradients of phi with respect to a gate per head (beyond the paper, expected gradients), for masks drawn as those of
/// the forward passes but from a stream of their own. A shard is one fixed range of masks. The model is that
/// of the forward passes, and so are f(1) and f(0), which scale phi.
/// </summary>
[StageOf<GradientPassesSpec>]
public sealed class GradientPasses(GradientPassesSpec spec, ForwardPasses forward) : Stage
{
    /// <inheritdoc/>
    public override string WorkUnit => "gradients";

    /// <summary>The spec.</summary>
    public GradientPassesSpec Spec => spec;

    /// <summary>The forward passes whose phi is differentiated.</summary>
    public ForwardPasses Forward => forward;

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) =>
        forward.AcceptedSoFar(artifacts).Units(s => ShardsOf(artifacts, s), spec.Count);

    /// <summary>The shards of a sample, in order of the masks.</summary>
    public IReadOnlyList<Unit> ShardsOf(Artifacts artifacts, Sample sample)
    {
        ArgumentNullException.ThrowIfNull(artifacts);
        return artifacts.Once<IReadOnlyList<Unit>>(this, nameof(ShardsOf), sample.Id, () =>
        {
            SamplePasses passes = forward.PassesOver(artifacts, sample);
            Unit ends = forward.EndsUnit(artifacts, sample);
            MaskDrawing drawing = forward.Masks.Drawing(sample, "/gradients");
            return
            [
                .. ShardRange
                    .Of(spec.Count, spec.Shard)
                    .Select(r =>
                        Unit.Of(
                            $"{sample.Id}/{r.Name}",
                            new GradientsOverMasks(passes, ends, drawing, r.First, r.Count),
                            r.Count
                        )
                    ),
            ];
        });
    }

    /// <summary>The shards that hold the first gradients of a sample.</summary>
    internal IReadOnlyList<Unit> ShardsOf(Artifacts artifacts, Sample sample, int first) =>
        [.. ShardsOf(artifacts, sample).Take((first + spec.Shard - 1) / spec.Shard)];

    /// <summary>A sample's gradients as units that read them depend on them.</summary>
    internal GradientsOfSample Of(Artifacts artifacts, Sample sample) => new(ShardsOf(artifacts, sample), spec.Average);

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [PublishedParts.Of<GradientRow>(artifacts, Units(artifacts).Known)];

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts) =>
        [new SummaryRow(Name, $"{forward.Accepted(artifacts)!.Count} samples with {spec.Count} gradients each")];
}

/// <summary>A sample's gradients, and how they become beta.</summary>
/// <param name="Gradients">Units of the gradients, in order.</param>
/// <param name="Average">How they are averaged.</param>
internal sealed record GradientsOfSample(IReadOnlyList<Unit> Gradients, GradientAverage Average)
{
    /// <summary>beta: expected gradients.</summary>
    public ExpectedGradients Expected(Artifacts artifacts, int heads) =>
        ExpectedGradients.Of(GradientPart.Read(Gradients.Select(artifacts.File<GradientRow>), heads), heads, Average);
}

/// <summary>Gradients of phi of a sample at a fixed range of masks.</summary>
/// <param name="Passes">The sample, with the model that gradients are taken of.</param>
/// <param name="Ends">f(1) and f(0) of the forward passes.</param>
/// <param name="Drawing">How the masks are drawn.</param>
/// <param name="First">Index of the first.</param>
/// <param name="Count">So many.</param>
[UnitKind("gradient-passes", 1, "gradients")]
internal sealed record GradientsOverMasks(SamplePasses Passes, Unit Ends, MaskDrawing Drawing, int First, int Count)
    : IUnit<GradientsOverMasks>
{
    /// <inheritdoc/>
    public static void Compute(GradientsOverMasks unit, UnitRun run)
    {
        using var lease = unit.Passes.PrepareGradients(run);
        GatedForward gated = lease.Value.Forward;
        EndsRow ends = run.Row<EndsRow>(unit.Ends);
        double gap = ends.FIntact - ends.FAblated;
        byte[][] masks = unit.Drawing.Masks(unit.First, unit.Count);
        IReadOnlyList<GatedLogit> passes = Over(gated, masks, unit.Passes.Prefix.Model, run);
        new GradientPart(
            unit.Passes.Prefix.Sample,
            [.. Enumerable.Range(unit.First, unit.Count)],
            masks,
            [.. passes.Select(p => p.F)],
            [.. passes.Select(p => ends.Phi(p.F))],
            [.. passes.Select(p => Array.ConvertAll(p.Gradient, g => (float)(g / gap)))]
        ).Write(run.File(Tables.Of<GradientRow>().FileName));
    }

    /// <summary>f and its gradient under some masks, in batches, on as many threads as the model is worth.</summary>
    internal static IReadOnlyList<GatedLogit> Over(GatedForward gated, byte[][] masks, ModelSource model, UnitRun run)
    {
        var passes = new List<GatedLogit>(masks.Length);
        using var threads = new TorchThreads(model);
        foreach (byte[][] batch in masks.Chunk(gated.Batch))
        {
            run.Cancel.ThrowIfCancellationRequested();
            double[][] points = [.. batch.Select(mask => GatedForward.PointOf(mask, model.Info.TotalHeads))];
            passes.AddRange(gated.Gradients(points));
            run.Advance(batch.Length);
        }

        return passes;
    }

    /// <summary>Threads of libtorch while it does the products; packed ones have their own.</summary>
    private readonly struct TorchThreads : IDisposable
    {
        /// <summary>
        /// Models of fewer features gain nothing from a second thread inside libtorch, and with one the bytes of a
        /// shard do not depend on the number of threads.
        /// </summary>
        private const int ManyFeatures = 1024;

        private readonly int before;

        public TorchThreads(ModelSource model)
        {
            if (model.Arithmetic.Linear == LinearChoice.Torch)
            {
                before = torch.get_num_threads();
                torch.set_num_threads(model.Info.Hidden >= ManyFeatures ? Math.Max(1, PackedLinear.Threads) : 1);
            }
        }

        public void Dispose()
        {
            if (before > 0)
            {
                torch.set_num_threads(before);
            }
        }
    }
}
