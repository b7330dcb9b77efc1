using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>
/// Compares beta between groups of questions (beyond the paper): whether the heads of one are those of another, how
/// well the regression fits in each, and how many heads each needs. For data whose questions have groups. Runs no pass.
/// </summary>
[Named("compare-groups")]
[ReportedAs("groups")]
public sealed record CompareGroupsSpec : AnalysisSpec<CompareGroups>
{
    /// <summary>
    /// The groups that are compared, in this order; left out: all that have <see cref="Least"/> samples, and of more
    /// than 12 those with the most.
    /// </summary>
    public IReadOnlyList<string>? Groups { get; init; }

    /// <summary>Samples of a group at least, where none is named.</summary>
    [Between(2, 1_000_000)]
    public int Least { get; init; } = 5;

    /// <summary>Relabellings of the test whether two groups differ.</summary>
    [Between(19, 1_000_000)]
    public int Permutations { get; init; } = 2000;
}
