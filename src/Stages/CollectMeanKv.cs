using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Spec;
using Pipelines.Stages.Data;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// Collects what ablated heads see: mean keys and values of the image tokens over the baseline pictures (paper, mean
/// ablation), zeros, or nothing.
/// </summary>
[StageOf<CollectMeanKvSpec>]
public sealed class CollectMeanKv(StageContext context, CollectMeanKvSpec spec) : Stage(context)
{
    private const int Version = 1;
    private const string FileName = "mean-kv.safetensors";
    private readonly Dictionary<string, BaselineBlocks> blocks = new(StringComparer.Ordinal);
    private readonly Lazy<IReadOnlyList<BaselinePicture>> pictures = new(() => Draw(context, spec));
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
    public IReadOnlyList<KeyPart> Parts =>
        Unit is null
            ? [new KeyPart.Text("baseline", Spelling.Of(spec.Kind))]
            : [new KeyPart.Inputs("baseline", [Unit])];

    /// <summary>
    /// The baseline as the passes over a prompt use it; samples whose image stands at the same positions share one.
    /// </summary>
    public BaselineBlocks Blocks(Artifacts artifacts, PrefixCache cache)
    {
        (int start, int length) = (cache.Prompt.ImageStart, cache.Prompt.ImageLength);
        var image = cache.Positions.Axes.SelectMany(a => a.Skip(start).Take(length));
        string positions = $"{start} {string.Join(' ', image)}";
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

    /// <summary>
    /// Why a picture of some number of image tokens cannot be ablated to the baseline; null where it can.
    /// </summary>
    public string? Mismatch(Artifacts artifacts, int imageTokens)
    {
        lock (blocks)
        {
            baseline ??= Load(artifacts);
            return baseline.ImageLength is { } common && common != imageTokens
                ? Invariant.Text(
                    $"the picture becomes {imageTokens} image tokens, those of the baseline {common}: model.image "
                        + $"sets no common size"
                )
                : null;
        }
    }

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder)
    {
        if (Unit is null)
        {
            return;
        }

        PublishTable(folder, [.. Rows()]);
    }

    /// <inheritdoc/>
    public override string PublishedFacts(Artifacts artifacts) => Unit is null ? "" : string.Join('\n', Rows());

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        int left = Unit is null ? 0 : pictures.Value.Count(p => p.Reason is not null);
        string how =
            left == 1
                ? "1 picture is left out, and the next was taken"
                : Invariant.Text($"{left} pictures are left out, and the next were taken");
        return left == 0
            ? []
            : [new SummaryRow(Name, $"{how} ({PublishedPath(Tables.Of<BaselineRow>().Name)}.csv says why)")];
    }

    /// <inheritdoc/>
    public override void Release()
    {
        lock (blocks)
        {
            foreach (BaselineBlocks laidOut in blocks.Values)
            {
                laidOut.Dispose();
            }

            blocks.Clear();
            baseline?.Dispose();
            baseline = null;
        }
    }

    private IEnumerable<BaselineRow> Rows()
    {
        int position = 0;
        return pictures.Value.Select(p =>
            p.Reason is null ? new BaselineRow(position++, p.Item.File) : new BaselineRow(null, p.Item.File, p.Reason)
        );
    }

    private Baseline Load(Artifacts artifacts) =>
        spec.Kind switch
        {
            BaselineKind.Mean => BaselineFile.Read(artifacts.File(Unit!, FileName)),
            BaselineKind.Zero => new Baseline.Zero(),
            BaselineKind.Knockout => new Baseline.Knockout(),
            _ => throw new InvalidOperationException($"No baseline {spec.Kind}."),
        };

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

    private Unit Create()
    {
        DataItem[] drawn = [.. pictures.Value.Where(p => p.Reason is null).Select(p => p.Item)];
        RopeOrder average = spec.Rope;
        return new Unit(
            Kind,
            Version,
            "mean keys and values",
            [
                .. Context.ModelParts,
                new KeyPart.Text("rope", Spelling.Of(spec.Rope)),
                new KeyPart.Integer("images", drawn.Length),
                Context.PicturesPart(drawn),
            ],
            drawn.Length,
            WorkUnit,
            run =>
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
        );
    }

    /// <summary>A picture as it is drawn.</summary>
    /// <param name="Item">The picture.</param>
    /// <param name="Reason">Why it is left out, or null.</param>
    private sealed record BaselinePicture(DataItem Item, string? Reason);
}
