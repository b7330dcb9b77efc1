using FluentAssertions;
using Pipelines.Spec.Reading;
using Xunit;

namespace Pipelines.Spec.Tests;

/// <summary>Specs that list other specs.</summary>
public sealed class CollectionTests : IDisposable
{
    private static readonly Dictionary<string, string> Variables = new() { ["PART"] = "two" };

    private readonly TemporaryFolder folder = new();

    public CollectionTests()
    {
        folder.Write(
            "one.yaml",
            Specs
                .WithStages("  a: { stage: answer-questions }")
                .Replace("name: n", "name: one", StringComparison.Ordinal)
        );
        folder.Write(
            "sub/two.yaml",
            Specs
                .WithStages("  a: { stage: answer-questions }")
                .Replace("name: n", "name: two", StringComparison.Ordinal) + "matrix: { prompt: [default, p1] }\n"
        );
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_experiments_of_all_files_are_read_in_the_order_of_the_list_each_relative_to_its_own_file()
    {
        ReadResult result = Read("name: all\nexperiments: [\"sub/${PART}.yaml\", one.yaml]\n");
        result.Errors.Should().BeEmpty();
        result.Experiments.Select(e => e.Name).Should().Equal("two/prompt=default", "two/prompt=p1", "one");
        result.Name.Should().Be("all");
        result
            .Files.Should()
            .Equal(
                Path.Combine(folder.Path, "sub/two.yaml"),
                Path.Combine(folder.Path, "sub/two.yaml"),
                Path.Combine(folder.Path, "one.yaml")
            );
        result
            .Experiments.Select(e => e.Model.Path.Full)
            .Should()
            .Equal(
                Path.Combine(folder.Path, "sub", "m"),
                Path.Combine(folder.Path, "sub", "m"),
                Path.Combine(folder.Path, "m")
            );
    }

    [Theory]
    [MemberData(nameof(UnfitPaths.All), MemberType = typeof(UnfitPaths))]
    public void A_listed_spec_that_no_system_can_open_is_told(string path, string problem) =>
        Errors($"name: all\nexperiments: [one.yaml, {path}]\n")
            .Should()
            .ContainSingle()
            .Which.Should()
            .StartWith("all.yaml:2:25: experiments: ")
            .And.Contain(problem);

    [Fact]
    public void A_listed_spec_that_is_a_folder_is_told() =>
        Errors("name: all\nexperiments: [one.yaml, sub]\n")
            .Should()
            .Equal("all.yaml:2:25: experiments: 'sub' is a folder (allowed: spec files)");

    [Fact]
    public void An_experiment_alone_has_its_own_file()
    {
        ReadResult result = ExperimentReader.Read(Path.Combine(folder.Path, "one.yaml"), paths: PathRule.MayBeMissing);
        result.Files.Should().Equal(Path.Combine(folder.Path, "one.yaml"));
        result.Name.Should().Be("one");
        ExperimentReader
            .Read(Path.Combine(folder.Path, "sub", "two.yaml"), paths: PathRule.MayBeMissing)
            .Name.Should()
            .Be("two", "the axes of a matrix are left out");
    }

    [Fact]
    public void An_override_holds_for_all_of_them()
    {
        ReadResult result = Read("name: all\nexperiments: [one.yaml, sub/two.yaml]\n", "stages.a.keep=3", "prompt=p4");
        result
            .Experiments.Select(e => (e.Name, e.Prompt, ((AnswerQuestionsSpec)e.Stages[0].Spec).Keep))
            .Should()
            .Equal(("one", "p4", 3), ("two", "p4", 3));
    }

    [Fact]
    public void A_field_of_a_stage_is_set_where_the_stage_is_and_refused_where_no_spec_has_it()
    {
        folder.Write(
            "three.yaml",
            Specs
                .WithStages("  b: { stage: answer-questions }")
                .Replace("name: n", "name: three", StringComparison.Ordinal)
        );
        ReadResult result = Read("name: all\nexperiments: [one.yaml, three.yaml]\n", "stages.b.keep=3");
        result.Experiments.Select(e => ((AnswerQuestionsSpec)e.Stages[0].Spec).Keep).Should().Equal(200, 3);
        Errors("name: all\nexperiments: [one.yaml, three.yaml]\n", "stages.c.keep=3")
            .Should()
            .Equal("--set stages.c.keep: none of the listed specs has a stage 'c'");
    }

    [Theory]
    [InlineData(
        "experiments: [one.yaml]",
        "all.yaml:1:1: name: the name is missing (allowed: letters, digits, '-', '_' and '.', at most 100, for "
            + "example 'name: paper')"
    )]
    [InlineData(
        "name: ../up\nexperiments: [one.yaml]",
        "all.yaml:1:7: name: '../up' is no name (allowed: letters, digits, '-', '_' and '.', at most 100, for "
            + "example 'name: paper')"
    )]
    [InlineData(
        "name: all\nseed: 3\nexperiments: [one.yaml]",
        "all.yaml:2:1: 'seed' has no place in a spec that lists specs (allowed: name, experiments; a field of all of "
            + "them is set by --set)"
    )]
    [InlineData(
        "name: all\nexperiments: one.yaml",
        "all.yaml:2:14: experiments: 'one.yaml' names no specs (allowed: a list of 1 to 1000 spec files, for example "
            + "[quickstart.yaml])"
    )]
    [InlineData(
        "name: all\nexperiments: []",
        "all.yaml:2:14: experiments: this list names no specs (allowed: a list of 1 to 1000 spec files, for example "
            + "[quickstart.yaml])"
    )]
    [InlineData(
        "name: all\nexperiments: [one.yaml, one.yaml]",
        "all.yaml:2:25: experiments: 'one.yaml' is in the list twice"
    )]
    [InlineData(
        "name: all\nexperiments: [one.yaml, ./one.yaml]",
        "all.yaml:2:25: experiments: './one.yaml' has an experiment named 'one', as an earlier one has: both would "
            + "write to runs/one"
    )]
    [InlineData("name: all\nexperiments: [{ a: b }]", "all.yaml:2:15: experiments: a mapping is no spec file")]
    [InlineData(
        "name: all\nexperiments: ['${NOWHERE}.yaml']",
        "all.yaml:2:15: experiments: the environment variable NOWHERE is not set: set it, or give a default: "
            + "${NOWHERE:-path}"
    )]
    [InlineData(
        "name: all\nexperiments: [all.yaml]",
        "all.yaml:2:15: experiments: 'all.yaml' lists specs itself (allowed: specs with a model, data and stages)"
    )]
    public void What_is_wrong_with_the_list_is_said(string text, string error) =>
        Errors(text + "\n").Should().Equal(error);

    [Fact]
    public void A_missing_file_is_told_with_its_nearest_neighbour() =>
        Errors("name: all\nexperiments: [one.yaml, onne.yaml]\n")
            .Should()
            .Equal(
                $"all.yaml:2:25: experiments: there is no such file (looked for "
                    + $"{Path.Combine(folder.Path, "onne.yaml")}) (did you mean 'one.yaml'?)"
            );

    [Fact]
    public void Errors_of_all_files_are_told_at_once_each_at_its_own_place()
    {
        folder.Write(
            "bad.yaml",
            "name: bad\nmodel: { path: m }\ndata: { kind: folder, images: i }\nstages: { a: { stage: "
                + "answer-question } }\n"
        );
        folder.Write("worse.yaml", "name: worse\nmodle: { path: m }\n");
        string[] errors = Errors("name: all\nexperiments: [bad.yaml, worse.yaml, gone.yaml]\n");
        errors.Should().HaveCountGreaterThan(3);
        errors
            .Should()
            .Contain(e => e.StartsWith("bad.yaml:4:23:", StringComparison.Ordinal))
            .And.Contain(e => e.StartsWith("worse.yaml:2:1:", StringComparison.Ordinal))
            .And.Contain(e => e.StartsWith("all.yaml:2:37:", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("bad.yaml", "stages: { a: { stage: answer-question } }")]
    [InlineData("bad.yaml", "stages: [")]
    [InlineData("gone.yaml", "")]
    public void What_is_left_without_the_specs_that_have_errors_is_told(string listed, string stages)
    {
        folder.Write("bad.yaml", $"name: bad\nmodel: {{ path: m }}\ndata: {{ kind: folder, images: i }}\n{stages}\n");
        ReadResult result = Read($"name: all\nexperiments: [{listed}, one.yaml, sub/two.yaml]\n");

        result.Experiments.Should().BeEmpty();
        result.Rest!.Errors.Should().BeEmpty();
        result.Rest.Experiments.Select(e => e.Name).Should().Equal("one", "two/prompt=default", "two/prompt=p1");
        result.Rest.Files.Should().HaveCount(3).And.OnlyContain(f => !f.EndsWith(listed, StringComparison.Ordinal));
        result.Rest.Name.Should().Be("all");
    }

    [Theory]
    [InlineData("seed: 3\nexperiments: [one.yaml, sub/two.yaml]")]
    [InlineData("experiments: [one.yaml, one.yaml]")]
    [InlineData("experiments: [one.yaml, sub/two.yaml]", "stages.nowhere.keep=3")]
    [InlineData("experiments: [one.yaml, sub/two.yaml]", "prompt")]
    [InlineData("experiments: [one.yaml, sub/two.yaml]", "seed=many")]
    public void Nothing_is_left_where_an_error_is_in_the_list_or_in_an_override(string list, params string[] overrides)
    {
        ReadResult result = Read($"name: all\n{list}\n", overrides);

        result.Errors.Should().NotBeEmpty();
        result.Rest.Should().BeNull();
    }

    [Fact]
    public void Of_a_matrix_the_members_without_errors_are_left()
    {
        folder.Folder("m");
        folder.Write("m/config.json", "{}");
        folder.Folder("i");
        string spec = folder.Write(
            "matrix.yaml",
            Specs.WithStages("  a: { stage: answer-questions }") + "matrix: { model.path: [m, gone] }\n"
        );

        ReadResult result = ExperimentReader.Read(spec);

        result.Errors.Should().ContainSingle().Which.Message.Should().Contain("gone");
        result.Rest!.Experiments.Should().ContainSingle().Which.Name.Should().Be("n/path=m");
    }

    [Fact]
    public void An_experiment_alone_leaves_nothing() =>
        Specs.Read(Specs.Quickstart, "seed=many").Rest.Should().BeNull();

    private ReadResult Read(string text, params string[] overrides) =>
        ExperimentReader.Read(folder.Write("all.yaml", text), overrides, Variables, PathRule.MayBeMissing);

    private string[] Errors(string text, params string[] overrides)
    {
        ReadResult result = Read(text, overrides);
        result.Experiments.Should().BeEmpty();
        return
        [
            .. result.Errors.Select(e =>
                e.ToString()
                    .Replace(folder.Path + Path.DirectorySeparatorChar, "", StringComparison.Ordinal)
                    .Replace(
                        "looked for ",
                        $"looked for {folder.Path}{Path.DirectorySeparatorChar}",
                        StringComparison.Ordinal
                    )
            ),
        ];
    }
}
