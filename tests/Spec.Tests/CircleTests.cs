using FluentAssertions;
using Pipelines.Spec.Reading;
using Xunit;

namespace Pipelines.Spec.Tests;

/// <summary>
/// The kinds of today cannot read each other in a circle; the rule holds for kinds to come, and is tried here on kinds
/// made for it.
/// </summary>
public sealed class CircleTests
{
    private sealed record LoopSpec : StageSpec
    {
        public override IReadOnlyList<StageInput> Needs => [StageInput.Of<LoopSpec>("before", optional: true)];
    }

    [Fact]
    public void Stages_in_a_circle_are_told_by_name()
    {
        var errors = new ErrorList();
        var source = new SpecSource("spec.yaml", "");
        SourceMark At(int line) => new(source, line, 1);
        NamedStage Stage(string name, string before, int line) =>
            new(
                name,
                "stages." + name,
                At(line),
                new LoopSpec(),
                [(new YamlText(At(line), "before", false), new YamlText(At(line), before, false))]
            );

        new StageInputs(
            [Stage("a", "c", 1), Stage("b", "a", 2), Stage("c", "b", 3), Stage("d", "d", 4)],
            errors
        ).Resolve();

        errors
            .Sorted()
            .Select(e => e.ToString())
            .Should()
            .Equal(
                "spec.yaml:2:1: stages.b.inputs.before: the stages read each other in a circle: a <- c <- b <- a",
                "spec.yaml:4:1: stages.d.inputs.before: the stages read each other in a circle: d <- d"
            );
    }
}
