using FluentAssertions;
using Pipelines.Models.Families;
using Pipelines.Stages.Tests.Models;
using Xunit;

namespace Pipelines.Stages.Tests;

/// <summary>
/// Which golden cases are run: a clone alone proves every family, and the wider set is never lost silently.
/// </summary>
public sealed class GoldenTests
{
    [Fact]
    public void Every_family_has_a_case_that_is_part_of_the_repository()
    {
        Golden
            .CasesOf(Golden.Own)
            .Select(folder => GoldenCase.Info(folder).Family)
            .Distinct()
            .Should()
            .BeEquivalentTo(KnownFamilies.All);
        Golden.CasesOf(Golden.Own).Should().BeSubsetOf(Golden.Cases());
    }

    [Fact]
    public void No_two_cases_have_one_name()
    {
        Golden.Cases().Select(Golden.NameOf).Should().OnlyHaveUniqueItems();
    }

    [GoldenFact(Golden.WiderCases)]
    public void The_wider_cases_are_run_beside_them()
    {
        Golden.CasesOf(Golden.Root).Should().NotBeEmpty().And.BeSubsetOf(Golden.Cases());
    }
}
