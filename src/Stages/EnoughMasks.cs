using Pipelines.Spec;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// When a sample with <c>count: auto</c> has enough masks: beta of two halves of those so far correlates. The
/// correlation is a stored unit and depends on the passes and the elastic net only; the bound is applied when it is
/// read, so that another bound fits nothing again.
/// </summary>
internal sealed class EnoughMasks(StageContext context, AutoCountSpec spec, int shard, ElasticNetSpec regression)
{
    private const int Version = 1;
    private const string Kind = "half-split",
        FileName = "half-split.parquet";

    private readonly Dictionary<string, double?> read = new(StringComparer.Ordinal);

    /// <summary>The table.</summary>
    public static Table<HalfSplitRow> Table { get; } =
        new(
            "half_split",
            [
                new TextColumn<HalfSplitRow>("sample_id", r => r.SampleId),
                new NumberColumn<HalfSplitRow, int>("masks", r => r.Masks),
                new OptionalNumberColumn<HalfSplitRow, double>("half_split", r => r.Correlation),
            ],
            (v, i) => new HalfSplitRow(v.Of<string>(0)[i], v.Of<int>(1)[i], v.Of<double?>(2)[i])
        );

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
                Table.Write(
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
            return read.TryGetValue(path, out double? known) ? known : read[path] = Table.Read(path)[0].Correlation;
        }
    }
}

/// <summary>The answer after so many masks.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Masks">So many, the first ones.</param>
/// <param name="Correlation">Pearson correlation of beta between their two halves; null = undefined.</param>
internal sealed record HalfSplitRow(string SampleId, int Masks, double? Correlation);
