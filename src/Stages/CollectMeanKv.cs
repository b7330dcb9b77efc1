using System.Globalization;
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
    private readonly Lazy<IReadOnlyList<DataItem>> pictures = new(() => Draw(context, spec));
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

    /// <summary>Why a picture of some number of image tokens cannot be ablated to the baseline; null where it can.</summary>
    public string? Mismatch(Artifacts artifacts, int imageTokens)
    {
        lock (blocks)
        {
            baseline ??= Load(artifacts);
            return baseline.ImageLength is { } common && common != imageTokens
                ? string.Create(CultureInfo.InvariantCulture, $"the picture becomes {imageTokens} image tokens, those of the baseline {common}: model.image sets no common size")
                : null;
        }
    }

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder)
    {
        if (Unit is null) return;
        PublishTable(folder, Tables.Baseline, [.. pictures.Value.Select((p, i) => new BaselineRow(i, p.File))]);
    }

    /// <inheritdoc/>
    public override string PublishedFacts(Artifacts artifacts) => Unit is null ? "" : string.Join('\n', pictures.Value.Select(p => p.File));

    /// <inheritdoc/>
    public override void Release()
    {
        lock (blocks)
        {
            foreach (BaselineBlocks laidOut in blocks.Values) laidOut.Dispose();
            blocks.Clear();
            baseline?.Dispose();
            baseline = null;
        }
    }

    private Baseline Load(Artifacts artifacts) => spec.Kind switch
    {
        BaselineKind.Mean => BaselineFile.Read(artifacts.File(Unit!, FileName)),
        BaselineKind.Zero => new Baseline.Zero(),
        BaselineKind.Knockout => new Baseline.Knockout(),
        _ => throw new InvalidOperationException($"No baseline {spec.Kind}."),
    };

    /// <summary>The first pictures in seed order; with <c>other_sizes: reject</c> the first that have the size.</summary>
    private static IReadOnlyList<DataItem> Draw(StageContext context, CollectMeanKvSpec spec)
    {
        PictureSet all = spec.Folder is { } folder ? FolderReader.Read(folder.Full, labels: null) : context.Pictures;
        int count = spec.Images;
        int seed = context.Experiment.Seed;
        if (!context.Image.KeepSizes || count > all.Pictures.Count) return all.Baseline(count, seed);
        DataItem[] fitting = [.. all.Baseline(all.Pictures.Count, seed).Where(p => context.Mismatch(p) is null).Take(count)];
        return fitting.Length == count
            ? fitting
            : throw new InputException(
                all.Source,
                $"only {fitting.Length} of {all.Pictures.Count} pictures have the size that model.image asks for, fewer than the {count} asked for as a baseline (for example: {context.Mismatch(all.Pictures.First(p => context.Mismatch(p) is not null))}).",
                "Set model.image.other_sizes to resize, or ask for fewer images.");
    }

    private Unit Create()
    {
        IReadOnlyList<DataItem> drawn = pictures.Value;
        KeyAverage average = spec.Rope == RopeOrder.Before ? KeyAverage.BeforeRotary : KeyAverage.AfterRotary;
        return new Unit(Kind, Version, "mean keys and values",
        [
            .. Context.ModelParts,
            new KeyPart.Text("rope", Spelling.Of(spec.Rope)),
            new KeyPart.Integer("images", drawn.Count),
            new KeyPart.Digest("pictures", $"{drawn.Count} pictures", FileDigests.Combine(drawn.Select(p => (p.SampleId, Context.PictureDigest(p.FullPath))))),
        ], drawn.Count, WorkUnit, run =>
        {
            MeanKvAccumulator? mean = null;
            try
            {
                foreach (DataItem picture in drawn)
                {
                    run.Cancel.ThrowIfCancellationRequested();
                    using PrefixCache cache = Context.BuildPrefix(picture);
                    mean ??= new MeanKvAccumulator(cache.Decoder.Shape, cache.Prompt.ImageLength, average);
                    if (cache.Prompt.ImageLength != mean.ImageLength)
                    {
                        throw new InputException(picture.FullPath, $"becomes {cache.Prompt.ImageLength} image tokens, the pictures before it {mean.ImageLength}; a mean needs one common count.", "Set a fixed size under model.image (size, or tiles: 1).");
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
