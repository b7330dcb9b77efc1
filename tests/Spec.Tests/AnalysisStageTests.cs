using System.Text.Json.Nodes;
using FluentAssertions;
using Pipelines.Spec.Writing;
using Xunit;

namespace Pipelines.Spec.Tests;

/// <summary>The analyses on top of beta, and the thresholds of the validation.</summary>
public sealed class AnalysisStageTests
{
    [Fact]
    public void Analyses_read_the_one_regression_and_the_report_reads_them()
    {
        Experiment experiment = Specs.One(With("  layout: { stage: beta-layout }\n  vectors: { stage: cluster-heads }\n"));
        var inputs = new Dictionary<string, string> { ["forward"] = "forward", ["attribution"] = "attribution" };
        Node(experiment, "layout").Inputs.Should().Equal(inputs);
        Node(experiment, "vectors").Inputs.Should().Equal(inputs);
        Node(experiment, "report").Inputs.Should().Contain("layout", "layout").And.Contain("head_vectors", "vectors");
    }

    [Fact]
    public void Defaults_are_the_papers()
    {
        new BetaLayoutSpec().Should().BeEquivalentTo(new { LeastSamples = 10, MostSamples = 15 });
        new ClusterHeadsSpec().LeastBeta.Should().Be(0.1);
        new ValidateSpec().Thresholds.Should().Equal(0.5, 0.6, 0.7, 0.8, 0.9);
    }

    [Theory]
    [InlineData("thresholds: [0.5, 1.5]", "spec.yaml:16:53: stages.validation.thresholds: '1.5' is out of range (allowed: 0 to 1)")]
    [InlineData("thresholds: [0.5, x]", "spec.yaml:16:53: stages.validation.thresholds: 'x' is not a number (allowed: 0 to 1)")]
    [InlineData("thresholds: [0.5, ~]", "spec.yaml:16:53: stages.validation.thresholds: there is no value (allowed: a number)")]
    [InlineData("thresholds: [0.5, 0.5]", "spec.yaml:16:53: stages.validation.thresholds: '0.5' is in the list twice")]
    [InlineData("thresholds: []", "spec.yaml:16:47: stages.validation.thresholds: the list is empty (allowed: at least one entry)")]
    [InlineData("thresholds: 0.5", "spec.yaml:16:47: stages.validation.thresholds: '0.5' is not a list (did you mean [0.5]?)")]
    public void An_entry_of_a_list_that_is_wrong_is_told_at_its_place(string field, string error) =>
        Specs.Errors(Specs.Quickstart.Replace("rank_by: [head-attribution, causal, attention, random]", field, StringComparison.Ordinal)).Should().Equal(error);

    [Fact]
    public void The_schema_bounds_the_entries_of_a_list()
    {
        JsonNode field = Properties(JsonNode.Parse(SpecSchema.Json())!, "thresholds").Single();
        field["minimum"].Should().BeNull();
        field["items"]!["minimum"]!.GetValue<double>().Should().Be(0);
        field["items"]!["maximum"]!.GetValue<double>().Should().Be(1);
    }

    private static string With(string stages) => Specs.Quickstart.Replace("  report:", stages + "  report:", StringComparison.Ordinal);

    private static StageNode Node(Experiment experiment, string name) => experiment.Stages.Single(s => s.Name == name);

    private static IEnumerable<JsonNode> Properties(JsonNode? node, string name) => node switch
    {
        JsonObject map => map.Where(p => p.Key == name && p.Value is JsonObject).Select(p => p.Value!).Concat(map.SelectMany(p => Properties(p.Value, name))),
        JsonArray list => list.SelectMany(item => Properties(item, name)),
        _ => [],
    };
}
