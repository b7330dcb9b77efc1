using FluentAssertions;
using Pipelines.Stages;
using Xunit;

namespace Pipelines.Spec.Tests;

public sealed class StabilitySpecTests
{
    private static string With(string fields) =>
        Specs.Quickstart.Replace(
            "  report:",
            $"  stable: {{ stage: stability{fields} }}\n  report:",
            StringComparison.Ordinal
        );

    [Fact]
    public void It_reads_the_one_regression_and_the_report_reads_it()
    {
        Experiment experiment = Specs.One(With(""));
        experiment
            .Stages.Single(s => s.Name == "stable")
            .Inputs.Should()
            .Equal(new Dictionary<string, string> { ["forward"] = "forward", ["attribution"] = "attribution" });
        experiment.Stages.Single(s => s.Name == "report").Inputs.Should().Contain("stability", "stable");
        new StabilitySpec().Shares.Should().Equal(0.125, 0.25, 0.5, 1);
    }

    [Theory]
    [InlineData(
        ", shares: [0.5, 2]",
        "spec.yaml:17:45: stages.stable.shares: '2' is out of range (allowed: 0.001 to 1)"
    )]
    [InlineData(", shares: 0.5", "spec.yaml:17:39: stages.stable.shares: '0.5' is not a list (did you mean [0.5]?)")]
    [InlineData(", shares: [0.5, 0.5]", "spec.yaml:17:45: stages.stable.shares: '0.5' is in the list twice")]
    [InlineData(
        ", share: [0.5]",
        "spec.yaml:17:31: stages.stable: unknown key 'share' (allowed: stage, shares, inputs; did you mean shares?)"
    )]
    public void Mistakes_are_told_at_their_place(string fields, string error) =>
        Specs.Errors(With(fields)).Should().Equal(error);
}
