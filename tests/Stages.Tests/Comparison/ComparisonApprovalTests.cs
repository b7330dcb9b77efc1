using FluentAssertions;
using Pipelines.Stages.Comparison;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Tests.Reporting;
using Xunit;

namespace Pipelines.Stages.Tests.Comparison;

/// <summary>The page of a comparison and its figures, whole.</summary>
public sealed class ComparisonApprovalTests
{
    private static readonly Approved Texts = new(Golden.RepositoryRoot(), "tests/Stages.Tests/Comparison/Approved");

    [Fact]
    public void The_comparison_of_runs_with_common_samples_is_the_one_that_was_accepted() =>
        Hold("alike", ComparisonPageTests.Alike());

    [Fact]
    public void The_comparison_of_runs_of_two_models_is_the_one_that_was_accepted() =>
        Hold("unlike", ComparisonPageTests.Unlike());

    [Fact]
    public void Nothing_is_accepted_that_nothing_is_held_against() =>
        Texts.Names.Should().BeEquivalentTo("alike", "unlike");

    private static void Hold(string name, RunComparison runs)
    {
        IEnumerable<Figure> figures =
        [
            .. Figures.Of(new ComparedFits(runs, runs.Fits[0])),
            .. Figures.Of(new ComparedScans(runs, runs.Scans[0])),
        ];
        Texts.Hold(
            name,
            Approved.WithoutDrawings(ComparisonPage.Html(runs)) + string.Concat(figures.Select(ApprovalTests.Told))
        );
    }
}
