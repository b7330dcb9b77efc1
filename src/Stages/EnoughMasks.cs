using Pipelines.Spec;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// When a sample with <c>count: auto</c> has enough masks: beta of two halves of those so far correlates. The
/// correlation is a stored unit and depends on the passes and the elastic net only; the bound is applied when it is
/// read, so that another bound fits nothing again.
/// </summary>
public sealed class EnoughMasks(StageContext context, AutoCountSpec spec, int shard, ElasticNetSpec regression)
{
    private const int Version = 1;
    private const string Kind = "half-split",
        FileName = "half-split.parquet";

    private readonly Dictionary<string, double?> read = new(StringComparer.Ordinal);

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
        Trainer.ElasticNet trainer = (Trainer.ElasticNet)Regress.TrainerOf(regression);
        int heads = context.Heads,
            masks = shards.Sum(s => s.Masks.Count);
        return new Unit(
            Kind,
            Version,
            $"{sample.Id}/masks {0:00000000}-{masks - 1:00000000}",
            [
                .. Regress.TrainerParts(trainer),
                new KeyPart.Integer("heads", heads),
                new KeyPart.Inputs("masks", [.. shards.Select(s => s.Masks.Unit)]),
                new KeyPart.Inputs("forward", [.. shards.Select(s => s.Passes)]),
            ],
            0,
            "fits",
            run =>
            {
                var data = MaskDataset.Open(
                    [.. shards.Select(s => SampleMasks.FileOf(run.Artifacts, s.Masks))],
                    [.. shards.Select(s => ForwardPasses.FileOf(run.Artifacts, s.Passes))],
                    heads
                );
                double correlation = HalfSplit.Correlation(data, trainer.Settings);
                Tables
                    .Of<HalfSplitRow>()
                    .Write(
                        run.File(FileName),
                        [new HalfSplitRow(sample.Id, masks, double.IsNaN(correlation) ? null : correlation)]
                    );
            }
        );
    }

    /// <summary>What a stored unit found; null = undefined.</summary>
    public double? Correlation(Artifacts artifacts, Unit asked)
    {
        string path = artifacts.File(asked, FileName);
        lock (read)
        {
            return read.TryGetValue(path, out double? known)
                ? known
                : read[path] = Tables.Of<HalfSplitRow>().Read(path)[0].HalfSplit;
        }
    }
}

/// <summary>The answer after so many masks.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Masks">So many, the first ones.</param>
/// <param name="HalfSplit">Pearson correlation of beta between their two halves; null = undefined.</param>
[Table("half_split")]
internal sealed record HalfSplitRow([RowKey] string SampleId, [RowKey][Unit("masks")] int Masks, double? HalfSplit);
