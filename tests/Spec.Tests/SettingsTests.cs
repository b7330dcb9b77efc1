using System.Reflection;
using System.Text.Json.Nodes;
using FluentAssertions;
using Pipelines.Spec.Shapes;
using Pipelines.Spec.Writing;
using Xunit;

namespace Pipelines.Spec.Tests;

/// <summary>The table of settings, the schema, and the rules that the records keep for both.</summary>
public sealed class SettingsTests
{
    [Fact]
    public void Every_setting_is_in_the_table_with_its_default_and_its_source()
    {
        IReadOnlyList<Setting> table = SettingsTable.Of(Specs.One(Specs.Quickstart));
        table.Select(s => s.Path).Should().OnlyHaveUniqueItems();
        table
            .Should()
            .Contain(new Setting("stages.masks.count", "1000", "10000", "Masks per sample, M (paper: 10,000)."));
        table.Single(s => s.Path == "stages.masks.ablate").IsDefault.Should().BeTrue();
        table
            .Single(s => s.Path == "model.path")
            .Should()
            .Match<Setting>(s => s.Value == "quickstart/micro-llava" && s.Default == null && !s.IsDefault);
        table
            .Single(s => s.Path == "stages.attribution.trainer")
            .Should()
            .Match<Setting>(s => s.Value == "elastic-net" && s.Default == "auto" && !s.IsDefault);
        table
            .Single(s => s.Path == "stages.validation.rank_by")
            .Value.Should()
            .Be("[head-attribution, causal, attention, random]");
        table
            .Single(s => s.Path == "stages.report.inputs.baseline")
            .Should()
            .Match<Setting>(s => s.Value == "baseline" && s.IsDefault, "it is the only stage of its kind");
        table.Should().OnlyContain(s => s.Note.Length > 0, "every field is documented");
    }

    [Fact]
    public void A_stage_alone_has_a_table() =>
        SettingsTable
            .Of(new RegressSpec { Trainer = new SdcaSpec { Alpha = 0.25 } })
            .Select(s => $"{s.Path}={s.Value}")
            .Should()
            .Equal("stage=regress", "trainer=sdca", "alpha=0.25", "l1_ratio=0.5", "max_iterations=1000", "train=0.8");

    [Fact]
    public void The_schema_names_every_key_that_the_reader_takes_and_every_choice()
    {
        string schema = SpecSchema.Json();
        JsonNode root = JsonNode.Parse(schema)!["else"]!["else"]!;
        root["required"]!.AsArray().Select(n => (string)n!).Should().Equal("name", "model", "data", "stages");
        root["properties"]!["prompt"]!["default"]!.GetValue<string>().Should().Be("default");
        root["properties"]!["model"]!["properties"]!["compute"]!["enum"]!
            .AsArray()
            .Select(n => (string)n!)
            .Should()
            .Equal("auto", "float32", "bfloat16");
        foreach (
            string key in Records(ShapeReader.Experiment)
                .Where(r => !r.Type.IsDefined(typeof(ByValueAttribute)))
                .SelectMany(r => r.All)
                .Select(f => f.Name)
        )
        {
            schema.Should().Contain($"\"{key}\": {{");
        }

        schema
            .Should()
            .MatchRegex(
                "\"trainer\": \\{\\s+\"enum\": "
                    + "\\[\\s+\"auto\",\\s+\"elastic-net\",\\s+\"sdca\","
                    + "\\s+\"light-gbm\",\\s+\"fast-tree\",\\s+\"gradient\"\\s+\\]",
                "a misspelt trainer must not slip through"
            );
        foreach (string kind in Kinds())
        {
            schema.Should().Contain($"\"const\": \"{kind}\"");
        }

        schema.Should().Be(SpecSchema.Json());
    }

    [Fact]
    public void Every_record_of_a_closed_set_has_a_name_and_every_number_its_bounds()
    {
        foreach (Shape.Fields record in Records(ShapeReader.Experiment))
        {
            foreach (Field field in record.All)
            {
                (field.Shape is not (Shape.Whole or Shape.Number) || field.Bounds is not null || field.Name == "seed")
                    .Should()
                    .BeTrue($"{record.Type.Name}.{field.Name} must say what is allowed");
                field.Note.Should().NotBeEmpty($"{record.Type.Name}.{field.Name} is documented");
            }
        }
    }

    [Fact]
    public void A_default_lies_within_its_own_bounds_and_an_inline_default_is_its_records_own()
    {
        foreach (Field field in Records(ShapeReader.Experiment).SelectMany(r => r.All))
        {
            foreach (
                object number in field is { Bounds: not null, Default: { } value }
                    ? value as System.Collections.IEnumerable ?? new[] { value }
                    : Array.Empty<object>()
            )
            {
                Convert.ToDouble(number, null).Should().BeInRange(field.Bounds!.Least, field.Bounds.Most, field.Name);
            }

            if (field is { Shape: Shape.Family or Shape.Fields, Default: { } standard })
            {
                standard
                    .Should()
                    .BeEquivalentTo(
                        Activator.CreateInstance(standard.GetType()),
                        o => o.RespectingRuntimeTypes(),
                        field.Name
                    );
            }
        }
    }

    private static IEnumerable<string> Kinds() =>
        typeof(StageSpec)
            .Assembly.GetTypes()
            .Where(t => t.BaseType?.IsDefined(typeof(ChosenByAttribute)) is true)
            .Select(t => t.GetCustomAttribute<NamedAttribute>()?.Name)
            .OfType<string>();

    private static IEnumerable<Shape.Fields> Records(Shape shape) =>
        shape switch
        {
            Shape.Fields record => record.All.SelectMany(f => Records(f.Shape)).Prepend(record),
            Shape.Family family => family.All.SelectMany(Records),
            Shape.List list => Records(list.Item),
            Shape.Keyed keyed => keyed.Members.Values.Append(keyed.WordType).SelectMany(Records),
            Shape.Stages stages => Records(stages.Specs),
            _ => [],
        };
}
