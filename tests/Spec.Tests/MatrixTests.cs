using FluentAssertions;
using Pipelines.Spec.Reading;
using Xunit;

namespace Pipelines.Spec.Tests;

public sealed class MatrixTests
{
    private static string[] Names(string matrix, params string[] overrides)
    {
        ReadResult result = Specs.Read(Specs.Quickstart + $"matrix: {matrix}\n", overrides);
        result.Errors.Should().BeEmpty();
        return [.. result.Experiments.Select(e => e.Name)];
    }

    [Fact]
    public void A_matrix_is_the_cross_product_with_the_last_axis_running_fastest() =>
        Names("{ prompt: [default, p1], stages.masks.ablate: [0.5, 0.75] }")
            .Should()
            .Equal(
                "quickstart/prompt=default,ablate=0.5",
                "quickstart/prompt=default,ablate=0.75",
                "quickstart/prompt=p1,ablate=0.5",
                "quickstart/prompt=p1,ablate=0.75"
            );

    [Fact]
    public void A_member_has_the_values_of_its_axes()
    {
        ReadResult result = Specs.Read(
            Specs.Quickstart
                + "matrix: { stages.masks.count: [10, 20], data: [{ kind: folder, images: a }, { kind: folder, "
                + "images: b }] }\n"
        );
        result
            .Experiments.Select(e => (((SampleMasksSpec)e.Stages[2].Spec).Count, ((FolderData)e.Data).Images.Raw))
            .Should()
            .Equal(
                ((MaskCountSpec)10, "a"),
                ((MaskCountSpec)10, "b"),
                ((MaskCountSpec)20, "a"),
                ((MaskCountSpec)20, "b")
            );
    }

    [Fact]
    public void Axes_of_the_same_last_part_are_told_apart() =>
        Names("{ stages.baseline.images: [10], data.images: [a] }")
            .Should()
            .Equal("quickstart/baseline.images=10,data.images=a");

    [Fact]
    public void Names_hold_only_what_every_file_system_takes_and_are_unique_without_regard_to_case()
    {
        string[] names = Names(
            "{ prompt: [\"What's this, \\\"here\\\"?\", 'what s this here?', '???!', 'Où est-ce?'], model.path: "
                + "[models/llava-1.5-7b-hf, 'C:\\x\\InternVL2_5-1B\\'] }"
        );
        names
            .Should()
            .OnlyContain(n =>
                n.All(c => char.IsAsciiLetterOrDigit(c) || "/=,.-_~".Contains(c, StringComparison.Ordinal))
            );
        names.Should().OnlyHaveUniqueItems(n => n.ToUpperInvariant());
        names[0].Should().Be("quickstart/prompt=What-s-this-here,path=llava-1.5-7b-hf");
        names[3].Should().Be("quickstart/prompt=what-s-this-here~2,path=InternVL2_5-1B");
    }

    [Fact]
    public void Very_long_names_are_cut_and_stay_unique()
    {
        string values = string.Join(", ", Enumerable.Range(0, 3).Select(i => $"'{new string('w', 60)} {i}'"));
        string[] names = Names(
            $"{{ prompt: [{values}], data.images: [{new string('a', 60)}, b], data.annotations: "
                + $"[{new string('c', 60)}], stages.baseline.images: [1, 2], model.path: [{new string('d', 80)}] }}"
        );
        names.Should().HaveCount(12).And.OnlyHaveUniqueItems().And.OnlyContain(n => n.Length < 230);
    }

    [Fact]
    public void An_override_of_an_axis_replaces_it() =>
        Names("{ prompt: [default, p1], seed: [1, 2] }", "prompt=p3")
            .Should()
            .Equal("quickstart/seed=1", "quickstart/seed=2");

    [Fact]
    public void An_override_takes_the_matrix_away() =>
        Names("{ prompt: [default, p1] }", "matrix=null").Should().Equal("quickstart");

    [Theory]
    [InlineData(
        "p1",
        "spec.yaml:18:9: matrix: 'p1' stands where a mapping is wanted (allowed: field: [values], for example "
            + "'prompt: [default, p1]')"
    )]
    [InlineData(
        "{}",
        "spec.yaml:18:9: matrix: the matrix has no axis (allowed: field: [values], for example 'prompt: [default, p1]')"
    )]
    [InlineData(
        "{ prompt: p1 }",
        "spec.yaml:18:19: matrix.prompt: 'p1' is no axis (allowed: a list of 1 to 1000 values)"
    )]
    [InlineData(
        "{ prompt: [] }",
        "spec.yaml:18:19: matrix.prompt: this list is no axis (allowed: a list of 1 to 1000 values)"
    )]
    [InlineData("{ prompt: [p1, p1] }", "spec.yaml:18:24: matrix.prompt: 'p1' is in the list twice")]
    [InlineData(
        "{ prompt: [p1, p10] }",
        "spec.yaml:18:24: prompt: 'p10' is not a valid prompt (allowed: default, p1 to p9, or the question itself: "
            + "more than one word, no blank at its ends, no { or } but in {question}, because nothing else is "
            + "put in the place of what "
            + "braces name; did you mean p1?)"
    )]
    [InlineData(
        "{ promt: [p1, p2] }",
        "spec.yaml:18:11: unknown key 'promt' (allowed: name, seed, model, data, prompt, logit_mean, target, engine, "
            + "stages, "
            + "matrix, base, experiments; did you mean prompt?)"
    )]
    [InlineData(
        "{ stages.maks.count: [5] }",
        "spec.yaml:18:11: stages.maks.count: there is no stage 'maks' (allowed: answers, baseline, masks, forward, "
            + "attribution, validation, report; did you mean masks?)"
    )]
    [InlineData(
        "{ name: [a, b] }",
        "spec.yaml:18:11: matrix: 'name' cannot be an axis (allowed: a field of the experiment, for example prompt "
            + "or stages.masks.ablate)"
    )]
    [InlineData(
        "{ data: [{ kind: folder, images: i }], data.kind: [coco] }",
        "spec.yaml:18:48: matrix: the axis 'data.kind' lies inside the axis 'data'"
    )]
    public void A_wrong_matrix_is_one_error(string matrix, string error) =>
        Specs.Errors(Specs.Quickstart + $"matrix: {matrix}\n").Should().Equal(error);

    [Fact]
    public void A_matrix_has_at_most_a_thousand_members()
    {
        string axis = "[" + string.Join(", ", Enumerable.Range(1, 40)) + "]";
        Specs
            .Errors(Specs.Quickstart + $"matrix: {{ seed: {axis}, stages.baseline.images: {axis} }}\n")
            .Should()
            .Equal("spec.yaml:18:9: matrix: the matrix stands for more than 1000 experiments");
    }
}
