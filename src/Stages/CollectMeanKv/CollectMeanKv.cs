using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
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

    /// <summary>What the samples' ablated heads see is computed: a mean over pictures.</summary>
    private bool IsComputed => spec.Kind == BaselineKind.Mean;

    private bool ByGroup => spec.Over == BaselineOver.Group;

    /// <summary>The baseline of a sample as units depend on it.</summary>
    public BaselineSource Source(Artifacts artifacts, Sample sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        return new(
            context.Engine,
            spec.Kind,
            UnitOf(artifacts, sample),
            spec.Kind == BaselineKind.Counterfactual ? context.CounterOf(sample.Item) : null
        );
    }

    /// <summary>The means that a sample's ablated heads see; null where nothing is averaged.</summary>
    public Unit? UnitOf(Artifacts artifacts, Sample sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        return IsComputed ? DrawnOnce(artifacts, GroupOf(sample.Item)).Unit : null;
    }

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) =>
        new(IsComputed ? [.. Groups().Select(g => DrawnOnce(artifacts, g).Unit)] : []);

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        IsComputed ? [new PublishedTable<BaselineRow>(() => [.. Rows(artifacts)])] : [];

    /// <inheritdoc/>
    public override string PublishedFacts(Artifacts artifacts) => IsComputed ? string.Join('\n', Rows(artifacts)) : "";

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        Drawn[] drawn = IsComputed ? [.. Groups().Select(g => DrawnOnce(artifacts, g))] : [];
        int left = drawn.Sum(d => d.Pictures.Count(p => p.Reason is not null));
        string how =
            left == 1
                ? "1 picture is left out, and the next was taken"
                : Invariant.Text($"{left} pictures are left out, and the next were taken");
        string[] few =
        [
            .. drawn
                .Where(d => d.Group is not null && d.Used < spec.Images)
                .Select(d => Invariant.Text($"'{d.Group}' {d.Used}")),
        ];
        return
        [
            .. left == 0
                ? Array.Empty<SummaryRow>()
                : [new SummaryRow(Name, $"{how} ({PublishedPath(Tables.Of<BaselineRow>().Name)}.csv says why)")],
            .. few.Length == 0
                ? Array.Empty<SummaryRow>()
                : [new SummaryRow(Name, $"groups of fewer pictures than {spec.Images}: {string.Join(", ", few)}")],
        ];
    }

    /// <summary>The groups that means go over, in ordinal order; one without a name where they go over all.</summary>
    private IReadOnlyList<string?> Groups() =>
        ByGroup
            ?
            [
                .. context
                    .Pictures.Candidates.Select(GroupOf)
                    .OfType<string>()
                    .Distinct(StringComparer.Ordinal)
                    .Order(StringComparer.Ordinal),
            ]
            : [null];

    private string? GroupOf(DataItem item) => ByGroup && item.Question is { Groups: [var first, ..] } ? first : null;

    private Drawn DrawnOnce(Artifacts artifacts, string? group) =>
        artifacts.Once(this, nameof(Drawn), group ?? "", () => Drawn.Of(context, spec, group));

    private IEnumerable<BaselineRow> Rows(Artifacts artifacts) =>
        Groups()
            .SelectMany(group =>
            {
                int position = 0;
                return DrawnOnce(artifacts, group)
                    .Pictures.Select(p => new BaselineRow(
                        p.Reason is null ? position++ : null,
                        p.Item.File,
                        p.Reason,
                        group
                    ));
            });

    /// <summary>The first pictures in seed order that can be used, and those passed over on the way.</summary>
    private static IReadOnlyList<BaselinePicture> Draw(StageContext context, CollectMeanKvSpec spec, string? group)
    {
        PictureSet all = spec.Folder is { } folder ? FolderReader.Read(folder.Full) : context.Pictures;
        IReadOnlyList<DataItem> candidates = group is null
            ? all.InBaselineOrder(spec.Images, context.Experiment.Seed)
            : all.OfGroup(group, context.Experiment.Seed);
        int count = group is null ? spec.Images : Math.Min(spec.Images, candidates.Count);
        var drawn = new List<BaselinePicture>();
        int used = 0;
        foreach (DataItem picture in candidates)
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

        return used == count || (group is not null && used > 0)
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
    /// <param name="Group">Whose pictures; null = all.</param>
    /// <param name="Pictures">The pictures, and those passed over on the way.</param>
    /// <param name="Unit">The unit of their mean.</param>
    private sealed record Drawn(string? Group, IReadOnlyList<BaselinePicture> Pictures, Unit Unit)
    {
        public int Used => Pictures.Count(p => p.Reason is null);

        public static Drawn Of(StageContext context, CollectMeanKvSpec spec, string? group)
        {
            IReadOnlyList<BaselinePicture> pictures = Draw(context, spec, group);
            PictureSource[] used = [.. pictures.Where(p => p.Reason is null).Select(p => context.SourceOf(p.Item))];
            var means = new MeanKeysAndValues(context.Source, spec.Rope, used.Length, new PictureSources(used));
            string name = group is null ? "mean keys and values" : $"mean keys and values of {group}";
            return new Drawn(group, pictures, Stages.Units.Unit.Of(name, means, means.Images));
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
                using PrefixCache cache = unit.Model.Prefix(picture.Location);
                mean ??= new MeanKvAccumulator(cache.Decoder.Shape, cache.Prompt.ImageLength, unit.Rope);
                if (cache.Prompt.ImageLength != mean.ImageLength)
                {
                    throw new InputException(
                        picture.Location.Shown,
                        $"becomes {cache.Prompt.ImageLength} image tokens, the pictures before it "
                            + $"{mean.ImageLength}; a mean needs one common count.",
                        "Set a fixed size under model.image (size, or tiles: 1)."
                    );
                }

                mean.Add(cache);
                run.Advance(1);
            }

            using var stream = new FileStream(run.File(FileName), FileMode.CreateNew);
            BaselineFile.Write(mean!, stream);
        }
        finally
        {
            mean?.Dispose();
        }
    }
}
