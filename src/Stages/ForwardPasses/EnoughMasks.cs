using Pipelines.Spec;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// When a sample with <c>count: auto</c> has enough masks: beta of two halves of those so far correlates. The
/// correlation is a stored unit and depends on the passes and the elastic net only; the bound is applied when it is
/// read, so that another bound fits nothing again.
/// </summary>
public sealed class EnoughMasks(AutoCountSpec spec, int shard, int heads)
{
    /// <summary>The bound.</summary>
    public AutoCountSpec Spec => spec;

    /// <summary>Numbers of masks after which it is asked, ascending.</summary>
    public IReadOnlyList<int> Steps { get; } = StepsOf(spec.Least, spec.Most, shard);

    /// <summary>
    /// From <paramref name="least"/> on, each a quarter more than the one before, rounded up to whole shards, and
    /// <paramref name="most"/>. A pass costs far more than its share of a fit, so steps are small; they grow, or the
    /// fits to ever more masks would add up (this way to five times the last).
    /// </summary>
    public static IReadOnlyList<int> StepsOf(int least, int most, int shard)
    {
        int Whole(long masks) => (int)Math.Min(most, (masks + shard - 1) / shard * shard);
        var steps = new List<int> { Whole(least) };
        while (steps[^1] < most)
        {
            steps.Add(Whole(Math.Max(steps[^1] + (steps[^1] / 4L), steps[^1] + 1L)));
        }

        return steps;
    }

    /// <summary>The unit that asks after the masks of <paramref name="shards"/>.</summary>
    public Unit Create(Sample sample, IReadOnlyList<PassShard> shards)
    {
        ArgumentNullException.ThrowIfNull(sample);
        int masks = shards.Sum(s => s.Masks.Count);
        ElasticNetSpec net = spec.ElasticNet;
        return Unit.Of(
            $"{sample.Id}/{new ShardRange(0, masks).Name}",
            new HalvesOfMasks(
                sample.Id,
                new ElasticNetSettings(net.Alpha, net.L1Ratio, net.MaxIterations, net.Tolerance),
                heads,
                [.. shards.Select(s => s.Masks.Unit)],
                [.. shards.Select(s => s.Passes)]
            ),
            work: 0
        );
    }

    /// <summary>Whether a stored unit says that its masks are enough.</summary>
    public bool IsEnough(Artifacts artifacts, Unit asked) => Correlation(artifacts, asked) >= spec.Until;

    /// <summary>What a stored unit found; null = undefined.</summary>
    internal static double? Correlation(Artifacts artifacts, Unit asked) =>
        artifacts.Learn<HalfSplitRow>(asked)[0].HalfSplit;
}

/// <summary>Whether beta of two halves of a sample's masks is alike.</summary>
/// <param name="Sample">The sample.</param>
/// <param name="Trainer">The elastic net.</param>
/// <param name="Heads">N.</param>
/// <param name="Masks">Units of the masks, in order.</param>
/// <param name="Forward">Units of the passes over them.</param>
[UnitKind("half-split", 1, "fits")]
internal sealed record HalvesOfMasks(
    string Sample,
    ElasticNetSettings Trainer,
    int Heads,
    IReadOnlyList<Unit> Masks,
    IReadOnlyList<Unit> Forward
) : IUnit<HalvesOfMasks>
{
    /// <inheritdoc/>
    public static void Compute(HalvesOfMasks unit, UnitRun run)
    {
        MaskDataset data = run.Observations(unit.Masks, unit.Forward, unit.Heads);
        double correlation = HalfSplit.Correlation(data, unit.Trainer);
        run.Write<HalfSplitRow>([new HalfSplitRow(unit.Sample, data.Rows, Undefined.ToNull(correlation))]);
    }
}

/// <summary>The answer after so many masks.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Masks">So many, the first ones.</param>
/// <param name="HalfSplit">Pearson correlation of beta between their two halves; null = undefined.</param>
[Table("half_split")]
internal sealed record HalfSplitRow([RowKey] string SampleId, [RowKey][Unit("masks")] int Masks, double? HalfSplit);
