using System.Globalization;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Spec;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// Runs the model once a mask: f(x), the adjusted logit, and phi(x) = (f(x) - f(0)) / (f(1) - f(0)). A sample first has
/// its two ends f(1) and f(0) computed; where they are too close it is rejected, never divided by. A shard is one fixed
/// range of masks, and no batch crosses it, so its bytes depend on nothing but its key. With <c>count: auto</c> a
/// sample's passes go on in steps until <see cref="EnoughMasks"/> says so; the masks of later steps are drawn here, as
/// units of the stage that draws masks.
/// </summary>
[StageOf<ForwardPassesSpec>]
public sealed class ForwardPasses(
    StageContext context,
    ForwardPassesSpec spec,
    [Role("samples")] AnswerQuestions answers,
    CollectMeanKv baseline,
    SampleMasks masks
) : Stage
{
    private const string SpeaksAgainst =
        ": the picture speaks against what is measured (target.signed: true keeps such samples)";

    /// <inheritdoc/>
    public override string WorkUnit => "masks";

    /// <summary>The spec.</summary>
    public ForwardPassesSpec Spec => spec;

    /// <summary>The pictures and their answers.</summary>
    public AnswerQuestions Answers => answers;

    /// <summary>The masks.</summary>
    public SampleMasks Masks => masks;

    /// <summary>Samples that may be expected while they are not known.</summary>
    public int ExpectedSamples => answers.MostSamples;

    /// <summary>What passes over a sample depend on but the masks.</summary>
    public SamplePasses PassesOver(Artifacts artifacts, Sample sample) =>
        new(
            context.PrefixOf(sample),
            baseline.Source(artifacts, sample),
            new BatchSize(context.Experiment.Engine.Batch, context.Arithmetic.Linear)
        );

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts)
    {
        var known = new List<Unit>();
        bool areAllKnown = answers.Samples(artifacts) is not null;
        IReadOnlyList<Sample> samples = answers.SamplesSoFar(artifacts);
        int open = 0,
            withoutBaseline = 0;
        long unstable = 0,
            more = areAllKnown ? 0 : (long)Math.Max(0, answers.MostSamples - samples.Count) * masks.Most;
        foreach (Sample sample in samples)
        {
            if (!HasBaseline(artifacts, sample))
            {
                withoutBaseline++;
                continue;
            }

            Unit ends = EndsUnit(artifacts, sample);
            known.Add(ends);
            if (!artifacts.Has(ends))
            {
                open++;
            }
            else if (Accepts(artifacts, sample))
            {
                var (needed, isEnough) = Needed(artifacts, sample);
                known.AddRange(UnitsUpTo(artifacts, sample, needed));
                if (isEnough)
                {
                    continue;
                }

                unstable++;
                more += masks.Most - needed;
            }
        }

        string? waits =
            !areAllKnown || withoutBaseline > 0 ? $"{answers.Name} and {baseline.Name} are done"
            : open > 0 ? "f(1) and f(0) of every sample are known"
            : unstable > 0 ? "beta of every sample is stable"
            : null;
        return new UnitList(known, waits, ((long)(open + withoutBaseline) * masks.Most) + more);
    }

    /// <summary>
    /// The samples whose phi is known to be defined, in seed order, and whose masks are known to be enough: what
    /// follows the passes may begin with these while others are still asked about.
    /// </summary>
    /// <exception cref="NoSampleException">phi is defined for none.</exception>
    public SamplesKnown AcceptedSoFar(Artifacts artifacts)
    {
        if (Accepted(artifacts) is { } all)
        {
            return new SamplesKnown(all, null, 0);
        }

        Sample[] known =
        [
            .. answers
                .SamplesSoFar(artifacts)
                .Where(s =>
                    artifacts.Has(EndsUnit(artifacts, s)) && Accepts(artifacts, s) && Needed(artifacts, s).IsEnough
                ),
        ];
        int expected = answers.Samples(artifacts)?.Count ?? ExpectedSamples;
        return new SamplesKnown(known, $"{Name} is done", Math.Max(0, expected - known.Length));
    }

    /// <summary>Samples that are expected beyond those whose two ends are among the units.</summary>
    public int SamplesToCome(Artifacts artifacts) =>
        answers.Samples(artifacts) is null
            ? Math.Max(0, answers.MostSamples - answers.SamplesSoFar(artifacts).Count(s => HasBaseline(artifacts, s)))
            : answers.Samples(artifacts)!.Count(s => !HasBaseline(artifacts, s));

    /// <summary>
    /// The samples whose phi is defined; null while that, or how many masks one of them needs, is not known.
    /// </summary>
    /// <exception cref="NoSampleException">phi is defined for none.</exception>
    public IReadOnlyList<Sample>? Accepted(Artifacts artifacts)
    {
        if (answers.Samples(artifacts) is not { } samples || !samples.All(s => artifacts.Has(EndsUnit(artifacts, s))))
        {
            return null;
        }

        Sample[] accepted = [.. samples.Where(s => Accepts(artifacts, s))];
        if (!accepted.All(s => Needed(artifacts, s).IsEnough))
        {
            return null;
        }

        return accepted.Length > 0
            ? accepted
            : throw new NoSampleException(
                Name,
                $"no sample is left: of all {samples.Count}, {Problem(Ends(artifacts, samples[0]))} (the first).",
                "Use other pictures or another baseline."
            );
    }

    /// <summary>Whether phi of a sample, whose two ends are there, is defined.</summary>
    public bool Accepts(Artifacts artifacts, Sample sample) => Problem(Ends(artifacts, sample)) is null;

    /// <summary>f(1) and f(0) of a sample.</summary>
    public EndsRow Ends(Artifacts artifacts, Sample sample)
    {
        ArgumentNullException.ThrowIfNull(artifacts);
        return artifacts.Learn<EndsRow>(EndsUnit(artifacts, sample))[0];
    }

    /// <summary>The unit of a sample's two ends.</summary>
    public Unit EndsUnit(Artifacts artifacts, Sample sample)
    {
        ArgumentNullException.ThrowIfNull(artifacts);
        return artifacts.Once(this, nameof(EndsUnit), sample.Id, () =>
            Unit.Of($"{sample.Id}/ends", new EndsOfSample(PassesOver(artifacts, sample)), work: 2)
        );
    }

    /// <summary>The passes over a sample that is accepted, in order of the masks: those known to be needed.</summary>
    public IReadOnlyList<Unit> ShardsOf(Artifacts artifacts, Sample sample) =>
        [.. Shards(artifacts, sample).Select(s => s.Passes)];

    /// <summary>The masks of these passes.</summary>
    public IReadOnlyList<MaskShard> MaskShardsOf(Artifacts artifacts, Sample sample) =>
        [.. Shards(artifacts, sample).Select(s => s.Masks)];

    /// <summary>Units of the masks of these passes.</summary>
    public IReadOnlyList<Unit> MasksOf(Artifacts artifacts, Sample sample) =>
        [.. MaskShardsOf(artifacts, sample).Select(s => s.Unit)];

    /// <summary>These masks with phi, as fits depend on them.</summary>
    internal Observed ObservedOf(Artifacts artifacts, Sample sample) =>
        new(context.Heads, MasksOf(artifacts, sample), ShardsOf(artifacts, sample));

    /// <summary>Number of masks of a sample that is accepted.</summary>
    public int MaskCountOf(Artifacts artifacts, Sample sample) => Needed(artifacts, sample).Masks;

    /// <summary>When samples have enough masks; null where their number is fixed.</summary>
    public EnoughMasks? Enough { get; } =
        masks.Spec.Count is AutoCountSpec auto ? new EnoughMasks(auto, masks.Spec.Shard, context.Heads) : null;

    /// <summary>
    /// Refuses masks whose number each sample settles for itself: a study compares fits to equally many.
    /// </summary>
    /// <param name="study">Name of the study's stage.</param>
    /// <exception cref="InputException">The number is not fixed.</exception>
    internal void RequireFixedCount(string study)
    {
        if (Enough is not null)
        {
            throw new InputException(
                $"stages.{study}",
                $"compares fits to equally many masks, and stages.{masks.Name}.count is auto.",
                "Set a number."
            );
        }
    }

    /// <summary>What the numbers of masks are and why, for people; the samples are accepted.</summary>
    public string DescribeMasks(Artifacts artifacts)
    {
        int[] counts = [.. Accepted(artifacts)!.Select(s => MaskCountOf(artifacts, s))];
        if (Enough is not { } rule)
        {
            return $"{counts[0]} each";
        }

        int unstable = Accepted(artifacts)!
            .Count(s => !rule.IsEnough(artifacts, AskedAfter(artifacts, s, MaskCountOf(artifacts, s))));
        string notEnough = unstable == 0 ? "" : $"; {unstable} at the most allowed, without";
        return Invariant.Text(
            $"{counts.Min()} to {counts.Max()}, mean {Reporting.Format.Fixed(counts.Average(), 0)}, until two halves "
                + $"correlate {rule.Spec.Until}{notEnough}"
        );
    }

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts)
    {
        yield return new PublishedTable<SampleRow>(() => SampleRows(artifacts));
        IReadOnlyList<Sample> samples = Accepted(artifacts)!;
        yield return PublishedParts.Of<ForwardRow>(artifacts, samples.SelectMany(s => ShardsOf(artifacts, s)));
        if (Enough is not null)
        {
            yield return new PublishedTable<HalfSplitRow>(() => [.. samples.SelectMany(s => Halves(artifacts, s))]);
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> PublishedUnfinished(Artifacts artifacts) =>
        answers.SamplesIfAny(artifacts) is { Count: > 0 } samples
        && samples.All(s => artifacts.Has(EndsUnit(artifacts, s)))
            ? [new PublishedTable<SampleRow>(() => SampleRows(artifacts))]
            : [];

    /// <summary>Writes its tables, and the masks that were drawn for it alone among the others.</summary>
    public override void Publish(Artifacts artifacts, RunFolder folder)
    {
        base.Publish(artifacts, folder);
        if (Enough is not null)
        {
            var drawn = Accepted(artifacts)!.SelectMany(s => MaskShardsOf(artifacts, s));
            masks.Publish([PublishedParts.Of<MaskRow>(artifacts, Unneeded(drawn))], folder);
        }
    }

    /// <inheritdoc/>
    public override string PublishedFacts(Artifacts artifacts) => Tables.Of<SampleRow>().Csv(SampleRows(artifacts));

    /// <summary>The table of samples: every picture asked about, with f(1), f(0) and why it was rejected.</summary>
    public IReadOnlyList<SampleRow> SampleRows(Artifacts artifacts) =>
        [
            .. answers
                .Asked(artifacts)!
                .Select(a =>
                {
                    SampleRow row = a.ToRow(context.QuestionOf(a.Sample.Item));
                    if (!a.Kept)
                    {
                        return row;
                    }
                    EndsRow ends = Ends(artifacts, a.Sample);
                    string? reason = Problem(ends);
                    if (reason is not null)
                    {
                        row = row with { Status = SampleRow.Rejected, Reason = reason };
                    }
                    return ends.Reason is null ? row with { FIntact = ends.FIntact, FAblated = ends.FAblated } : row;
                }),
            .. answers.LeftOutRows,
        ];

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        var samples = answers.Samples(artifacts)!;
        int accepted = Accepted(artifacts)!.Count;
        int unfit = samples.Count(s => Ends(artifacts, s).Reason is not null),
            close = samples.Count - accepted - unfit;
        string rejected =
            close == 0
                ? ""
                : $"; {close} rejected because f(1) - f(0) is below "
                    + $"{spec.MinGap.ToString(CultureInfo.InvariantCulture)}";
        bool counterfactual = samples.Any(s =>
            Ends(artifacts, s).Reason is { } r && r.StartsWith(EndsRow.OtherPicture, StringComparison.Ordinal)
        );
        string other =
            unfit == 0 ? ""
            : counterfactual ? $"; {unfit} rejected because of the pair's other picture (tables/samples.csv says why)"
            : $"; {unfit} rejected because they have another number of image tokens than the baseline";
        string each = Enough is null ? $"{Format.Many(masks.Most, "mask")} each" : $"masks: {DescribeMasks(artifacts)}";
        return
        [
            new SummaryRow(Name, $"{Format.Many(accepted, "sample")} with {each}{rejected}{other}"),
            .. SignNote(artifacts) is { } signs ? [new SummaryRow($"{Name}: signs", signs)] : Array.Empty<SummaryRow>(),
        ];
    }

    /// <summary>
    /// Samples whose f(1) lies below f(0): the picture speaks against what is measured. Null where there are none.
    /// </summary>
    public string? SignNote(Artifacts artifacts)
    {
        Sample[] against =
        [
            .. answers
                .Samples(artifacts)!
                .Where(s => Ends(artifacts, s) is { Reason: null } ends && ends.FIntact < ends.FAblated),
        ];
        if (against.Length == 0)
        {
            return null;
        }

        int wrong = answers
            .Asked(artifacts)!
            .Count(a => a.Verdict == Verdict.Wrong && against.Any(s => s.Id == a.Sample.Id));
        string kept = context.Target.Signed ? "they are kept (target.signed)" : "they are left out";
        return Invariant.Text(
            $"f(1) - f(0) is negative in {Format.Many(against.Length, "sample")}, of which {wrong} answered wrong: the "
                + $"picture speaks against what is measured; {kept}"
        );
    }

    private bool HasBaseline(Artifacts artifacts, Sample sample) =>
        baseline.UnitOf(artifacts, sample) is not { } mean || artifacts.Has(mean);

    private string? Problem(EndsRow ends) =>
        ends.Reason is { } reason ? reason
        : context.Target.Signed && Math.Abs(ends.FIntact - ends.FAblated) >= spec.MinGap ? null
        : ends.FIntact - ends.FAblated < spec.MinGap
            ? Invariant.Text(
                $"f(1) - f(0) = {ends.FIntact:0.####} - {ends.FAblated:0.####} is below min_gap {spec.MinGap}"
            ) + (ends.FAblated - ends.FIntact < spec.MinGap || context.Target.Signed ? "" : SpeaksAgainst)
        : null;

    /// <summary>Units of the masks that the masks' own stage does not draw.</summary>
    private IEnumerable<Unit> Unneeded(IEnumerable<MaskShard> drawn) =>
        drawn.Where(s => !masks.IsNeeded(s)).Select(s => s.Unit).Distinct();

    /// <summary>A sample's shards, all that may come to be needed.</summary>
    private IReadOnlyList<PassShard> MostShards(Artifacts artifacts, Sample sample) =>
        artifacts.Once<IReadOnlyList<PassShard>>(this, nameof(MostShards), sample.Id, () =>
        {
            SamplePasses passes = PassesOver(artifacts, sample);
            Unit ends = EndsUnit(artifacts, sample);
            return
            [
                .. masks
                    .ShardsOfMost(artifacts, sample)
                    .Select(m => new PassShard(
                        m,
                        Unit.Of(
                            $"{sample.Id}/{new ShardRange(m.First, m.Count).Name}",
                            new PassesOverMasks(passes, ends, m.Unit),
                            m.Count
                        )
                    )),
            ];
        });

    /// <summary>The unit that asks whether the first masks of a sample are enough.</summary>
    private Unit AskedAfter(Artifacts artifacts, Sample sample, int count) =>
        artifacts.Once(this, nameof(AskedAfter), (sample.Id, count), () =>
            Enough!.Create(sample, [.. MostShards(artifacts, sample).Where(s => s.Masks.First < count)])
        );

    /// <summary>
    /// The units up to a number of masks: those that the masks' own stage does not draw, the passes, and whether they
    /// are enough.
    /// </summary>
    private IEnumerable<Unit> UnitsUpTo(Artifacts artifacts, Sample sample, int count)
    {
        PassShard[] shards = [.. MostShards(artifacts, sample).Where(s => s.Masks.First < count)];
        return
        [
            .. Unneeded(shards.Select(s => s.Masks)),
            .. shards.Select(s => s.Passes),
            .. (Enough?.Steps ?? []).Where(step => step <= count).Select(step => AskedAfter(artifacts, sample, step)),
        ];
    }

    /// <summary>So many masks of a sample are known to be needed, and whether they are enough.</summary>
    private (int Masks, bool IsEnough) Needed(Artifacts artifacts, Sample sample)
    {
        if (Enough is not { } rule)
        {
            return (masks.Most, true);
        }

        foreach (int step in rule.Steps)
        {
            Unit asked = AskedAfter(artifacts, sample, step);
            if (!artifacts.Has(asked))
            {
                return (step, false);
            }

            if (step == masks.Most || rule.IsEnough(artifacts, asked))
            {
                return (step, true);
            }
        }

        throw new InvalidOperationException("The last step is the most masks.");
    }

    private IEnumerable<PassShard> Shards(Artifacts artifacts, Sample sample)
    {
        int count = MaskCountOf(artifacts, sample);
        return MostShards(artifacts, sample).Where(s => s.Masks.First < count);
    }

    private IEnumerable<HalfSplitRow> Halves(Artifacts artifacts, Sample sample)
    {
        int count = MaskCountOf(artifacts, sample);
        return Enough!
            .Steps.TakeWhile(step => step <= count)
            .Select(step => new HalfSplitRow(
                sample.Id,
                step,
                EnoughMasks.Correlation(artifacts, AskedAfter(artifacts, sample, step))
            ));
    }
}

/// <summary>A fixed range of a sample's masks and the passes over it.</summary>
public sealed record PassShard(MaskShard Masks, Unit Passes);

/// <summary>f(1) and f(0) of a sample.</summary>
/// <param name="Passes">The sample.</param>
[UnitKind("forward-passes", 2, "masks")]
internal sealed record EndsOfSample(SamplePasses Passes) : IUnit<EndsOfSample>
{
    /// <inheritdoc/>
    public static void Compute(EndsOfSample unit, UnitRun run) => run.Write<EndsRow>([unit.Ends(run)]);

    private EndsRow Ends(UnitRun run)
    {
        SamplePrefix sample = Passes.Prefix;
        (int width, int height) = sample.Picture.Location.ReadSize();
        int tokens = sample.Model.ImageTokens.TokensOf(width, height).Tokens;
        string? reason =
            Passes.Baseline.ImageLength(run.Artifacts) is { } common && common != tokens
                ? Invariant.Text(
                    $"the picture becomes {tokens} image tokens, those of the baseline {common}: model.image sets no "
                        + $"common size"
                )
            : Passes.Baseline.Other is { } other ? CounterProblem(sample.Model, other, width, height)
            : null;
        if (reason is not null)
        {
            return new EndsRow(sample.Sample, double.NaN, double.NaN, tokens, 0, reason);
        }

        using var lease = Passes.Prepare(run);
        SuffixForward forward = lease.Value.Forward;
        double ablated = forward.Logits([HeadMasks.None(sample.Model.Info.TotalHeads)])[0];
        int suffix = lease.Value.Prefix.Prompt.SuffixLength;
        return new EndsRow(sample.Sample, forward.Intact, ablated, tokens, suffix, null);
    }

    /// <summary>
    /// Why the pair's other picture cannot take the image's place; null where it can. As many tokens are not enough:
    /// they must lie in the same grid, or a position means another place.
    /// </summary>
    private static string? CounterProblem(ModelSource model, PictureSource other, int width, int height)
    {
        if (model.Unasked(other) is { } gone)
        {
            return $"{EndsRow.OtherPicture}: {gone}";
        }

        try
        {
            (int otherWidth, int otherHeight) = other.Location.ReadSize();
            ImageTokens own = model.ImageTokens.TokensOf(width, height),
                others = model.ImageTokens.TokensOf(otherWidth, otherHeight);
            bool alike =
                (model.ImageTokens.Common is not null && !model.Image.KeepSizes)
                || (width, height) == (otherWidth, otherHeight)
                || (own.Rows > 0 && own == others);
            return alike
                ? null
                : Invariant.Text(
                    $"{EndsRow.OtherPicture}, {otherWidth} x {otherHeight}, has another grid of image tokens than "
                        + $"the picture, {width} x {height}: model.image sets no common size"
                );
        }
        catch (InputException e)
        {
            return $"{EndsRow.OtherPicture}: {ModelSource.SentenceOf(e.What)}";
        }
    }
}

/// <summary>f and phi of a sample over a fixed range of masks.</summary>
/// <param name="Passes">The sample.</param>
/// <param name="Ends">Its two ends.</param>
/// <param name="Masks">The masks.</param>
[UnitKind("forward-passes", 2, "masks")]
internal sealed record PassesOverMasks(SamplePasses Passes, Unit Ends, Unit Masks) : IUnit<PassesOverMasks>
{
    /// <inheritdoc/>
    public static void Compute(PassesOverMasks unit, UnitRun run)
    {
        using var lease = unit.Passes.Prepare(run);
        SuffixForward forward = lease.Value.Forward;
        EndsRow ends = run.Row<EndsRow>(unit.Ends);
        MaskPart[] parts =
        [
            .. MaskPart.Read([run.Artifacts.File<MaskRow>(unit.Masks)], unit.Passes.Prefix.Model.Info.TotalHeads),
        ];
        byte[][] heads = [.. parts.SelectMany(p => p.Heads)];
        var f = new List<double>(heads.Length);
        foreach (byte[][] batch in heads.Chunk(forward.Batch))
        {
            run.Cancel.ThrowIfCancellationRequested();
            f.AddRange(forward.Logits(batch));
            run.Advance(batch.Length);
        }

        ForwardPart.Write(
            run.File(Tables.Of<ForwardRow>().FileName),
            unit.Passes.Prefix.Sample,
            parts[0].MaskIndex[0],
            f,
            [.. f.Select(ends.Phi)]
        );
    }
}

/// <summary>The two ends of a sample's scale.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="FIntact">f(1), adjusted logit with all heads intact.</param>
/// <param name="FAblated">f(0), adjusted logit with all heads ablated.</param>
/// <param name="ImageTokens">P.</param>
/// <param name="SuffixTokens">T.</param>
/// <param name="Reason">Why nothing can be measured (then the ends are NaN), or null.</param>
[Table("ends", IsInternal = true)]
public sealed record EndsRow(
    [RowKey] string SampleId,
    [Unit(UnitAttribute.Logits)] double FIntact,
    [Unit(UnitAttribute.Logits)] double FAblated,
    int ImageTokens,
    int SuffixTokens,
    string? Reason
)
{
    /// <summary>How a reason begins that a counterfactual picture gives.</summary>
    internal const string OtherPicture = "the pair's other picture";

    /// <summary>The normalised logit of f: 0 with all heads ablated, 1 with all intact.</summary>
    public double Phi(double f) => (f - FAblated) / (FIntact - FAblated);
}
