using System.Globalization;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// Draws the masks: which heads are intact. Mask i of a sample is a pure function of (seed, sample id or shared, i); a
/// unit is a fixed range of i. With <c>count: auto</c> these are the masks that every sample needs; what a sample needs
/// beyond them its forward passes tell, which have those drawn: the same units as a larger count draws.
/// </summary>
[StageOf<SampleMasksSpec>]
public sealed class SampleMasks(StageContext context, SampleMasksSpec spec, [Role("samples")] AnswerQuestions answers)
    : Stage(context)
{
    private const int Version = 1;
    private const string SharedScope = "shared";
    private readonly Dictionary<string, IReadOnlyList<MaskShard>> shards = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override string Kind => "sample-masks";

    /// <inheritdoc/>
    public override string WorkUnit => "masks";

    /// <summary>The spec.</summary>
    public SampleMasksSpec Spec => spec;

    /// <inheritdoc/>
    /// <exception cref="InputException">Every mask would be the same.</exception>
    public override UnitList Units(Artifacts artifacts)
    {
        int ablated = HeadMasks.AblatedCount(Context.Heads, spec.Ablate);
        if (spec.Draw == MaskDraw.Exact && (ablated == 0 || ablated == Context.Heads))
        {
            throw new InputException(
                Name,
                $"ablate: {spec.Ablate.ToString(CultureInfo.InvariantCulture)} of {Context.Heads} heads is "
                    + $"{ablated}: every mask would be the same.",
                "Use a share that leaves some heads intact and some ablated."
            );
        }

        if (spec.Scope == MaskScope.Shared)
        {
            return new UnitList([.. Shards(SharedScope).Where(IsNeeded).Select(s => s.Unit)]);
        }

        return answers.Samples(artifacts) is { } samples
            ? new UnitList([.. samples.SelectMany(ShardsOfMost).Where(IsNeeded).Select(s => s.Unit)])
            : new UnitList([], $"{answers.Name} is done", (long)answers.Keep * Least);
    }

    /// <summary>
    /// The shards of a sample's masks, in order of the masks; with <c>count: auto</c> all that it may come to need.
    /// </summary>
    public IReadOnlyList<MaskShard> ShardsOfMost(Sample sample) => Shards(ScopeOf(sample));

    /// <summary>Whether this stage draws a shard; else it is drawn where a sample needs it.</summary>
    public bool IsNeeded(MaskShard shard) => shard.First < Least;

    /// <summary>Masks of a sample at most.</summary>
    public int Most =>
        spec.Count switch
        {
            FixedCountSpec number => number.Count,
            AutoCountSpec auto => auto.Most,
            _ => throw new InvalidOperationException($"No count {spec.Count}."),
        };

    /// <summary>Masks that every sample has.</summary>
    private int Least => spec.Count is AutoCountSpec auto ? Math.Min(auto.Least, auto.Most) : Most;

    private int Seed => spec.Seed ?? Context.Experiment.Seed;

    /// <summary>The scope in which a sample's masks are drawn.</summary>
    public string ScopeOf(Sample sample) => spec.Scope == MaskScope.Shared ? SharedScope : sample.Id;

    /// <summary>Mask <paramref name="index"/> of a scope: ceil(N/8) bytes.</summary>
    public byte[] Draw(string scope, int index) =>
        HeadMasks.Draw(Seed, scope, index, Context.Heads, spec.Ablate, spec.Draw);

    /// <summary>Key parts of all that <see cref="Draw"/> depends on but the index.</summary>
    public IReadOnlyList<KeyPart> DrawParts(string scope) =>
        [
            new KeyPart.Integer("seed", Seed),
            new KeyPart.Text("scope", scope),
            new KeyPart.Integer("heads", Context.Heads),
            new KeyPart.Number("ablate", spec.Ablate),
            new KeyPart.Text("draw", Spelling.Of(spec.Draw)),
        ];

    /// <summary>File that holds a shard's masks.</summary>
    public static string FileOf(Artifacts artifacts, MaskShard shard) => artifacts.File(shard.Unit, FileName);

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder)
    {
        foreach (Unit unit in Units(artifacts).Known)
        {
            Link(artifacts, folder, unit);
        }
    }

    /// <summary>
    /// Links a shard into the table of masks, unless it is there: several stages may have asked for it.
    /// </summary>
    public void Link(Artifacts artifacts, RunFolder folder, Unit shard)
    {
        string part = $"{PublishedPath(Tables.Of<MaskRow>().Name)}/{FileNames.Part(shard)}";
        var placed = new FileInfo(folder.Path(part)); // its target is relative to where the folder will lie
        if (placed.LinkTarget is null && !placed.Exists)
        {
            folder.Link(part, artifacts.File(shard, FileName));
        }
    }

    private const string FileName = "masks.parquet";

    private IReadOnlyList<MaskShard> Shards(string scope)
    {
        lock (shards)
        {
            if (!shards.TryGetValue(scope, out var found))
            {
                shards[scope] = found = [.. Ranges().Select(r => Shard(scope, r.First, r.Count))];
            }

            return found;
        }
    }

    private IEnumerable<(int First, int Count)> Ranges()
    {
        for (int first = 0, most = Most; first < most; first += spec.Shard)
        {
            yield return (first, Math.Min(spec.Shard, most - first));
        }
    }

    private MaskShard Shard(string scope, int first, int count)
    {
        var unit = new Unit(
            Kind,
            Version,
            $"{scope}/masks {first:00000000}-{first + count - 1:00000000}",
            [.. DrawParts(scope), new KeyPart.Integer("first", first), new KeyPart.Integer("count", count)],
            count,
            WorkUnit,
            run =>
            {
                var masks = new byte[count][];
                for (int i = 0; i < count; i++)
                {
                    masks[i] = Draw(scope, first + i);
                }

                MaskPart.Write(run.File(FileName), scope, first, masks);
            }
        );
        return new MaskShard(unit, first, count);
    }
}

/// <summary>
/// Masks <paramref name="First"/> to <paramref name="First"/> + <paramref name="Count"/> - 1 of a scope.
/// </summary>
public sealed record MaskShard(Unit Unit, int First, int Count);
