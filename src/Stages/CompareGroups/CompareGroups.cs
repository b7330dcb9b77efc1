using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Data;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// Compares groups of questions: how alike beta is within and between them, how well the regression fits in each, and
/// how many heads each needs. One unit, a pure function of beta, fits, curves and the questions' groups.
/// </summary>
[StageOf<CompareGroupsSpec>]
public sealed class CompareGroups(
    StageContext context,
    CompareGroupsSpec spec,
    ForwardPasses forward,
    Regress attribution,
    Validate? validation
) : Stage
{
    private const int MostGroups = 12,
        NamesTold = 20;

    /// <inheritdoc/>
    public override string WorkUnit => "comparisons";

    /// <inheritdoc/>
    /// <exception cref="InputException">No question has a group, or none has one that the settings name.</exception>
    public override UnitList Units(Artifacts artifacts)
    {
        RequireGroups();
        return forward.Accepted(artifacts) is { } samples
            ? new UnitList([artifacts.Once(this, nameof(Create), "", () => Create(artifacts, samples))])
            : new UnitList([], $"{forward.Name} is done", 1);
    }

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [
            new PublishedTable<GroupSimilarityRow>(() => Rows<GroupSimilarityRow>(artifacts)),
            new PublishedTable<GroupFitRow>(() => Rows<GroupFitRow>(artifacts)),
            new PublishedTable<GroupBetaRow>(() => Rows<GroupBetaRow>(artifacts)),
        ];

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        IReadOnlyList<GroupSimilarityRow> rows = Rows<GroupSimilarityRow>(artifacts);
        string found = GroupsFound.Of(rows) is { } groups
            ? groups.Words
            : rows.Count switch
            {
                0 => Invariant.Text($"no group has {spec.Least} samples (least): nothing to compare"),
                1 => Invariant.Text($"only {Shown.Name(rows[0].Group)} has {spec.Least} samples (least): nothing to ")
                    + "compare it with",
                _ => "no two groups have two samples each that are not in both: nothing to compare",
            };
        return [new SummaryRow(Name, found)];
    }

    private IReadOnlyList<TRow> Rows<TRow>(Artifacts artifacts)
        where TRow : class => artifacts.Rows<TRow>(Units(artifacts).Known);

    private void RequireGroups()
    {
        HashSet<string> known = new(StringComparer.Ordinal);
        foreach (DataItem item in context.Items)
        {
            known.UnionWith(item.Question?.Groups ?? []);
        }

        if (known.Count == 0)
        {
            throw new InputException(
                Name,
                "nothing says which group a picture belongs to: no question has one.",
                "compare-groups is for data whose questions have groups."
            );
        }

        if ((spec.Groups ?? []).FirstOrDefault(g => !known.Contains(g)) is { } unknown)
        {
            string more = known.Count > NamesTold ? Invariant.Text($", and {known.Count - NamesTold} more") : "";
            throw new InputException(
                $"{Name}.groups",
                $"'{Shown.Name(unknown)}' is no group of the questions.",
                $"There are: {string.Join(", ", known.Order(StringComparer.Ordinal).Take(NamesTold))}{more}."
            );
        }
    }

    private Unit Create(Artifacts artifacts, IReadOnlyList<Sample> samples)
    {
        string[] groups = [.. GroupChoice.Of([.. samples.Select(GroupsOf)], spec.Groups ?? [], spec.Least, MostGroups)];
        Sample[] grouped = [.. samples.Where(s => GroupsOf(s).Intersect(groups, StringComparer.Ordinal).Any())];
        var pictures = grouped.Select(s => s.Item.Location).Distinct().Index().ToDictionary(p => p.Item, p => p.Index);
        return Unit.Of(
            $"{grouped.Length} samples",
            new ComparedGroups(
                groups,
                spec.Permutations,
                context.Experiment.Seed,
                context.Info.Heads,
                new LabelSource<GroupedSample>(
                    [
                        .. grouped.Select(s => new GroupedSample(
                            s.Id,
                            pictures[s.Item.Location],
                            [.. groups.Intersect(GroupsOf(s), StringComparer.Ordinal)]
                        )),
                    ],
                    $"{groups.Length} groups",
                    GroupedSample.Text,
                    context.LabelFiles
                ),
                [.. grouped.Select(s => attribution.UnitOf(artifacts, s))],
                validation?.Spec.Faithfulness,
                validation?.Spec.Completeness,
                validation?.Units(artifacts).Known
            )
        );
    }

    private static IReadOnlyList<string> GroupsOf(Sample sample) => sample.Item.Question?.Groups ?? [];
}

/// <summary>Which groups are compared.</summary>
internal static class GroupChoice
{
    /// <summary>
    /// The groups that are named; else those with enough samples in ordinal order, and of too many those with the most.
    /// </summary>
    public static IEnumerable<string> Of(
        IReadOnlyList<IReadOnlyList<string>> groupsOfSamples,
        IReadOnlyList<string> named,
        int least,
        int most
    ) =>
        named.Count > 0
            ? named.Distinct(StringComparer.Ordinal)
            : groupsOfSamples
                .SelectMany(groups => groups.Distinct(StringComparer.Ordinal))
                .GroupBy(group => group, StringComparer.Ordinal)
                .Where(group => group.Count() >= least)
                .OrderByDescending(group => group.Count())
                .ThenBy(group => group.Key, StringComparer.Ordinal)
                .Take(most)
                .Select(group => group.Key)
                .Order(StringComparer.Ordinal);
}

/// <summary>A sample of some groups.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Picture">Number of its picture among those compared.</param>
/// <param name="Groups">Those of its groups that are compared.</param>
internal sealed record GroupedSample(string SampleId, int Picture, IReadOnlyList<string> Groups)
{
    /// <summary>A text that tells any two apart: a name of a group may hold any character.</summary>
    public static string Text(GroupedSample sample) =>
        Invariant.Text($"{sample.SampleId}\t{sample.Picture}\t")
        + string.Concat(sample.Groups.Select(g => Invariant.Text($"{g.Length}:{g}")));
}

/// <summary>beta, fits and curves, group by group.</summary>
/// <param name="Groups">The groups, in order.</param>
/// <param name="Permutations">Relabellings of each pair.</param>
/// <param name="Seed">Of the relabellings.</param>
/// <param name="HeadsPerLayer">H.</param>
/// <param name="Labels">The samples.</param>
/// <param name="Attribution">Their fits, in order of the samples.</param>
/// <param name="Faithfulness">Heads needed: above this; null without curves.</param>
/// <param name="Completeness">Heads needed: below this.</param>
/// <param name="Validation">The curves.</param>
[UnitKind("compare-groups", 1, "comparisons")]
internal sealed record ComparedGroups(
    IReadOnlyList<string> Groups,
    int Permutations,
    int Seed,
    int HeadsPerLayer,
    LabelSource<GroupedSample> Labels,
    IReadOnlyList<Unit> Attribution,
    double? Faithfulness,
    double? Completeness,
    IReadOnlyList<Unit>? Validation
) : IUnit<ComparedGroups>
{
    /// <inheritdoc/>
    public static void Compute(ComparedGroups unit, UnitRun run)
    {
        IReadOnlyList<GroupedSample> samples = unit.Labels.Labels;
        double[][] beta = [.. unit.Attribution.Select(run.Artifacts.Beta)];
        FitRow[] fits = [.. unit.Attribution.Select(fit => run.Row<FitRow>(fit))];
        IReadOnlyList<NeededRow> needed = unit.Validation is null
            ? []
            : NeededRow.Of(
                run.Artifacts.Scans(unit.Validation),
                [(unit.Faithfulness!.Value, unit.Completeness!.Value)]
            );
        var pairs = GroupComparison.Of(
            [.. samples.Zip(beta, (s, b) => new GroupedBeta(s.Picture, s.Groups, b))],
            unit.Groups,
            unit.Permutations,
            unit.Seed
        );
        run.Write<GroupSimilarityRow>([.. pairs.Select(GroupSimilarityRow.Of)]);
        var byGroup = unit.Groups.Select(g =>
            (Name: g, Members: Enumerable.Range(0, samples.Count).Where(i => samples[i].Groups.Contains(g)).ToArray())
        );
        run.Write<GroupFitRow>([
            .. byGroup.SelectMany(g => GroupFitRow.Of(g.Name, [.. g.Members.Select(i => fits[i])], needed)),
        ]);
        ILookup<string, int> faithful = needed
            .Where(r => r is { Criterion: Criteria.HeadAttribution, Seed: 0 })
            .Where(r => r is { Quantity: ValidationQuantity.Faithfulness, Heads: not null })
            .ToLookup(r => r.SampleId, r => r.Heads!.Value, StringComparer.Ordinal);
        int?[] sizes = [.. samples.Select(s => faithful[s.SampleId].Select(k => (int?)k).FirstOrDefault())];
        run.Write<GroupBetaRow>([
            .. byGroup.SelectMany(g =>
                GroupBetaRow.Of(g.Name, [.. g.Members.Select(i => (beta[i], sizes[i]))], unit.HeadsPerLayer)
            ),
        ]);
    }
}
