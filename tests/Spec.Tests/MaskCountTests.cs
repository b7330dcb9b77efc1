using System.Text.Json.Nodes;
using FluentAssertions;
using Pipelines.Spec.Writing;
using Xunit;

namespace Pipelines.Spec.Tests;

/// <summary>A count that is a number or <c>auto</c>.</summary>
public sealed class MaskCountTests
{
    private static MaskCountSpec Count(string written, params string[] overrides) =>
        (
            (SampleMasksSpec)
                Specs
                    .One(Specs.Quickstart.Replace("count: 1000,", written, StringComparison.Ordinal), overrides)
                    .Stages[2]
                    .Spec
        ).Count;

    [Fact]
    public void It_is_a_number_or_auto_with_a_bound()
    {
        Count("").Should().Be(new FixedCountSpec { Count = 10_000 });
        Count("count: 12,").Should().Be(new FixedCountSpec { Count = 12 });
        Count("count: auto,")
            .Should()
            .Be(
                new AutoCountSpec
                {
                    Until = 0.95,
                    Least = 500,
                    Most = 10_000,
                }
            );
        Count("count: \"auto\", until: 0.9, least: 100, most: 100,")
            .Should()
            .Be(
                new AutoCountSpec
                {
                    Until = 0.9,
                    Least = 100,
                    Most = 100,
                }
            );
        Count("count: 12,", "stages.masks.count=auto", "stages.masks.until=0.8")
            .Should()
            .Be(new AutoCountSpec { Until = 0.8 });
    }

    [Fact]
    public void It_may_be_varied_by_a_matrix() =>
        Specs
            .Read(Specs.Quickstart + "matrix: { stages.masks.count: [500, auto] }\n")
            .Experiments.Select(e => ((SampleMasksSpec)e.Stages[2].Spec).Count)
            .Should()
            .Equal((MaskCountSpec)500, new AutoCountSpec());

    [Fact]
    public void The_resolved_spec_and_the_settings_show_what_goes_with_it()
    {
        Experiment auto = Specs.One(
            Specs.Quickstart.Replace("count: 1000,", "count: auto, until: 0.9,", StringComparison.Ordinal)
        );
        SpecWriter
            .ToYaml(auto)
            .Should()
            .Contain("    count: auto\n    until: 0.9\n    least: 500  # default\n    most: 10000  # default\n");
        SpecWriter.ToYaml(Specs.One(Specs.Quickstart)).Should().Contain("    count: 1000\n    ablate");
        SpecWriter
            .ToYaml(Specs.One(Specs.Quickstart.Replace("count: 1000,", "", StringComparison.Ordinal)))
            .Should()
            .Contain("    count: 10000  # default\n");
        IReadOnlyList<Setting> table = SettingsTable.Of(auto);
        table
            .Single(s => s.Path == "stages.masks.count")
            .Should()
            .Match<Setting>(s => s.Value == "auto" && s.Default == "10000" && s.Note.Contains("stable"));
        table
            .Single(s => s.Path == "stages.masks.until")
            .Should()
            .Match<Setting>(s => s.Value == "0.9" && !s.IsDefault);
        SettingsTable.Of(Specs.One(Specs.Quickstart)).Should().NotContain(s => s.Path == "stages.masks.until");
    }

    [Fact]
    public void The_schema_takes_either_and_until_with_auto_alone()
    {
        JsonObject[] masks =
        [
            .. Objects(JsonNode.Parse(SpecSchema.Json())!)
                .Where(o => Text(o["if"]?["properties"]?["stage"]?["const"]) == "sample-masks"),
        ];
        masks.Should().HaveCount(3, "what count takes, and what goes with either way");
        JsonArray either = masks[0]["then"]!["properties"]!["count"]!["anyOf"]!.AsArray();
        either[0]!["enum"]!.AsArray().Select(Text).Should().Equal("auto");
        either[1]!["maximum"]!.GetValue<double>().Should().Be(10_000_000);
        masks[1..]
            .Select(m =>
                (
                    Text(m["if"]!["properties"]!["count"]!["const"]),
                    m["then"]!["properties"]!["until"] is not null,
                    m["if"]!["required"]!.AsArray().Select(Text).Contains("count")
                )
            )
            .Should()
            .BeEquivalentTo(new[] { ("auto", true, true), ((string?)null, false, false) });
        Objects(JsonNode.Parse(SpecSchema.Json())!)
            .Where(o => o["stage"]?["enum"] is not null)
            .Should()
            .OnlyContain(o => !o.ContainsKey("count"), "other stages have other counts");
    }

    private static string? Text(JsonNode? node) => node?.GetValue<string>();

    private static IEnumerable<JsonObject> Objects(JsonNode node) =>
        node switch
        {
            JsonObject o => o.Select(p => p.Value).OfType<JsonNode>().SelectMany(Objects).Prepend(o),
            JsonArray a => a.OfType<JsonNode>().SelectMany(Objects),
            _ => [],
        };
}
