using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Models.Vision;
using Pipelines.Spec;
using Pipelines.Stages.Data;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// Collects what ablated heads see: mean keys and values of the image tokens over the baseline pictures (paper, mean
/// ablation), zeros, or nothing.
/// </summary>
[StageOf<CollectMeanKvSpec>]
public sealed class CollectMeanKv(StageContext context, CollectMeanKvSpec spec) : Stage
{
    /// <inheritdoc/>
    public override string WorkUnit => "pictures";

    /// <summary>The one unit; null where the baseline needs no computing.</summary>
    public Unit? UnitOf(Artifacts artifacts) => IsComputed ? DrawnOnce(artifacts).Unit : null;

    /// <summary>The baseline as units depend on it.</summary>
    public BaselineSource Source(Artifacts artifacts) => new(context.Engine, spec.Kind, UnitOf(artifacts));

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) => new(UnitOf(artifacts) is { } unit ? [unit] : []);

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        IsComputed ? [new PublishedTable<BaselineRow>(() => [.. Rows(artifacts)])] : [];

    /// <inheritdoc/>
    public override string PublishedFacts(Artifacts artifacts) => IsComputed ? string.Join('\n', Rows(artifacts)) : "";

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        int left = IsComputed ? DrawnOnce(artifacts).Pictures.Count(p => p.Reason is not null) : 0;
        string how =
            left == 1
                ? "1 picture is left out, and the next was taken"
                : Invariant.Text($"{left} pictures are left out, and the next were taken");
        return left == 0
            ? []
            : [new SummaryRow(Name, $"{how} ({PublishedPath(Tables.Of<BaselineRow>().Name)}.csv says why)")];
    }

    private bool IsComputed => spec.Kind == BaselineKind.Mean;

    private Drawn DrawnOnce(Artifacts artifacts) =>
        artifacts.Once(this, nameof(Drawn), "", () => Drawn.Of(context, spec));

    private IEnumerable<BaselineRow> Rows(Artifacts artifacts)
    {
        int position = 0;
        return DrawnOnce(artifacts)
            .Pictures.Select(p =>
                p.Reason is null
                    ? new BaselineRow(position++, p.Item.File)
                    : new BaselineRow(null, p.Item.File, p.Reason)
            );
    }

    /// <summary>The first pictures in seed order that can be used, and those passed over on the way.</summary>
    private static IReadOnlyList<BaselinePicture> Draw(StageContext context, CollectMeanKvSpec spec)
    {
        PictureSet all = spec.Folder is { } folder ? FolderReader.Read(folder.Full) : context.Pictures;
        int count = spec.Images;
        var drawn = new List<BaselinePicture>();
        int used = 0;
        foreach (DataItem picture in all.InBaselineOrder(count, context.Experiment.Seed))
        {
            if (used == count)
            {
                break;
            }

            string? reason = context.Unusable(picture);
            drawn.Add(new BaselinePicture(picture, reason));
            if (reason is null)
            {
                used++;
            }
        }

        return used == count
            ? drawn
            : throw new InputException(
                all.Source,
                Invariant.Text(
                    $"only {used} of {drawn.Count} pictures can be used, fewer than the {count} asked for as a "
                        + $"baseline (for example: {drawn.First(d => d.Reason is not null).Reason})."
                ),
                context.Image.KeepSizes
                    ? "Set model.image.other_sizes to resize, or ask for fewer images."
                    : $"Set images: {used} in the collect-mean-kv stage, or add pictures."
            );
    }

    /// <summary>What is drawn, and the unit made of it.</summary>
    /// <param name="Pictures">The pictures, and those passed over on the way.</param>
    /// <param name="Unit">The unit of their mean.</param>
    private sealed record Drawn(IReadOnlyList<BaselinePicture> Pictures, Unit Unit)
    {
        public static Drawn Of(StageContext context, CollectMeanKvSpec spec)
        {
            IReadOnlyList<BaselinePicture> pictures = Draw(context, spec);
            PictureSource[] used = [.. pictures.Where(p => p.Reason is null).Select(p => context.SourceOf(p.Item))];
            var means = new MeanKeysAndValues(context.Source, spec.Rope, used.Length, new PictureSources(used));
            return new Drawn(pictures, Stages.Units.Unit.Of("mean keys and values", means, means.Images));
        }
    }

    /// <summary>A picture as it is drawn.</summary>
    /// <param name="Item">The picture.</param>
    /// <param name="Reason">Why it is left out, or null.</param>
    private sealed record BaselinePicture(DataItem Item, string? Reason);
}

/// <summary>Mean keys and values of the image tokens over pictures.</summary>
/// <param name="Model">The model.</param>
/// <param name="Rope">Average after or before rotary.</param>
/// <param name="Images">Number of pictures.</param>
/// <param name="Pictures">The pictures.</param>
[UnitKind("collect-mean-kv", 1, "pictures")]
internal sealed record MeanKeysAndValues(ModelSource Model, RopeOrder Rope, int Images, PictureSources Pictures)
    : IUnit<MeanKeysAndValues>
{
    /// <summary>The file of the means.</summary>
    public const string FileName = "mean-kv.safetensors";

    /// <inheritdoc/>
    public static void Compute(MeanKeysAndValues unit, UnitRun run)
    {
        MeanKvAccumulator? mean = null;
        try
        {
            foreach (PictureSource picture in unit.Pictures.Pictures)
            {
                run.Cancel.ThrowIfCancellationRequested();
                using PrefixCache cache = unit.Model.Prefix(PictureDecoder.Decode(picture.FullPath));
                mean ??= new MeanKvAccumulator(cache.Decoder.Shape, cache.Prompt.ImageLength, unit.Rope);
                if (cache.Prompt.ImageLength != mean.ImageLength)
                {
                    throw new InputException(
                        picture.FullPath,
                        $"becomes {cache.Prompt.ImageLength} image tokens, the pictures before it "
                            + $"{mean.ImageLength}; a mean needs one common count.",
                        "Set a fixed size under model.image (size, or tiles: 1)."
                    );
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
    }
}
