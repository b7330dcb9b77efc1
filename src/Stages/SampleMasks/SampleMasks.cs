using System.Globalization;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// Draws the masks: which heads are intact. Mask i of a sample is a pure function of (seed, sample id or shared, i); a
/// unit is a fixed range of i. With <c>count: auto</c> these are the masks that every sample needs; what a sample needs
/// beyond them its forward passes tell, which have those drawn: the same units as a larger count draws.
/// </summary>
[StageOf<SampleMasksSpec>]
public sealed class SampleMasks(StageContext context, SampleMasksSpec spec, [Role("samples")] AnswerQuestions answers)
    : Stage
{
    private const string SharedScope = "shared";

    /// <inheritdoc/>
    public override string WorkUnit => "masks";

    /// <summary>The spec.</summary>
    public SampleMasksSpec Spec => spec;

    /// <inheritdoc/>
    /// <exception cref="InputException">Every mask would be the same.</exception>
    public override UnitList Units(Artifacts artifacts)
    {
        int ablated = HeadMasks.AblatedCount(context.Heads, spec.Ablate);
        if (spec.Draw == MaskDraw.Exact && (ablated == 0 || ablated == context.Heads))
        {
            throw new InputException(
                Name,
                $"ablate: {spec.Ablate.ToString(CultureInfo.InvariantCulture)} of {context.Heads} heads is "
                    + $"{ablated}: every mask would be the same.",
                "Use a share that leaves some heads intact and some ablated."
            );
        }

        if (spec.Scope == MaskScope.Shared)
        {
            return new UnitList([.. Shards(artifacts, SharedScope).Where(IsNeeded).Select(s => s.Unit)]);
        }

        bool areAllKnown = answers.Samples(artifacts) is not null;
        IReadOnlyList<Sample> samples = answers.SamplesSoFar(artifacts);
        return new SamplesKnown(
            samples,
            areAllKnown ? null : $"{answers.Name} is done",
            areAllKnown ? 0 : Math.Max(0, answers.MostSamples - samples.Count)
        ).Units(s => ShardsOfMost(artifacts, s).Where(IsNeeded).Select(m => m.Unit), Least);
    }

    /// <summary>
    /// The shards of a sample's masks, in order of the masks; with <c>count: auto</c> all that it may come to need.
    /// </summary>
    public IReadOnlyList<MaskShard> ShardsOfMost(Artifacts artifacts, Sample sample) =>
        Shards(artifacts, ScopeOf(sample));

    /// <summary>Whether this stage draws a shard; else it is drawn where a sample needs it.</summary>
    public bool IsNeeded(MaskShard shard) => shard.First < Least;

    /// <summary>Masks of a sample at most.</summary>
    public int Most =>
        spec.Count switch
        {
            FixedCountSpec number => number.Count,
            AutoCountSpec auto => auto.Most,
            _ => throw new InvalidOperationException($"No count {spec.Count}."),
        };

    /// <summary>How masks are drawn for a sample.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="stream">Ends the scope's name: masks of another stream than the sample's own.</param>
    public MaskDrawing Drawing(Sample sample, string stream = "") => Drawing(ScopeOf(sample) + stream);

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [PublishedParts.Of<MaskRow>(artifacts, Units(artifacts).Known)];

    /// <summary>Masks that every sample has.</summary>
    private int Least => spec.Count is AutoCountSpec auto ? Math.Min(auto.Least, auto.Most) : Most;

    private string ScopeOf(Sample sample) => spec.Scope == MaskScope.Shared ? SharedScope : sample.Id;

    private MaskDrawing Drawing(string scope) =>
        new(spec.Seed ?? context.Experiment.Seed, scope, context.Heads, spec.Ablate, spec.Draw);

    private IReadOnlyList<MaskShard> Shards(Artifacts artifacts, string scope) =>
        artifacts.Once<IReadOnlyList<MaskShard>>(this, nameof(Shards), scope, () =>
        {
            MaskDrawing drawing = Drawing(scope);
            return
            [
                .. ShardRange
                    .Of(Most, spec.Shard)
                    .Select(r => new MaskShard(
                        Unit.Of($"{scope}/{r.Name}", new DrawnMasks(drawing, r.First, r.Count), r.Count),
                        r.First,
                        r.Count
                    )),
            ];
        });
}

/// <summary>
/// Masks <paramref name="First"/> to <paramref name="First"/> + <paramref name="Count"/> - 1 of a scope.
/// </summary>
public sealed record MaskShard(Unit Unit, int First, int Count);

/// <summary>A fixed range of masks.</summary>
/// <param name="Drawing">How they are drawn.</param>
/// <param name="First">Index of the first.</param>
/// <param name="Count">So many.</param>
[UnitKind("sample-masks", 1, "masks")]
internal sealed record DrawnMasks(MaskDrawing Drawing, int First, int Count) : IUnit<DrawnMasks>
{
    /// <inheritdoc/>
    public static void Compute(DrawnMasks unit, UnitRun run) =>
        MaskPart.Write(
            run.File(Tables.Of<MaskRow>().FileName),
            unit.Drawing.Scope,
            unit.First,
            unit.Drawing.Masks(unit.First, unit.Count)
        );
}
