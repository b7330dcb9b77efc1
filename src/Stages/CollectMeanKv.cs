using Pipelines.Spec;
using Pipelines.Stages.Ablation;
using Pipelines.Stages.Data;
using Pipelines.Stages.Errors;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>Collects what ablated heads see: mean keys and values of the image tokens over the baseline pictures (paper, mean ablation), zeros, or nothing.</summary>
internal sealed class CollectMeanKv(StageContext context, CollectMeanKvSpec spec) : Stage(context)
{
    private const int Version = 1;
    private const string FileName = "mean-kv.safetensors";
    private readonly Dictionary<string, BaselineBlocks> blocks = new(StringComparer.Ordinal);
    private Unit? unit;
    private Baseline? baseline;

    /// <inheritdoc/>
    public override string Kind => "collect-mean-kv";

    /// <inheritdoc/>
    public override string WorkUnit => "pictures";

    /// <summary>The one unit; null where the baseline needs no computing.</summary>
    public Unit? Unit => spec.Kind == BaselineKind.Mean ? unit ??= Create() : null;

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) => new(Unit is null ? [] : [Unit]);

    /// <summary>Key parts by which other stages depend on the baseline.</summary>
    public IReadOnlyList<KeyPart> Parts => Unit is null ? [new KeyPart.Text("baseline", Spelling.Of(spec.Kind))] : [new KeyPart.Inputs("baseline", [Unit])];

    /// <summary>The baseline as the passes over a prompt use it; samples whose image stands at the same positions share one.</summary>
    public BaselineBlocks Blocks(Artifacts artifacts, PrefixCache cache)
    {
        string positions = $"{cache.Prompt.ImageStart} {string.Join(' ', cache.Positions.Axes.SelectMany(a => a.Skip(cache.Prompt.ImageStart).Take(cache.Prompt.ImageLength)))}";
        lock (blocks)
        {
            if (!blocks.TryGetValue(positions, out BaselineBlocks? found))
            {
                baseline ??= Load(artifacts);
                blocks[positions] = found = BaselineBlocks.Of(baseline, cache);
            }

            return found;
        }
    }

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder)
    {
        if (Unit is null) return;
        PublishTable(folder, Tables.Baseline, [.. Pictures.Select((p, i) => new BaselineRow(i, p.File))]);
    }

    private Baseline Load(Artifacts artifacts) => spec.Kind switch
    {
        BaselineKind.Mean => BaselineFile.Read(artifacts.File(Unit!, FileName)),
        BaselineKind.Zero => new Baseline.Zero(),
        BaselineKind.Knockout => new Baseline.Knockout(),
        _ => throw new InvalidOperationException($"No baseline {spec.Kind}."),
    };

    private IReadOnlyList<DataItem> Pictures => Context.Pictures.Baseline(spec.Images, Context.Experiment.Seed);

    private Unit Create()
    {
        IReadOnlyList<DataItem> pictures = Pictures;
        KeyAverage average = spec.Rope == RopeOrder.Before ? KeyAverage.BeforeRotary : KeyAverage.AfterRotary;
        return new Unit(Kind, Version, "mean keys and values",
        [
            .. Context.ModelParts,
            new KeyPart.Text("rope", Spelling.Of(spec.Rope)),
            new KeyPart.Integer("images", pictures.Count),
            new KeyPart.Digest("pictures", $"{pictures.Count} pictures", FileDigests.Combine(pictures.Select(p => (p.SampleId, Context.PictureDigest(p.FullPath))))),
        ], pictures.Count, WorkUnit, run =>
        {
            MeanKvAccumulator? mean = null;
            try
            {
                foreach (DataItem picture in pictures)
                {
                    run.Cancel.ThrowIfCancellationRequested();
                    using PrefixCache cache = Context.BuildPrefix(picture);
                    mean ??= new MeanKvAccumulator(cache.Decoder.Shape, cache.Prompt.ImageLength, average);
                    if (cache.Prompt.ImageLength != mean.ImageLength)
                    {
                        throw new InputException(picture.FullPath, $"becomes {cache.Prompt.ImageLength} image tokens, the pictures before it {mean.ImageLength}; a mean needs one common count.", "Set a fixed size under model.image.");
                    }

                    mean.Add(cache);
                    run.Advance(1);
                }

                using Baseline.Mean baseline = mean!.ToBaseline();
                using var stream = new FileStream(run.File(FileName), FileMode.CreateNew);
                BaselineFile.Write(baseline, stream);
            }
            finally
            {
                mean?.Dispose();
            }
        });
    }
}
