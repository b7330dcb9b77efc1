using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Spec.Reading;
using Pipelines.Spec.Writing;
using Pipelines.Stages;
using Xunit;

namespace Pipelines.Spec.Tests;

/// <summary>Specs that build on another.</summary>
public sealed class InheritanceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public InheritanceTests() => folder.Write("base.yaml", Specs.Quickstart);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_is_not_named_is_the_bases()
    {
        string text =
            "name: other\nbase: base.yaml\nprompt: p1\nstages:\n  masks: { count: 5 }\n  lens: { stage: logit-lens }\n";
        Experiment other = One(text),
            plain = Specs.One(Specs.Quickstart);
        other.Name.Should().Be("other");
        other.Prompt.Should().Be("p1");
        other
            .Stages.Select(s => s.Name)
            .Should()
            .Equal(
                [.. plain.Stages.SkipLast(1).Select(s => s.Name), "lens", "report"],
                "the report shows the new stage"
            );
        other.Stages[2].Spec.Should().Be((SampleMasksSpec)plain.Stages[2].Spec with { Count = 5 });
        other.Data.Should().BeOfType<CocoData>().Which.SingleObject.MinArea.Should().Be(0.06);
    }

    [Fact]
    public void A_spec_on_a_base_is_the_spec_written_out()
    {
        Experiment other = One(
            "name: other\nbase: base.yaml\nseed: 3\nstages: { attribution: { alpha: 0.01 }, report: }\n"
        );
        Experiment written = Specs.One(
            Specs
                .Quickstart.Replace("name: quickstart", "name: other", StringComparison.Ordinal)
                .Replace("seed: 7", "seed: 3", StringComparison.Ordinal)
                .Replace("alpha: 0.0005", "alpha: 0.01", StringComparison.Ordinal)
                .Replace("  report:      { stage: report }\n", "", StringComparison.Ordinal)
        );
        SpecWriter
            .ToYaml(other)
            .Replace(folder.Path, "/specs", StringComparison.Ordinal)
            .Should()
            .Be(SpecWriter.ToYaml(written));
    }

    [Fact]
    public void Data_of_another_kind_and_a_stage_of_another_kind_replace_the_bases_as_a_whole()
    {
        Experiment other = One(
            "name: other\nbase: base.yaml\ndata: { kind: folder, images: pictures }\nstages: { validation: { stage: "
                + "logit-lens } }\n"
        );
        other.Data.Should().BeOfType<FolderData>().Which.Labels.Should().BeNull();
        other.Stages.Single(s => s.Name == "validation").Spec.Should().Be(new LogitLensSpec());
    }

    [Fact]
    public void A_kind_that_is_a_setting_is_a_setting() =>
        One("name: other\nbase: base.yaml\nstages: { baseline: { kind: knockout } }\n")
            .Stages[1]
            .Spec.Should()
            .Be(
                new CollectMeanKvSpec
                {
                    Images = 100,
                    Kind = BaselineKind.Knockout,
                    Rope = RopeOrder.After,
                }
            );

    [Fact]
    public void A_base_may_have_a_base_and_a_list_may_name_specs_with_bases()
    {
        folder.Write("middle.yaml", "name: middle\nbase: base.yaml\nseed: 8\n");
        folder.Write("last.yaml", "name: last\nbase: middle.yaml\nprompt: p2\n");
        ReadResult result = Read("name: all\nexperiments: [last.yaml, middle.yaml]\n");
        result.Errors.Should().BeEmpty();
        result
            .Experiments.Select(e => (e.Name, e.Seed, e.Prompt))
            .Should()
            .Equal(("last", 8, "p2"), ("middle", 8, "default"));
    }

    [Fact]
    public void An_override_wins_over_both() =>
        One("name: other\nbase: base.yaml\nseed: 3\n", "seed=4").Seed.Should().Be(4);

    [Fact]
    public void Errors_stand_where_the_value_is_written()
    {
        folder.Write("bad.yaml", Specs.Quickstart.Replace("ablate: 0.75", "ablate: 75", StringComparison.Ordinal));
        Errors("name: other\nbase: bad.yaml\nstages:\n  masks: { cuont: 5 }\n")
            .Should()
            .HaveCount(2)
            .And.Contain(e =>
                e.StartsWith("bad.yaml:13:", StringComparison.Ordinal) && e.Contains("ablate", StringComparison.Ordinal)
            )
            .And.Contain(e =>
                e.StartsWith("other.yaml:4:12: ", StringComparison.Ordinal)
                && e.Contains("count", StringComparison.Ordinal)
            );
    }

    [Theory]
    [InlineData(
        "base: base.yaml",
        "other.yaml:1:1: name: the name is missing: under the name of its base this spec would write over "
            + "the base's run"
    )]
    [InlineData(
        "name: other\nbase: [a]",
        "other.yaml:2:7: base: a list is no spec file (allowed: a spec beside this one, for example 'base: "
            + "quickstart.yaml')"
    )]
    [InlineData(
        "name: other\nbase: ../base.yaml",
        "other.yaml:2:7: base: '../base.yaml' lies in another folder, where its paths mean other places (allowed: a "
            + "spec beside this one)"
    )]
    [InlineData(
        "name: other\nbase: ${NOWHERE}",
        "other.yaml:2:7: base: the environment variable NOWHERE is not set: set it, or give a default: ${NOWHERE:-path}"
    )]
    [InlineData(
        "name: other\nbase: other.yaml",
        "other.yaml:2:7: base: the specs build on each other in a circle: other.yaml <- other.yaml"
    )]
    [InlineData(
        "name: other\nbase: list.yaml",
        "other.yaml:2:7: base: 'list.yaml' lists specs (allowed: a spec with a model, data and stages)"
    )]
    public void A_base_that_cannot_be_read_is_told(string text, string error)
    {
        folder.Write("list.yaml", "name: list\nexperiments: [base.yaml]\n");
        Errors(text + "\n").Should().Contain(error);
    }

    [Fact]
    public void A_missing_base_is_told_with_its_nearest_neighbour() =>
        Errors("name: other\nbase: bse.yaml\n")
            .Should()
            .Equal(
                $"other.yaml:2:7: base: there is no such file (looked for {Path.Combine(folder.Path, "bse.yaml")}) "
                    + $"(did you mean 'base.yaml'?)"
            );

    [Fact]
    public void A_circle_of_two_is_told()
    {
        folder.Write("a.yaml", "name: a\nbase: other.yaml\n");
        Errors("name: other\nbase: a.yaml\n")
            .Should()
            .Equal("a.yaml:2:7: base: the specs build on each other in a circle: other.yaml <- a.yaml <- other.yaml");
    }

    [Theory]
    [MemberData(nameof(UnfitPaths.All), MemberType = typeof(UnfitPaths))]
    public void A_base_that_no_system_can_open_is_told(string path, string problem) =>
        Errors($"name: other\nbase: {path}\n")
            .Should()
            .ContainSingle()
            .Which.Should()
            .StartWith("other.yaml:2:7: base: ")
            .And.Contain(problem);

    [Theory]
    [InlineData(".")]
    [InlineData("inner.yaml")]
    [InlineData("inner.yaml/")]
    public void A_base_that_is_a_folder_is_told(string path)
    {
        folder.Folder("inner.yaml");
        Errors($"name: other\nbase: {path}\n")
            .Should()
            .Equal($"other.yaml:2:7: base: '{path}' is a folder (allowed: a spec beside this one)");
    }

    [Fact]
    public void A_chain_of_bases_without_end_is_told()
    {
        for (int i = 0; i < 100; i++)
        {
            folder.Write($"b{i}.yaml", $"name: b{i}\nbase: b{i + 1}.yaml\n");
        }

        Errors("name: other\nbase: b0.yaml\n")
            .Should()
            .ContainSingle()
            .Which.Should()
            .EndWith("base: more than 32 specs build on each other");
    }

    [Fact]
    public void A_base_whose_name_steers_a_terminal_is_told_on_one_line() =>
        Errors("name: other\nbase: \"\\e[2J\\n.yaml\"\n")
            .Should()
            .ContainSingle()
            .Which.Should()
            .NotContainAny("\n", "\u001b");

    private Experiment One(string text, params string[] overrides)
    {
        ReadResult result = Read(text, overrides);
        result.Errors.Should().BeEmpty();
        return result.Experiments.Should().ContainSingle().Subject;
    }

    private ReadResult Read(string text, params string[] overrides) =>
        ExperimentReader.Read(
            folder.Write("other.yaml", text),
            overrides,
            new Dictionary<string, string>(),
            PathRule.MayBeMissing
        );

    private string[] Errors(string text)
    {
        ReadResult result = Read(text);
        result.Experiments.Should().BeEmpty();
        string inside = folder.Path + Path.DirectorySeparatorChar;
        return
        [
            .. result.Errors.Select(e =>
                e.ToString()
                    .Replace(inside, "", StringComparison.Ordinal)
                    .Replace("looked for ", $"looked for {inside}", StringComparison.Ordinal)
            ),
        ];
    }
}
