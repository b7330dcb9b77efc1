using FluentAssertions;
using Pipelines.Spec.Writing;
using Pipelines.Stages;
using Xunit;

namespace Pipelines.Spec.Tests;

/// <summary>Stages that make chains of other stages.</summary>
public sealed class StudyStageTests
{
    [Fact]
    public void A_study_of_ratios_reads_the_one_chain_and_the_report_reads_it()
    {
        Experiment experiment = Specs.One(With("ablation-ratio"));
        experiment
            .Stages.Single(s => s.Name == "x")
            .Inputs.Should()
            .Equal(
                new Dictionary<string, string>
                {
                    ["samples"] = "answers",
                    ["baseline"] = "baseline",
                    ["masks"] = "masks",
                    ["forward"] = "forward",
                    ["attribution"] = "attribution",
                    ["validation"] = "validation",
                }
            );
        experiment.Stages.Single(s => s.Name == "report").Inputs.Should().Contain("ratios", "x");
    }

    [Fact]
    public void A_study_of_prompts_needs_no_validation_and_the_report_reads_it()
    {
        Experiment experiment = Specs.One(
            With("prompt-similarity, prompts: [p1, 'What, in one word, is this?']")
                .Replace("  validation:", "  # ", StringComparison.Ordinal)
        );
        experiment
            .Stages.Single(s => s.Name == "x")
            .Inputs.Should()
            .Equal(
                new Dictionary<string, string>
                {
                    ["samples"] = "answers",
                    ["baseline"] = "baseline",
                    ["masks"] = "masks",
                    ["forward"] = "forward",
                    ["attribution"] = "attribution",
                }
            );
        experiment.Stages.Single(s => s.Name == "report").Inputs.Should().Contain("prompts", "x");
        ((PromptSimilaritySpec)experiment.Stages.Single(s => s.Name == "x").Spec)
            .Prompts.Should()
            .Equal("p1", "What, in one word, is this?");
        new PromptSimilaritySpec()
            .Should()
            .BeEquivalentTo(new { Prompts = Enumerable.Range(1, 9).Select(i => $"p{i}"), Samples = 40 });
    }

    [Fact]
    public void Default_ratios_are_the_papers() =>
        new AblationRatioSpec()
            .Should()
            .BeEquivalentTo(new { Ratios = new[] { 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875 }, Samples = 0 });

    [Theory]
    [InlineData("ablation-ratio, ratios: [0.5, 1.5]", "0.999")]
    [InlineData("ablation-ratio, ratios: [0.5, 50%]", "0.5")]
    [InlineData("ablation-ratio, ratios: 0.5", "[0.5]")]
    [InlineData("ablation-ratio, ratios: []", "empty")]
    [InlineData("ablation-ratio, ratios: [0.5, 0.50]", "twice")]
    [InlineData("ablation-ratio, ratio: [0.5]", "ratios")]
    [InlineData("ablation-ratio, samples: -1", "0 to")]
    [InlineData("prompt-similarity, prompts: [p1, p12]", "p1 to p9")]
    [InlineData("prompt-similarity, prompts: [defualt]", "did you mean default")]
    [InlineData("prompt-similarity, prompts: [p1, 'Name the {object}.']", "no { or }")]
    [InlineData("prompt-similarity, prompts: [p1, p1]", "twice")]
    [InlineData("prompt-similarity, prompts: [p1, ~]", "no value")]
    [InlineData("prompt-similarity, samples: 0", "1 to")]
    public void Mistakes_are_told_with_what_would_be_right(string stage, string right) =>
        Specs.Errors(With(stage)).Should().ContainSingle().Which.Should().Contain(right);

    [Fact]
    public void Without_a_validation_the_remedy_is_named() =>
        Specs
            .Errors(With("ablation-ratio").Replace("  validation:", "  # ", StringComparison.Ordinal))
            .Should()
            .ContainSingle()
            .Which.Should()
            .Contain("stage: validate");

    [Fact]
    public void The_schema_bounds_the_entries_of_a_list() =>
        System
            .Text.Json.Nodes.JsonNode.Parse(SpecSchema.Json())!
            .ToJsonString()
            .Should()
            .Contain(
                "\"ratios\":{\"type\":\"array\",\"items\":{\"type\":\"number\",\"minimum\":0.001,\"maximum\":0.999}"
            );

    private static string With(string stage) =>
        Specs.Quickstart.Replace("  report:", $"  x: {{ stage: {stage} }}\n  report:", StringComparison.Ordinal);
}
