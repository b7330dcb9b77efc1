using FluentAssertions;
using Pipelines.Host.Commands;
using Pipelines.Stages;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>What the model computes of a picture is computed once for all stages, and no picture in vain.</summary>
public sealed class SampleBySampleTests
{
    private const string Zero = "stages.baseline.kind=zero";

    [Fact]
    public void A_picture_goes_through_tower_and_prefix_once_from_its_answer_to_its_tokens()
    {
        using var experiment = new SmallExperiment(samples: 3);
        experiment.Add(
            "  gradients: { stage: gradient-passes, count: 4 }\n"
                + "  tokens: { stage: token-trace, count: 30, shard: 10 }\n"
                + "  lens: { stage: logit-lens }\n"
        );
        PicturesAtWork pictures = Run(experiment, jobs: 1, Zero);
        pictures.Computed.Should().Be(Asked(experiment)).And.BeGreaterThanOrEqualTo(3);
        pictures.Most.Should().Be(1, "one worker keeps one picture");
    }

    [Fact]
    public void Pictures_of_the_baseline_come_first_and_once_more_than_those_of_samples()
    {
        using var experiment = new SmallExperiment(samples: 3);
        PicturesAtWork pictures = Run(experiment, jobs: 1);
        // A baseline picture that is the first to be asked about is still there
        pictures.Computed.Should().BeInRange(6 + Asked(experiment) - 1, 6 + Asked(experiment));
    }

    [Fact]
    public void Two_workers_keep_two_pictures_and_give_the_same_tables()
    {
        using SmallExperiment alone = new(samples: 4),
            together = new(samples: 4);
        Run(alone, jobs: 1);
        PicturesAtWork pictures = Run(together, jobs: 2);
        pictures.Most.Should().BeInRange(1, 2);
        together.TableBytes().Should().Equal(alone.TableBytes());
    }

    [Fact]
    public void One_sample_asks_about_one_picture_where_the_first_answer_is_right()
    {
        using var experiment = new SmallExperiment(samples: 1);
        Run(experiment, jobs: 1, Zero).Computed.Should().Be(1);
        experiment.StoredKeys()["answer-questions"].Should().ContainSingle();
        Asked(experiment).Should().Be(1);
    }

    [Fact]
    public void Answers_that_are_stored_in_blocks_are_read()
    {
        using var experiment = new SmallExperiment(samples: 2);
        string[] onlyAnswers =
        [
            .. ((string[])["baseline", "masks", "forward", "attribution", "validation", "report"]).SelectMany(stage =>
                (string[])["--set", $"stages.{stage}=null"]
            ),
        ];
        experiment.Run(["--set", "stages.answers.keep=8", .. onlyAnswers]);
        string block = experiment.StoredKeys()["answer-questions"].First();
        int stored = experiment.StoredKeys()["answer-questions"].Count;
        experiment.Run();
        experiment.StoredKeys()["answer-questions"].Should().Contain(block).And.HaveCount(stored);
        experiment.Run("--set", "stages.answers.limit=5");
        experiment.StoredKeys()["answer-questions"].Should().HaveCount(stored, "a limit changes no answer");
    }

    /// <summary>Runs an experiment here, and looks at what the process kept.</summary>
    private static PicturesAtWork Run(SmallExperiment experiment, int jobs, params string[] set)
    {
        using Session session = Session.Open(
            new RunOptions(experiment.Spec, set, experiment.Artifacts, jobs, Threads: jobs, KeepGoing: false)
        );
        RunCommand.Execute(session).Should().Be(0);
        return session.Pipelines[0].Context.Engine.Pictures;
    }

    private static int Asked(SmallExperiment experiment) =>
        File.ReadLines(Path.Combine(experiment.RunFolder, "tables", "samples.csv")).Count() - 1;
}
