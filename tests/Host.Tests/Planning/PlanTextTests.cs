using FluentAssertions;
using Pipelines.Host.Planning;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Host.Tests.Planning;

public sealed class PlanTextTests
{
    [Fact]
    public void Each_kind_of_unit_is_estimated_at_its_own_rate_and_one_never_timed_is_named()
    {
        using var folder = new TemporaryFolder();
        var catalog = Fake.Catalog(folder);
        catalog.Compute(Fake.Unit("a", kind: "quick"), _ => { }, default);
        catalog.Compute(Fake.Unit("a", _ => Thread.Sleep(TimeSpan.FromSeconds(0.5)), kind: "slow"), _ => { }, default);
        Unit[] missing = [Fake.Unit("b", kind: "quick"), .. Enumerable.Range(0, 60).Select(i => Fake.Unit($"{i}", kind: "slow")), Fake.Unit("c", kind: "new")];
        string cost = PlanText.Cost(new Reasons(catalog.Store), missing);
        cost.Should().MatchRegex("^, about (3[0-9]|4[0-9]) s of one worker, without new, not timed yet$", "sixty slow units take half a second each");
        PlanText.Cost(new Reasons(catalog.Store), []).Should().BeEmpty();
        PlanText.Cost(new Reasons(catalog.Store), [Fake.Unit("c", kind: "new")]).Should().BeEmpty();
    }
}
