using System.Text.Json.Nodes;
using FluentAssertions;
using Pipelines.Spec.Writing;
using Pipelines.Stages;
using Xunit;

namespace Pipelines.Spec.Tests;

/// <summary>The analyses on top of beta, and the thresholds of the validation.</summary>
public sealed class AnalysisStageTests
{
    [Fact]
    public void Analyses_read_the_one_regression_and_the_report_reads_them()
    {
        Experiment experiment = Specs.One(
            With("  layout: { stage: beta-layout }\n  vectors: { stage: cluster-heads }\n")
        );
        var inputs = new Dictionary<string, string> { ["forward"] = "forward", ["attribution"] = "attribution" };
        Node(experiment, "layout").Inputs.Should().Equal(inputs);
        Node(experiment, "vectors").Inputs.Should().Equal(inputs);
        Node(experiment, "report").Inputs.Should().Contain("layout", "layout").And.Contain("head_vectors", "vectors");
    }

    [Theory]
    [InlineData("", "validation")]
    [InlineData(", inputs: { validation: none }", null)]
    public void Styles_are_compared_with_or_without_a_validation(string inputs, string? validation)
    {
        Experiment experiment = Specs.One(Styled($"  styles: {{ stage: compare-styles{inputs} }}\n"));
        Node(experiment, "styles").Inputs.GetValueOrDefault("validation").Should().Be(validation);
        Node(experiment, "styles").Inputs.Should().Contain("attribution", "attribution");
        Node(experiment, "report").Inputs.Should().Contain("styles", "styles");
    }

    [Fact]
    public void Styles_of_data_without_styles_or_with_one_are_an_error_at_the_stage()
    {
        Specs
            .Errors(With("  styles: { stage: compare-styles }\n"))
            .Should()
            .Equal(
                "spec.yaml:17:3: stages.styles: the styles that are compared are the domains of data of kind "
                    + "domainnet, and data is of kind coco"
            );
        Specs
            .Errors(Styled("  styles: { stage: compare-styles }\n"), "data.domains=[real]")
            .Should()
            .Equal(
                "spec.yaml:17:3: stages.styles: one style has no other to be compared with: name at least two under "
                    + "data.domains"
            );
        Specs
            .Errors(
                With("  styles: { stage: compare-styles }\n")
                    .Replace("kind: coco", "kind: cocoa", StringComparison.Ordinal)
            )
            .Should()
            .NotContain(e => e.Contains("stages.styles"), "the data are told to be wrong already");
    }

    [Fact]
    public void Defaults_are_the_papers()
    {
        new BetaLayoutSpec().Should().BeEquivalentTo(new { LeastSamples = 10, MostSamples = 15 });
        new ClusterHeadsSpec().LeastBeta.Should().Be(0.1);
        new ValidateSpec().Thresholds.Should().Equal(0.5, 0.6, 0.7, 0.8, 0.9);
    }

    [Theory]
    [InlineData(
        "thresholds: [0.5, 1.5]",
        "spec.yaml:16:53: stages.validation.thresholds: '1.5' is out of range (allowed: 0 to 1)"
    )]
    [InlineData(
        "thresholds: [0.5, x]",
        "spec.yaml:16:53: stages.validation.thresholds: 'x' is not a number (allowed: 0 to 1)"
    )]
    [InlineData(
        "thresholds: [0.5, ~]",
        "spec.yaml:16:53: stages.validation.thresholds: there is no value (allowed: a number)"
    )]
    [InlineData("thresholds: [0.5, 0.5]", "spec.yaml:16:53: stages.validation.thresholds: '0.5' is in the list twice")]
    [InlineData(
        "thresholds: []",
        "spec.yaml:16:47: stages.validation.thresholds: the list is empty (allowed: at least one entry)"
    )]
    [InlineData(
        "thresholds: 0.5",
        "spec.yaml:16:47: stages.validation.thresholds: '0.5' is not a list (did you mean [0.5]?)"
    )]
    public void An_entry_of_a_list_that_is_wrong_is_told_at_its_place(string field, string error) =>
        Specs
            .Errors(
                Specs.Quickstart.Replace(
                    "rank_by: [head-attribution, causal, attention, random]",
                    field,
                    StringComparison.Ordinal
                )
            )
            .Should()
            .Equal(error);

    [Fact]
    public void The_schema_bounds_the_entries_of_a_list()
    {
        JsonNode field = Properties(JsonNode.Parse(SpecSchema.Json())!, "thresholds").Single();
        field["minimum"].Should().BeNull();
        field["items"]!["minimum"]!.GetValue<double>().Should().Be(0);
        field["items"]!["maximum"]!.GetValue<double>().Should().Be(1);
    }

    private static string With(string stages) =>
        Specs.Quickstart.Replace("  report:", stages + "  report:", StringComparison.Ordinal);

    private static string Styled(string stages) =>
        With(stages)
            .Replace(
                "  kind: coco\n  images: quickstart/images\n  annotations: quickstart/instances.json\n  "
                    + "single_object: { min_area: 0.06, others_below: 0.02 }\n",
                "  kind: domainnet\n  root: quickstart/domainnet\n\n\n",
                StringComparison.Ordinal
            );

    private static StageNode Node(Experiment experiment, string name) => experiment.Stages.Single(s => s.Name == name);

    private static IEnumerable<JsonNode> Properties(JsonNode? node, string name) =>
        node switch
        {
            JsonObject map => map.Where(p => p.Key == name && p.Value is JsonObject)
                .Select(p => p.Value!)
                .Concat(map.SelectMany(p => Properties(p.Value, name))),
            JsonArray list => list.SelectMany(item => Properties(item, name)),
            _ => [],
        };
}
