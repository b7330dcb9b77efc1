using FluentAssertions;
using Xunit;

namespace Pipelines.Spec.Tests;

/// <summary>Which stage reads which.</summary>
public sealed class StageInputTests
{
    private const string TwoChains = """
          a: { stage: answer-questions }
          b: { stage: collect-mean-kv }
          m1: { stage: sample-masks }
          m2: { stage: sample-masks, ablate: 0.5 }
          f1: { stage: forward-passes, inputs: { masks: m1 } }
          f2: { stage: forward-passes, inputs: { masks: m2 } }

        """;

    private static string[] Inputs(string stages, string name) =>
        [
            .. Specs
                .One(Specs.WithStages(stages))
                .Stages.Single(s => s.Name == name)
                .Inputs.Select(i => $"{i.Key}={i.Value}"),
        ];

    private static string[] Errors(string stages) => Specs.Errors(Specs.WithStages(stages));

    [Fact]
    public void The_one_earlier_stage_of_the_kind_fills_a_role() =>
        Inputs("  a: { stage: answer-questions }\n  m: { stage: sample-masks }\n", "m").Should().Equal("samples=a");

    [Fact]
    public void A_named_input_settles_those_that_it_was_made_from() =>
        Inputs(TwoChains + "  r: { stage: regress, inputs: { forward: f2 } }\n", "r")
            .Should()
            .BeEquivalentTo("forward=f2", "masks=m2");

    [Fact]
    public void A_report_follows_the_validation_it_is_given() =>
        Inputs(
                TwoChains
                    + """
                      r1: { stage: regress, inputs: { forward: f1 } }
                      r2: { stage: regress, inputs: { forward: f2 } }
                      v1: { stage: validate, inputs: { attribution: r1 } }
                      v2: { stage: validate, inputs: { attribution: r2 } }
                      p: { stage: report, inputs: { validation: v1 } }
                    """,
                "p"
            )
            .Should()
            .BeEquivalentTo("samples=a", "baseline=b", "forward=f1", "attribution=r1", "validation=v1");

    [Fact]
    public void A_named_stage_may_stand_below() =>
        Inputs(
                "  a: { stage: answer-questions }\n  m: { stage: sample-masks, inputs: { samples: z } }\n  z: { "
                    + "stage: answer-questions, keep: 3 }\n",
                "m"
            )
            .Should()
            .Equal("samples=z");

    [Fact]
    public void An_optional_input_may_be_absent_or_left_empty()
    {
        const string chain = "  a: { stage: answer-questions }\n  b: { stage: collect-mean-kv }\n";
        Inputs(chain + "  p: { stage: report }\n", "p").Should().Equal("samples=a", "baseline=b");
        Inputs(chain + "  p: { stage: report, inputs: { baseline: none } }\n", "p").Should().Equal("samples=a");
    }

    [Fact]
    public void A_validation_without_head_attribution_needs_no_regression() =>
        Inputs(TwoChains + "  v: { stage: validate, rank_by: [causal], inputs: { forward: f1 } }\n", "v")
            .Should()
            .Equal("forward=f1");

    [Theory]
    [InlineData(
        "  m: { stage: sample-masks }",
        "spec.yaml:5:3: stages.m: sample-masks needs samples: put a stage of kind answer-questions before it, for "
            + "example 'samples: { stage: answer-questions }'"
    )]
    [InlineData(
        "  m: { stage: sample-masks }\n  a: { stage: answer-questions }",
        "spec.yaml:5:3: stages.m: samples is read from 'a', which stands below: move it above 'm', or write 'inputs: "
            + "{ samples: a }'"
    )]
    [InlineData(
        "  a: { stage: answer-questions }\n  p: { stage: report }\n  b: { stage: collect-mean-kv }",
        "spec.yaml:6:3: stages.p: baseline is read from 'b', which stands below: move it above 'p', or write "
            + "'inputs: { baseline: b }'; or 'inputs: { baseline: none }'"
    )]
    [InlineData(
        "  a: { stage: answer-questions }\n  c: { stage: answer-questions }\n  m: { stage: sample-masks }",
        "spec.yaml:7:3: stages.m: samples could be read from several stages: name one under 'inputs:', for example "
            + "'inputs: { samples: c }' (allowed: a, c)"
    )]
    [InlineData(
        TwoChains + "  r: { stage: regress }",
        "spec.yaml:11:3: stages.r: forward could be read from several stages: name one under 'inputs:', for example "
            + "'inputs: { forward: f2 }' (allowed: f1, f2)"
    )]
    [InlineData(
        TwoChains + "  r: { stage: regress, inputs: { forward: f2, masks: m1 } }",
        "spec.yaml:11:54: stages.r.inputs.masks: forward 'f2' was made from masks 'm2', not 'm1'"
    )]
    [InlineData(
        TwoChains + "  r: { stage: regress, inputs: { masks: m1, forward: f2 } }",
        "spec.yaml:11:54: stages.r.inputs.forward: 'f2' was made from masks 'm2', not 'm1'"
    )]
    [InlineData(
        TwoChains + "  r: { stage: regress, inputs: { forward: f3 } }",
        "spec.yaml:11:43: stages.r.inputs.forward: there is no stage 'f3' (allowed: f1, f2; did you mean f1?)"
    )]
    [InlineData(
        TwoChains + "  r: { stage: regress, inputs: { forward: m1 } }",
        "spec.yaml:11:43: stages.r.inputs.forward: the stage 'm1' is of kind sample-masks, not forward-passes "
            + "(allowed: f1, f2)"
    )]
    [InlineData(
        TwoChains + "  r: { stage: regress, inputs: { foward: f1 } }",
        "spec.yaml:11:34: stages.r.inputs: regress has no input 'foward' (allowed: masks, forward, gradients; did you "
            + "mean forward?)"
    )]
    [InlineData(
        TwoChains + "  r: { stage: regress, inputs: { forward: none } }",
        "spec.yaml:11:43: stages.r.inputs.forward: there is no stage 'none' (allowed: f1, f2)"
    )]
    [InlineData(
        TwoChains + "  r: { stage: regress, inputs: { forward: [f1] } }",
        "spec.yaml:11:43: stages.r.inputs.forward: a list is not the name of a stage"
    )]
    public void What_cannot_be_wired_is_told_once_with_the_remedy(string stages, string error) =>
        Errors(stages).First().Should().Be(error);

    [Fact]
    public void No_error_follows_from_a_stage_whose_kind_is_unknown() =>
        Errors(
                "  a: { stage: answer-question }\n  m: { stage: sample-masks }\n  b: { stage: sample-masks, inputs: "
                    + "{ samples: a } }\n"
            )
            .Should()
            .ContainSingle()
            .Which.Should()
            .StartWith("spec.yaml:5:15: stages.a.stage:");

    [Fact]
    public void A_thousand_stages_are_wired_in_time()
    {
        string stages =
            "  a: { stage: answer-questions }\n  m0: { stage: sample-masks }\n"
            + string.Concat(
                Enumerable.Range(1, 997).Select(i => $"  m{i}: {{ stage: sample-masks, inputs: {{ samples: a }} }}\n")
            );
        Specs.One(Specs.WithStages(stages)).Stages.Should().HaveCount(999);
        Errors(stages + "  x: { stage: report }\n  y: { stage: report }\n")
            .Should()
            .ContainSingle()
            .Which.Should()
            .Contain("more than 1000 stages");
    }
}
