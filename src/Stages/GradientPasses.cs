using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Tensors;
using Pipelines.Spec;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;
using TorchSharp;

namespace Pipelines.Stages;

/// <summary>
/// Gradients of phi with respect to a gate per head (beyond the paper, expected gradients), for masks drawn as those of
/// the forward passes but from a stream of their own. A shard is one fixed range of masks. The model computes by
/// libtorch's linear layers, over the weights that are loaded already; f(1) and f(0), which scale phi, are those of the
/// forward passes.
/// </summary>
[StageOf<GradientPassesSpec>]
public sealed class GradientPasses(StageContext context, GradientPassesSpec spec, ForwardPasses forward)
    : Stage(context)
{
    private const int Version = 1;
    private const string FileName = "gradients.parquet";

    /// <summary>
    /// Models of fewer features gain nothing from a second thread inside libtorch, and with one the bytes of a shard do
    /// not depend on the number of threads.
    /// </summary>
    private const int ManyFeatures = 1024;

    private readonly Dictionary<string, IReadOnlyList<Unit>> units = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override string Kind => "gradient-passes";

    /// <inheritdoc/>
    public override string WorkUnit => "gradients";

    /// <summary>The spec.</summary>
    public GradientPassesSpec Spec => spec;

    /// <summary>The forward passes whose phi is differentiated.</summary>
    public ForwardPasses Forward => forward;

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) =>
        forward.Accepted(artifacts) is { } samples
            ? new UnitList([.. samples.SelectMany(ShardsOf)])
            : new UnitList(
                [],
                $"f(1) and f(0) of every sample of {forward.Name} are known",
                (long)forward.ExpectedSamples * spec.Count
            );

    /// <summary>The shards of a sample, in order of the masks.</summary>
    public IReadOnlyList<Unit> ShardsOf(Sample sample)
    {
        lock (units)
        {
            return units.TryGetValue(sample.Id, out var found)
                ? found
                : units[sample.Id] = [.. Ranges().Select(r => Create(sample, r.First, r.Count))];
        }
    }

    /// <summary>File that holds a shard's gradients.</summary>
    public static string FileOf(Artifacts artifacts, Unit shard) => artifacts.File(shard, FileName);

    /// <summary>A sample's gradients, streamed.</summary>
    public IEnumerable<GradientPart> Parts(Artifacts artifacts, Sample sample) =>
        GradientPart.Read(ShardsOf(sample).Select(s => FileOf(artifacts, s)), Context.Heads);

    /// <summary>How gradients become beta.</summary>
    public GradientAverage Average => spec.Average;

    /// <summary>Key parts by which other stages depend on a sample's beta.</summary>
    public IReadOnlyList<KeyPart> BetaParts(Sample sample) =>
        [new KeyPart.Inputs("gradients", ShardsOf(sample)), new KeyPart.Text("average", Spelling.Of(spec.Average))];

    /// <summary>A sample's beta: expected gradients.</summary>
    public ExpectedGradients Expected(Artifacts artifacts, Sample sample) =>
        ExpectedGradients.Of(Parts(artifacts, sample), Context.Heads, Average);

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder)
    {
        foreach (Unit shard in Units(artifacts).Known)
        {
            folder.Link(
                $"{PublishedPath(Tables.Of<GradientRow>().Name)}/{FileNames.Part(shard)}",
                FileOf(artifacts, shard)
            );
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts) =>
        [new SummaryRow(Name, $"{forward.Accepted(artifacts)!.Count} samples with {spec.Count} gradients each")];

    private IEnumerable<(int First, int Count)> Ranges()
    {
        for (int first = 0; first < spec.Count; first += spec.Shard)
        {
            yield return (first, Math.Min(spec.Shard, spec.Count - first));
        }
    }

    private Unit Create(Sample sample, int first, int count)
    {
        string scope = forward.Masks.ScopeOf(sample) + "/gradients";
        return new Unit(
            Kind,
            Version,
            $"{sample.Id}/masks {first:00000000}-{first + count - 1:00000000}",
            [
                new KeyPart.Text("sample", sample.Id),
                .. forward.PassParts(sample).Where(p => p.Name != StageContext.ArithmeticPart),
                new KeyPart.Text(StageContext.ArithmeticPart, Context.GradientArithmetic.Key),
                new KeyPart.Inputs("ends", [forward.EndsUnit(sample)]),
                .. forward.Masks.DrawParts(scope),
                new KeyPart.Integer("first", first),
                new KeyPart.Integer("count", count),
            ],
            count,
            WorkUnit,
            run => Compute(run, sample, scope, first, count)
        );
    }

    private void Compute(UnitRun run, Sample sample, string scope, int first, int count)
    {
        using var lease = Prepare(run.Artifacts, sample);
        GatedForward gated = lease.Value.Forward;
        EndsRow ends = forward.Ends(run.Artifacts, sample);
        double gap = ends.FIntact - ends.FAblated;
        byte[][] masks = [.. Enumerable.Range(first, count).Select(i => forward.Masks.Draw(scope, i))];
        var passes = new List<GatedLogit>(count);
        int threads = torch.get_num_threads();
        torch.set_num_threads(Context.Info.Hidden >= ManyFeatures ? Math.Max(1, PackedLinear.Threads) : 1);
        try
        {
            foreach (byte[][] batch in masks.Chunk(gated.Batch))
            {
                run.Cancel.ThrowIfCancellationRequested();
                passes.AddRange(gated.Gradients([.. batch.Select(mask => GatedForward.PointOf(mask, Context.Heads))]));
                run.Advance(batch.Length);
            }
        }
        finally
        {
            torch.set_num_threads(threads);
        }

        new GradientPart(
            sample.Id,
            [.. Enumerable.Range(first, count)],
            masks,
            [.. passes.Select(p => p.F)],
            [.. passes.Select(p => ends.Phi(p.F))],
            [.. passes.Select(p => Array.ConvertAll(p.Gradient, g => (float)(g / gap)))]
        ).Write(run.File(FileName));
    }

    private Lease<GatedRun> Prepare(Artifacts artifacts, Sample sample) =>
        Context.Engine.Sample(
            $"{Name}\n{Context.Experiment.Name}\n{sample.Id}",
            () =>
            {
                PrefixCache prefix = Context.BuildPrefix(sample, Context.GradientModel);
                return new GatedRun(
                    prefix,
                    new GatedForward(prefix, forward.Baseline.Blocks(artifacts, prefix), Context.Direction(sample))
                );
            }
        );

    /// <summary>A sample ready for gradient passes. Read-only; worker threads share it.</summary>
    private sealed record GatedRun(PrefixCache Prefix, GatedForward Forward) : IDisposable
    {
        public void Dispose() => Prefix.Dispose();
    }
}
