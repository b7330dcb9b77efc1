using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Stages;
using Xunit;

namespace Pipelines.Spec.Tests;

public sealed class TokenStageTests
{
    [Fact]
    public void Token_stages_read_the_one_validation_and_regression_and_the_report_reads_them()
    {
        Experiment experiment = Specs.One(
            Specs.Quickstart.Replace(
                "  report:",
                "  tokens: { stage: token-trace }\n  lens: { stage: logit-lens }\n  report:",
                StringComparison.Ordinal
            )
        );
        experiment
            .Stages.Single(s => s.Name == "tokens")
            .Inputs.Should()
            .Equal(
                new Dictionary<string, string>
                {
                    ["forward"] = "forward",
                    ["attribution"] = "attribution",
                    ["validation"] = "validation",
                }
            );
        experiment
            .Stages.Single(s => s.Name == "lens")
            .Inputs.Should()
            .Equal(new Dictionary<string, string> { ["forward"] = "forward", ["attribution"] = "attribution" });
        experiment
            .Stages.Single(s => s.Name == "report")
            .Inputs.Should()
            .Contain("tokens", "tokens")
            .And.Contain("lens", "lens");
    }

    [Fact]
    public void Defaults_are_the_papers()
    {
        new TokenTraceSpec()
            .Should()
            .BeEquivalentTo(
                new
                {
                    Faithfulness = 0.8,
                    Important = 0.05,
                    Count = 10_000,
                    Ablate = 0.75,
                    Draw = MaskDraw.Exact,
                    Train = 0.8,
                }
            );
        new TokenTraceSpec().Trainer.Should().Be(new ElasticNetSpec());
        new LogitLensSpec()
            .Should()
            .BeEquivalentTo(
                new
                {
                    Heads = 5,
                    Items = 10,
                    Reading = LensReading.All,
                }
            );
    }

    [Fact]
    public void Mistakes_are_told_with_what_would_be_right()
    {
        string Text(string stage) =>
            Specs.Quickstart.Replace("  report:", $"  x: {{ {stage} }}\n  report:", StringComparison.Ordinal);
        Specs
            .Errors(Text("stage: token-trace, imporant: 0.1"))
            .Should()
            .ContainSingle()
            .Which.Should()
            .Contain("important");
        Specs.Errors(Text("stage: token-trace, ablate: 2")).Should().ContainSingle().Which.Should().Contain("0.999");
        Specs
            .Errors(Text("stage: logit-lens, reading: picture"))
            .Should()
            .ContainSingle()
            .Which.Should()
            .Contain("image");
        Specs
            .Errors(
                Specs.Quickstart.Replace(
                    "  validation:",
                    "  tokens: { stage: token-trace }\n  validation:",
                    StringComparison.Ordinal
                )
            )
            .Should()
            .ContainSingle()
            .Which.Should()
            .Contain("validation");
    }
}
