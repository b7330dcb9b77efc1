using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>Bad input: a clear error, exit code 2, nothing run, never a stack trace.</summary>
public sealed class ErrorTests
{
    [Fact]
    public void All_errors_of_a_spec_are_shown_at_once_with_their_places()
    {
        using var experiment = new SmallExperiment();
        string text = File.ReadAllText(experiment.Spec).Replace("stage: regress", "stage: regres", StringComparison.Ordinal).Replace("count: 60", "count: many", StringComparison.Ordinal);
        File.WriteAllText(experiment.Spec, text);
        var (code, _, errors) = HostProcess.Run(experiment.Arguments());
        code.Should().Be(2);
        errors.Should().Contain("small.yaml:8:").And.Contain("small.yaml:10:").And.Contain("regress").And.Contain("many");
        Directory.Exists(Path.Combine(experiment.Artifacts, "runs")).Should().BeFalse();
    }

    [Theory]
    [InlineData("--set", "stages.masks.cuont=5", "count")]
    [InlineData("--set", "model.path=/nowhere/llava-1.5-7b-hf", "llava-1.5-7b-hf")]
    [InlineData("--set", "model.device=gpu", "cuda")]
    [InlineData("--jobs", "0", "at least 1")]
    public void A_bad_option_is_refused_with_what_would_be_right(string option, string value, string right)
    {
        using var experiment = new SmallExperiment();
        var (code, output, errors) = HostProcess.Run(experiment.Arguments(option, value));
        code.Should().Be(2, output + errors);
        errors.Should().Contain(right).And.NotContain("   at ");
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var (code, _, errors) = HostProcess.Run("nothing.yaml");
        code.Should().Be(2);
        errors.Should().Contain("nothing.yaml").And.NotContain("   at ");
    }
}
