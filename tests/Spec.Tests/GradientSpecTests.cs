using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Spec.Writing;
using Xunit;

namespace Pipelines.Spec.Tests;

/// <summary>The stages and the trainer that are made of gradients.</summary>
public sealed class GradientSpecTests
{
    private const string Chain = """
          a: { stage: answer-questions }
          b: { stage: collect-mean-kv }
          m: { stage: sample-masks }
          f: { stage: forward-passes }
          g: { stage: gradient-passes, count: 30 }

        """;

    [Fact]
    public void Roles_fill_themselves()
    {
        Inputs("  r: { stage: regress, trainer: gradient }\n", "r")
            .Should()
            .BeEquivalentTo("masks=m", "forward=f", "gradients=g");
        Inputs("  r: { stage: regress }\n", "r").Should().BeEquivalentTo("masks=m", "forward=f", "gradients=g");
        Inputs("  r: { stage: regress, trainer: elastic-net }\n", "r").Should().BeEquivalentTo("masks=m", "forward=f");
        Inputs("  v: { stage: validate, rank_by: [gradient, causal] }\n", "v")
            .Should()
            .BeEquivalentTo("forward=f", "gradients=g");
        Inputs("  v: { stage: validate, rank_by: [causal] }\n", "v").Should().BeEquivalentTo("forward=f");
        Inputs("  c: { stage: gradient-cost }\n  n: { stage: non-additive }\n  p: { stage: report }\n", "p")
            .Should()
            .BeEquivalentTo("samples=a", "baseline=b", "forward=f", "gradient_cost=c", "non_additive=n");
    }

    [Theory]
    [InlineData("  r: { stage: regress, inputs: { gradients: none } }\n")]
    [InlineData("  more: { stage: gradient-passes }\n  r: { stage: regress }\n")]
    public void A_trainer_that_is_left_to_the_size_takes_gradients_only_where_there_is_one_choice(string stages) =>
        Inputs(stages, "r").Should().BeEquivalentTo("masks=m", "forward=f");

    [Fact]
    public void A_trainer_that_is_left_to_the_size_does_without_gradients_that_stand_below_it() =>
        Specs
            .One(
                Specs.WithStages(
                    Chain.Replace("  g:", "  r: { stage: regress, alpha: 0.01 }\n  g:", StringComparison.Ordinal)
                )
            )
            .Stages.Single(s => s.Name == "r")
            .Should()
            .Match<StageNode>(r =>
                !r.Inputs.ContainsKey("gradients")
                && r.Spec == new RegressSpec { Trainer = new AutoTrainerSpec { Alpha = 0.01 } }
            );

    [Fact]
    public void Gradients_without_their_stage_are_an_error_with_a_remedy() =>
        Specs
            .Errors(
                Specs.WithStages(
                    Chain.Replace("  g: { stage: gradient-passes, count: 30 }\n", "", StringComparison.Ordinal)
                        + "  r: { stage: regress, trainer: gradient }\n"
                )
            )
            .Should()
            .ContainSingle()
            .Which.Should()
            .Contain("gradients")
            .And.Contain("stage: gradient-passes");

    [Fact]
    public void A_residual_is_none_elastic_net_or_auto()
    {
        Experiment read = Specs.One(
            Specs.WithStages(Chain + "  r: { stage: regress, trainer: gradient, residual: elastic-net, alpha: 0.01 }\n")
        );
        ((RegressSpec)read.Stages.Single(s => s.Name == "r").Spec)
            .Trainer.Should()
            .Be(new GradientSpec { Residual = GradientResidual.ElasticNet, Alpha = 0.01 });
        Specs
            .Errors(Specs.WithStages(Chain + "  r: { stage: regress, trainer: gradient, residual: always }\n"))
            .Should()
            .ContainSingle()
            .Which.Should()
            .Contain("none, elastic-net, auto");
    }

    [Fact]
    public void The_schema_knows_the_inputs_of_every_trainer_and_criterion()
    {
        string schema = SpecSchema.Json();
        schema.Should().Contain("\"gradients\"").And.Contain("gradient-passes").And.Contain("\"both-ends\"");
    }

    private static string[] Inputs(string stages, string name) =>
        [
            .. Specs
                .One(Specs.WithStages(Chain + stages))
                .Stages.Single(s => s.Name == name)
                .Inputs.Select(i => $"{i.Key}={i.Value}"),
        ];
}
