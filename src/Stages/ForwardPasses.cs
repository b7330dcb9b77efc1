using System.Globalization;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using Pipelines.Spec;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;

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
) : Stage(context)
{
    private const int Version = 2;
    private const string EndsFile = "ends.parquet",
        ForwardFile = "forward.parquet";

    private readonly Dictionary<string, SampleUnits> units = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> settled = new(StringComparer.Ordinal); // masks of samples that have enough
    private EnoughMasks? enough;
    private readonly Dictionary<string, EndsRow> read = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override string Kind => "forward-passes";

    /// <inheritdoc/>
    public override string WorkUnit => "masks";

    /// <summary>The spec.</summary>
    public ForwardPassesSpec Spec => spec;

    /// <summary>The pictures and their answers.</summary>
    public AnswerQuestions Answers => answers;

    /// <summary>What ablated heads see.</summary>
    public CollectMeanKv Baseline => baseline;

    /// <summary>The masks.</summary>
    public SampleMasks Masks => masks;

    /// <summary>Samples that may be expected while they are not known.</summary>
    public int ExpectedSamples => answers.Keep;

    /// <summary>Key parts by which other stages depend on the model's passes over a sample.</summary>
    public IReadOnlyList<KeyPart> PassParts(Sample sample) =>
        [.. Context.SampleParts(sample), .. baseline.Parts, .. BatchParts];

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts)
    {
        if (answers.Samples(artifacts) is not { } samples || (baseline.Unit is { } mean && !artifacts.Has(mean)))
        {
            return new UnitList([], $"{answers.Name} and {baseline.Name} are done", (long)answers.Keep * masks.Most);
        }

        var known = new List<Unit>();
        int open = 0;
        long unstable = 0,
            more = 0;
        foreach (Sample sample in samples)
        {
            SampleUnits own = UnitsOf(sample);
            known.Add(own.Ends);
            if (!artifacts.Has(own.Ends))
            {
                open++;
            }
            else if (Accepts(artifacts, sample))
            {
                var (needed, isEnough) = Needed(artifacts, sample);
                known.AddRange(own.Of(needed, masks));
                if (isEnough)
                {
                    continue;
                }

                unstable++;
                more += masks.Most - needed;
            }
        }

        string? waits =
            open > 0 ? "f(1) and f(0) of every sample are known"
            : unstable > 0 ? "beta of every sample is stable"
            : null;
        return new UnitList(known, waits, ((long)open * masks.Most) + more);
    }

    /// <summary>
    /// The samples whose phi is defined; null while that, or how many masks one of them needs, is not known.
    /// </summary>
    /// <exception cref="NoSampleException">phi is defined for none.</exception>
    public IReadOnlyList<Sample>? Accepted(Artifacts artifacts)
    {
        if (answers.Samples(artifacts) is not { } samples || !samples.All(s => artifacts.Has(UnitsOf(s).Ends)))
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
        string path = artifacts.File(UnitsOf(sample).Ends, EndsFile);
        lock (read)
        {
            return read.TryGetValue(path, out EndsRow? ends) ? ends : read[path] = Tables.Of<EndsRow>().Read(path)[0];
        }
    }

    /// <summary>The unit of a sample's two ends.</summary>
    public Unit EndsUnit(Sample sample) => UnitsOf(sample).Ends;

    /// <summary>The passes over a sample that is accepted, in order of the masks.</summary>
    public IReadOnlyList<Unit> ShardsOf(Sample sample) => [.. Settled(sample).Select(s => s.Passes)];

    /// <summary>The masks of these passes.</summary>
    public IReadOnlyList<MaskShard> MaskShardsOf(Sample sample) => [.. Settled(sample).Select(s => s.Masks)];

    /// <summary>Number of masks of a sample that is accepted.</summary>
    public int MasksOf(Sample sample) => Settled(sample).Sum(s => s.Masks.Count);

    /// <summary>When samples have enough masks; null where their number is fixed.</summary>
    public EnoughMasks? Enough =>
        masks.Spec.Count is AutoCountSpec auto
            ? enough ??= new EnoughMasks(Context, auto, masks.Spec.Shard, Regression)
            : null;

    /// <summary>What the numbers of masks are and why, for people; the samples are accepted.</summary>
    public string DescribeMasks(Artifacts artifacts)
    {
        int[] counts = [.. Accepted(artifacts)!.Select(MasksOf)];
        if (Enough is not { } rule)
        {
            return $"{counts[0]} each";
        }

        int unstable = Accepted(artifacts)!
            .Count(s => !(rule.Correlation(artifacts, UnitsOf(s).Asked[MasksOf(s)]) >= rule.Spec.Until));
        string notEnough = unstable == 0 ? "" : $"; {unstable} at the most allowed, without";
        return Invariant.Text(
            $"{counts.Min()} to {counts.Max()}, mean {Reporting.Format.Fixed(counts.Average(), 0)}, until two halves "
                + $"correlate {rule.Spec.Until}{notEnough}"
        );
    }

    /// <summary>File that holds a shard's f and phi.</summary>
    public static string FileOf(Artifacts artifacts, Unit shard) => artifacts.File(shard, ForwardFile);

    /// <summary>The sample with its prefix computed, shared by all units that work on it.</summary>
    public Lease<SampleRun> Prepare(Artifacts artifacts, Sample sample) =>
        Context.Engine.Sample(
            $"{Name}\n{Context.Experiment.Name}\n{sample.Id}",
            () =>
            {
                PrefixCache prefix = Context.BuildPrefix(sample, Context.Model);
                return new SampleRun(
                    prefix,
                    new SuffixForward(
                        prefix,
                        baseline.Blocks(artifacts, prefix),
                        Context.Direction(sample),
                        Context.Experiment.Engine.Batch
                    )
                );
            }
        );

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder)
    {
        PublishTable(folder, SampleRows(artifacts));
        foreach (Unit shard in Accepted(artifacts)!.SelectMany(ShardsOf))
        {
            folder.Link(
                $"{PublishedPath(Tables.Of<ForwardRow>().Name)}/{FileNames.Part(shard)}",
                FileOf(artifacts, shard)
            );
        }

        if (Enough is null)
        {
            return;
        }

        foreach (
            Unit shard in Accepted(artifacts)!
                .SelectMany(MaskShardsOf)
                .Where(s => !masks.IsNeeded(s))
                .Select(s => s.Unit)
                .Distinct()
        )
        {
            masks.Link(artifacts, folder, shard);
        }

        PublishTable(folder, [.. Accepted(artifacts)!.SelectMany(s => HalfSplits(artifacts, s))]);
    }

    /// <inheritdoc/>
    public override void PublishUnfinished(Artifacts artifacts, RunFolder folder)
    {
        if (answers.SamplesIfAny(artifacts) is { Count: > 0 } samples && samples.All(s => artifacts.Has(EndsUnit(s))))
        {
            PublishTable(folder, SampleRows(artifacts));
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
                    SampleRow row = a.ToRow(Context.Question);
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
        string other =
            unfit == 0 ? "" : $"; {unfit} rejected because they have another number of image tokens than the baseline";
        string each = Enough is null ? $"{Format.Many(masks.Most, "mask")} each" : $"masks: {DescribeMasks(artifacts)}";
        return [new SummaryRow(Name, $"{Format.Many(accepted, "sample")} with {each}{rejected}{other}")];
    }

    /// <summary>
    /// A row's bits do not depend on the batch with our own kernels; with libtorch's products they may.
    /// </summary>
    private IEnumerable<KeyPart> BatchParts =>
        Context.Arithmetic.Linear == LinearChoice.Packed
            ? []
            : [new KeyPart.Integer("batch", Context.Experiment.Engine.Batch)];

    private string? Problem(EndsRow ends) =>
        ends.Reason is { } reason ? reason
        : ends.FIntact - ends.FAblated < spec.MinGap
            ? Invariant.Text(
                $"f(1) - f(0) = {ends.FIntact:0.####} - {ends.FAblated:0.####} is below min_gap {spec.MinGap}"
            )
        : null;

    /// <summary>The elastic net that fits what these passes give; the paper's where none does.</summary>
    private ElasticNetSpec Regression =>
        Context
            .Experiment.Stages.Where(n => n.Spec is RegressSpec && n.Inputs.GetValueOrDefault("forward") == Name)
            .Select(n => ((RegressSpec)n.Spec).Trainer)
            .OfType<ElasticNetSpec>()
            .FirstOrDefault()
        ?? new ElasticNetSpec();

    private SampleUnits UnitsOf(Sample sample)
    {
        lock (units)
        {
            if (!units.TryGetValue(sample.Id, out SampleUnits? found))
            {
                Unit ends = CreateEnds(sample);
                PassShard[] shards =
                [
                    .. masks.ShardsOfMost(sample).Select(m => new PassShard(m, CreateShard(sample, ends, m))),
                ];
                units[sample.Id] = found = new SampleUnits(
                    ends,
                    shards,
                    Enough?.Steps.ToDictionary(
                        step => step,
                        step => Enough.Create(sample, [.. shards.Where(s => s.Masks.First < step)])
                    )
                        ?? []
                );
            }

            return found;
        }
    }

    /// <summary>So many masks of a sample are known to be needed, and whether they are enough.</summary>
    private (int Masks, bool IsEnough) Needed(Artifacts artifacts, Sample sample)
    {
        if (Enough is not { } rule)
        {
            return (masks.Most, true);
        }

        SampleUnits own = UnitsOf(sample);
        foreach (int step in rule.Steps)
        {
            if (!artifacts.Has(own.Asked[step]))
            {
                return (step, false);
            }

            if (step < masks.Most && !(rule.Correlation(artifacts, own.Asked[step]) >= rule.Spec.Until))
            {
                continue;
            }

            lock (units)
            {
                settled[sample.Id] = step;
            }

            return (step, true);
        }

        throw new InvalidOperationException("The last step is the most masks.");
    }

    private PassShard[] Settled(Sample sample)
    {
        SampleUnits own = UnitsOf(sample);
        if (Enough is null)
        {
            return [.. own.Shards];
        }

        lock (units)
        {
            return settled.TryGetValue(sample.Id, out int enoughMasks)
                ? [.. own.Shards.Where(s => s.Masks.First < enoughMasks)]
                : throw new InvalidOperationException(
                    $"The masks of {sample.Id} are not settled: ask for the accepted samples first."
                );
        }
    }

    private IEnumerable<HalfSplitRow> HalfSplits(Artifacts artifacts, Sample sample) =>
        Enough!
            .Steps.TakeWhile(step => step <= MasksOf(sample))
            .Select(step => new HalfSplitRow(
                sample.Id,
                step,
                Enough.Correlation(artifacts, UnitsOf(sample).Asked[step])
            ));

    private Unit CreateEnds(Sample sample) =>
        new(
            Kind,
            Version,
            $"{sample.Id}/ends",
            [new KeyPart.Text("sample", sample.Id), .. PassParts(sample)],
            2,
            WorkUnit,
            run =>
            {
                Tables.Of<EndsRow>().Write(run.File(EndsFile), [ComputeEnds(run.Artifacts, sample)]);
            }
        );

    private EndsRow ComputeEnds(Artifacts artifacts, Sample sample)
    {
        (int width, int height) = PictureDecoder.ReadSize(sample.Item.FullPath);
        int tokens = Context.ImageTokens.TokensOf(width, height).Tokens;
        if (baseline.Mismatch(artifacts, tokens) is { } reason)
        {
            return new EndsRow(sample.Id, double.NaN, double.NaN, tokens, 0, reason);
        }

        using var lease = Prepare(artifacts, sample);
        SuffixForward forward = lease.Value.Forward;
        double ablated = forward.Logits([HeadMasks.None(Context.Heads)])[0];
        return new EndsRow(sample.Id, forward.Intact, ablated, tokens, lease.Value.Prefix.Prompt.SuffixLength, null);
    }

    private Unit CreateShard(Sample sample, Unit ends, MaskShard shard) =>
        new(
            Kind,
            Version,
            $"{sample.Id}/masks {shard.First:00000000}-{shard.First + shard.Count - 1:00000000}",
            [
                new KeyPart.Text("sample", sample.Id),
                .. PassParts(sample),
                new KeyPart.Inputs("ends", [ends]),
                new KeyPart.Inputs("masks", [shard.Unit]),
            ],
            shard.Count,
            WorkUnit,
            run =>
            {
                using var lease = Prepare(run.Artifacts, sample);
                SuffixForward forward = lease.Value.Forward;
                EndsRow row = Ends(run.Artifacts, sample);
                byte[][] heads =
                [
                    .. MaskPart
                        .Read([SampleMasks.FileOf(run.Artifacts, shard)], Context.Heads)
                        .SelectMany(p => p.Heads),
                ];
                var f = new List<double>(heads.Length);
                foreach (byte[][] batch in heads.Chunk(forward.Batch))
                {
                    run.Cancel.ThrowIfCancellationRequested();
                    f.AddRange(forward.Logits(batch));
                    run.Advance(batch.Length);
                }

                ForwardPart.Write(run.File(ForwardFile), sample.Id, shard.First, f, [.. f.Select(row.Phi)]);
            }
        );
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
    /// <summary>The normalised logit of f: 0 with all heads ablated, 1 with all intact.</summary>
    public double Phi(double f) => (f - FAblated) / (FIntact - FAblated);
}
