using FluentAssertions;
using Pipelines.Host.Commands;
using Pipelines.Host.Planning;
using Pipelines.Host.Tests.WholeRuns;
using Xunit;

namespace Pipelines.Host.Tests.Planning;

public sealed class PlanCostsTests
{
    [Fact]
    public void Passes_that_were_timed_on_the_model_take_the_place_of_those_from_shapes()
    {
        const double picture = 1000,
            mask = 100;
        using var experiment = new SmallExperiment();
        using Session session = Session.Open(
            new RunOptions(experiment.Spec, [], experiment.Artifacts, 1, 1, KeepGoing: false),
            toRead: true
        );
        Pipeline pipeline = session.Pipelines[0];
        var reasons = new Reasons(session.Store, session.Runs);
        PlanCosts costs = session.CostsOf(pipeline, reasons, new PassTimes(picture, mask)),
            plain = session.CostsOf(pipeline, reasons);
        double Seconds(PlannedWork work)
        {
            plain
                .TimeOf(work)
                .Seconds.Should()
                .BeLessThan(10, "this machine is faster than the times that are made up");
            return costs.TimeOf(work).Seconds;
        }

        Seconds(new PlannedWork("forward-passes", "masks", 1, 20, 0)).Should().BeApproximately(20 * mask, 1);
        Seconds(new PlannedWork("forward-passes", "masks", 1, 20, 1))
            .Should()
            .BeApproximately((20 * mask) + picture, 10, "a picture goes before its masks, however few");
        Seconds(new PlannedWork("validate", "random", 1, 20, 0)).Should().BeApproximately(20 * mask, 1);
        Seconds(new PlannedWork("token-trace", "image masks", 1, 20, 0))
            .Should()
            .BeApproximately(10 * mask, 1, "text tokens before the first important one are computed once");
        Seconds(new PlannedWork("collect-mean-kv", "", 1, 6, 0)).Should().BeApproximately(6 * picture, 1);
        Seconds(new PlannedWork("regress", "", 1, 1, 0)).Should().BeLessThan(mask, "a fit runs no model");
    }
}
